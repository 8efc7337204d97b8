"""The schema of cloud-init's configuration, where no image is at hand: that of this host's distribution.

It is fetched into the cache on request and never installed: the package is downloaded with package lists of its own,
signed by the distribution's archive, and one file is taken out of it.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldsmith.base.bootstrap.archive import find_suites, host_files, mirror_lines
from goldsmith.base.bootstrap.tree import build_proxies, find_keyring
from goldsmith.base.distro import Distro, known
from goldsmith.disk.lease import lease
from goldsmith.errors import HostError, ProcessError
from goldsmith.events import Emit, Note
from goldsmith.run import run
from goldsmith.settings import cache_dir, scratch_dir

SCHEMA = "usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json"
NAME = re.compile(r"cloud-init-([0-9][0-9A-Za-z.+~]*)\.json")
OS_RELEASE = Path("/etc/os-release")
# In seconds: the lists of a release are 9 MB, the package is half a megabyte.
DOWNLOAD = 300.0
LIMIT = 8 << 20


@dataclass(frozen=True, slots=True)
class FetchedSchema:
    """`version` is that of the cloud-init it was taken from."""

    version: str
    schema: dict[str, Any]


def cached_schema() -> FetchedSchema | None:
    """The schema that was fetched last, None where none was or the cache was cleared."""
    folder = cache_dir() / "schemas"
    found = sorted(folder.glob("cloud-init-*.json"), key=lambda path: path.stat().st_mtime) if folder.is_dir() else []
    for path in reversed(found):
        name = NAME.fullmatch(path.name)
        content = path.read_bytes()[: LIMIT + 1]
        if name is not None and len(content) <= LIMIT:
            return FetchedSchema(name[1], json.loads(content))
    return None


def fetch_schema(emit: Emit) -> FetchedSchema:
    """Fetch the schema of the host distribution's cloud-init into the cache.

    Raises HostError where this host is of no distribution that is known here or its archive cannot be reached.
    """
    distro = _host_distro()
    with lease(scratch_dir()) as scratch:
        package = _download(distro, scratch)
        version = package.name.split("_")[1].partition("-")[0].rpartition("%3a")[2]
        emit(Note(f"fetched cloud-init {version} of {distro.name} for its schema"))
        run(["dpkg-deb", "-x", str(package), str(scratch / "unpacked")], timeout=60)
        content = (scratch / "unpacked" / SCHEMA).read_bytes()
        fetched = FetchedSchema(version, json.loads(content))
        folder = cache_dir() / "schemas"
        folder.mkdir(parents=True, exist_ok=True)
        (scratch / "schema").write_bytes(content)
        (scratch / "schema").replace(folder / f"cloud-init-{version}.json")
    return fetched


def _download(distro: Distro, scratch: Path) -> Path:
    keyring = find_keyring(distro)
    sources = scratch / "sources.list"
    sources.write_text("".join(f"{line}\n" for line in mirror_lines(find_suites(distro, host_files()), keyring)))
    (scratch / "state" / "lists" / "partial").mkdir(parents=True)
    (scratch / "cache" / "archives" / "partial").mkdir(parents=True)
    words = {
        "Dir::State": scratch / "state",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Debug::NoLocking": "1",
        "Acquire::Languages": "none",
        # The sandbox user of apt could not write below a folder of this user's own.
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
    }
    options = [word for name, value in words.items() if value for word in ("-o", f"{name}={value}")]
    try:
        run(["apt-get", *options, "update"], timeout=DOWNLOAD, env=build_proxies())
        run(["apt-get", *options, "download", "cloud-init"], timeout=DOWNLOAD, env=build_proxies(), cwd=scratch)
    except ProcessError as error:
        raise HostError(
            f"cloud-init of {distro.name} could not be fetched for its schema: {error.message}",
            hint="lint without it: goldsmith's own table of keys and modules is used",
        ) from error
    return next(scratch.glob("cloud-init_*.deb"))


def _host_distro() -> Distro:
    text = OS_RELEASE.read_text(encoding="utf-8", errors="replace") if OS_RELEASE.is_file() else ""
    fields = dict(re.findall(r"""^(ID|VERSION_ID)=["']?([^"'\n]*)""", text, re.MULTILINE))
    name = f"{fields.get('ID', '')}/{fields.get('VERSION_ID', '')}"
    distro = known().get(name)
    if distro is None:
        raise HostError(
            f"no schema can be fetched on this host ({name}): its packages are not known here",
            hint=f"known: {', '.join(known())}; or lint a disk or a tree, which brings its own schema",
        )
    return distro
