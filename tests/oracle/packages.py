"""Debian's packages of cloud-init in throw-away roots: unpacked, never installed, never on the host.

They come through the same verified archive as a bootstrapped base, once, into `goldsmith-tests` in the user's cache.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import rmtree

from filelock import FileLock

from goldsmith.base.bootstrap.archive import find_suites, host_files, mirror_lines
from goldsmith.base.bootstrap.tree import build_proxies, find_keyring
from goldsmith.base.distro import known
from goldsmith.run import Completed, run
from goldsmith.settings import cache_dir

RELEASES = {"22.4": "debian/12", "25.1": "debian/13"}
LEFT_OUT = (
    "./dev/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
    "./usr/lib/locale/*",
    "./var/lib/apt/*",
    "./var/cache/*",
)


@dataclass(frozen=True)
class CloudInitRoot:
    """A folder that holds cloud-init with its own Python and all of its dependencies; read-only for tests."""

    release: str
    path: Path

    @cached_property
    def version(self) -> str:
        """The package's, such as 22.4.2-1+deb12u4, from its changelog: nothing is installed that could say it."""
        changelog = gzip.decompress((self.path / "usr/share/doc/cloud-init/changelog.Debian.gz").read_bytes())
        return changelog.decode().partition("(")[2].partition(")")[0]

    @property
    def ds_identify(self) -> Path:
        """The shell script, for the host's own sh; PATH_ROOT and its kin say where it looks."""
        return self.path / "usr/lib/cloud-init/ds-identify"

    @property
    def examples(self) -> Path:
        """The folder of the examples that the package ships; some are packed as .gz."""
        return self.path / "usr/share/doc/cloud-init/examples"

    @property
    def package(self) -> Path:
        """Cloud-init's Python package."""
        return self.path / "usr/lib/python3/dist-packages/cloudinit"

    @cached_property
    def python(self) -> tuple[str, ...]:
        """How the root's own Python is started on this host, without a chroot: through the root's own loader."""
        loader = next(self.path.glob("usr/lib*/ld-linux*.so.2"), None) or next(
            self.path.glob("lib/*-linux-gnu/ld-linux*.so.2")
        )
        libraries = ":".join(str(self.path / folder / "x86_64-linux-gnu") for folder in ("usr/lib", "lib"))
        interpreter = min(self.path.glob("usr/bin/python3.[0-9]*"), key=lambda path: len(path.name))
        return (str(loader), "--library-path", libraries, str(interpreter))

    @property
    def environment(self) -> Mapping[str, str]:
        return {"PYTHONHOME": str(self.path / "usr"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}

    def cloud_init(self, *arguments: str, check: bool = False) -> Completed:
        """The command cloud-init with these arguments, such as `schema --config-file F`; 0.5 s each."""
        argv = (*self.python, "-W", "ignore", "-m", "cloudinit.cmd.main", *arguments)
        return run(argv, timeout=60, check=check, env=self.environment)


def cloud_init_root(release: str) -> CloudInitRoot:
    """The root of one of RELEASES, from the cache or fetched: 15 s and 35 MB from the mirror, 180 MB on disk."""
    cache = cache_dir().with_name("goldsmith-tests")
    folder = cache / f"cloud-init-{release}"
    if not (folder / "usr").is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"cloud-init-{release}.lock"):
            if not (folder / "usr").is_dir():
                _fetch(release, folder)
    return CloudInitRoot(release, folder)


def _fetch(release: str, folder: Path) -> None:
    distro = known()[RELEASES[release]]
    keyring = find_keyring(distro)
    suites = find_suites(distro, host_files())
    part, archive = folder.with_name(f"{folder.name}.part"), folder.with_name(f"{folder.name}.tar")
    if part.exists():
        rmtree(part)
    part.mkdir()
    argv = [
        "mmdebstrap",
        "--quiet",
        f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
        "--variant=extract",
        "--include=cloud-init",
        "--format=tar",
        f"--keyring={keyring}",
        distro.suite,
        str(archive),
        *mirror_lines(suites, keyring),
    ]
    try:
        run(argv, timeout=600, env=build_proxies())
        excluded = [f"--exclude={pattern}" for pattern in LEFT_OUT]
        run(["tar", "-x", "--no-same-owner", *excluded, "-f", str(archive), "-C", str(part)], timeout=300)
    finally:
        archive.unlink(missing_ok=True)
    part.rename(folder)
