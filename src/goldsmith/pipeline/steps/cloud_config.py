"""Read a guest's cloud configuration, and what of the image around it decides what it comes to."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.files import read_configuration
from goldsmith.cloudinit.version import parse_version
from goldsmith.errors import BuildError, InputError
from goldsmith.findings import GuestPlace, HostPlace
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, GuestInfo, read_info
from goldsmith.guest.packages import DPKG_STATUS
from goldsmith.rules.cloudconfig.configfile import At, ConfigFile
from goldsmith.rules.cloudconfig.subject import CloudConfig, Surroundings
from goldsmith.verification.gather import kernel_cmdline

# Debian's place of cloud-init's package, and those of the distributions that name the folder after Python's version.
SCHEMA_FOLDERS = (
    "/usr/lib/python3/dist-packages/cloudinit/config/schemas",
    *(f"/usr/lib/python3.{minor}/site-packages/cloudinit/config/schemas" for minor in range(6, 20)),
)
SCHEMA = "schema-cloud-config-v1.json"
SCHEMA_LIMIT = 8 << 20
AROUND = (
    "/etc/NetworkManager/system-connections",
    "/etc/hostname",
    "/etc/netplan",
    "/etc/network/interfaces",
    "/etc/passwd",
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/sysconfig/network",
    "/etc/sysconfig/network-scripts",
    "/etc/systemd/network",
    "/home",
    "/root/.ssh",
)
# Written by cloud-init's packages; where no package manager says what is its own, these are.
VENDOR = frozenset({CLOUD_CFG, f"{CLOUD_CFG_D}/05_logging.cfg", f"{CLOUD_CFG_D}/90_dpkg.cfg"})
SMALL = 1 << 20
STATUS_LIMIT = 256 << 20


def cloud_config_of(guest: Guest, root: Path | None = None, *, cmdline: str | None = None) -> CloudConfig:
    """The whole configuration of a guest; `root` is its directory where it is one, and places are then on the host.
    `cmdline` takes the place of the kernel's command line in the boot loader's configuration.

    Raises BuildError where the guest has no /etc/cloud or a file of it is longer than any configuration.
    """
    folder = guest.index((CLOUD_CFG, CLOUD_CFG_D, *INFO_ROOTS, *SCHEMA_FOLDERS))
    files = read_configuration(guest)
    config = {path: content for path, content in files.items() if path.startswith("/etc/cloud/")}
    info = _info(guest, folder)
    shipped = _conffiles(guest)
    changed = frozenset(path for path, digest in shipped.items() if path in files and _md5(files[path]) != digest)
    # One that was edited stays the vendor's: what is said of it is that it should not be edited.
    vendor = VENDOR | shipped.keys()
    names = [entry.name for entry in folder.children(CLOUD_CFG_D)] if folder.resolve(CLOUD_CFG_D) else []
    judged = [path for path in (CLOUD_CFG, *sorted(f"{CLOUD_CFG_D}/{name}" for name in names)) if path in config]
    return CloudConfig(
        tuple(ConfigFile(path, config[path], places_in(path, root), path in vendor) for path in judged),
        whole=True,
        version=parse_version(info.cloud_init_version) if info is not None else None,
        family=info.family if info is not None else None,
        arch=(info.arch if info is not None else "") or "x86_64",
        cmdline=kernel_cmdline(guest) if cmdline is None else cmdline,
        image=Surroundings(_around(guest), changed),
        seeds={path: content for path, content in files.items() if path not in judged},
        other=tuple(
            ConfigFile(f"{CLOUD_CFG_D}/{name}", b"", places_in(f"{CLOUD_CFG_D}/{name}", root))
            for name in sorted(names)
            if not name.endswith(".cfg")
        ),
        schema=_schema(guest, folder),
    )


def _info(guest: Guest, index: Index) -> GuestInfo | None:
    """What the guest is; None for a directory that holds its configuration alone."""
    try:
        return read_info(index, guest.read)
    except InputError:
        return None


def places_in(path: str, root: Path | None) -> At:
    """Places of a guest's file: on the host where the guest is a directory, else in the guest."""
    if root is None:
        return lambda line, column: GuestPlace(path, line, column)
    name = str(root / path.lstrip("/"))
    return lambda line, column: HostPlace(name, line, column)


def _around(guest: Guest) -> dict[str, bytes]:
    """The small files around the configuration; of homes only authorized keys."""
    index = guest.index(AROUND)
    found: dict[str, bytes] = {}
    for entry in index.values():
        if not entry.is_regular or entry.size > SMALL:
            continue
        if "/.ssh/" in entry.path and entry.name != "authorized_keys":
            continue
        if entry.path.startswith("/home/") and entry.name != "authorized_keys":
            continue
        found[entry.path] = guest.read(entry.path, SMALL)
    return found


def _conffiles(guest: Guest) -> dict[str, str]:
    """Path → MD5 digest of the configuration files of cloud-init, as dpkg installed them; {} without dpkg."""
    try:
        status = guest.read(DPKG_STATUS, STATUS_LIMIT).decode("utf-8", "replace")
    except FileNotFoundError:
        return {}
    stanza = re.search(r"^Package: cloud-init\n(?:.+\n)*?Conffiles:\n((?: .+\n)+)", status, re.MULTILINE)
    pairs = (line.split() for line in stanza[1].splitlines()) if stanza else ()
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _schema(guest: Guest, index: Index) -> dict[str, Any] | None:
    """The schema of the image's own cloud-init, None where there is none that can be used."""
    found = next((f"{folder}/{SCHEMA}" for folder in SCHEMA_FOLDERS if index.resolve(f"{folder}/{SCHEMA}")), None)
    if found is None:
        return None
    try:
        schema = json.loads(guest.read(found, SCHEMA_LIMIT))
    except (ValueError, RecursionError, BuildError):
        return None
    return schema if isinstance(schema, dict) else None
