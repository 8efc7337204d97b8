"""Read a guest's cloud configuration, and what of the image around it decides what it comes to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goldsmith.cloudinit.document import Effect, Problem
from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.files import gather
from goldsmith.cloudinit.first_boot_files import ROOTS, surrounding_files
from goldsmith.cloudinit.version import parse_version
from goldsmith.errors import BuildError, InputError
from goldsmith.findings import GuestPlace, HostPlace
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Entry, Index
from goldsmith.guest.info import INFO_ROOTS, GuestInfo, read_info
from goldsmith.guest.packages import DPKG_STATUS
from goldsmith.guest.rpm_database import RPM_DATABASES, read_rpm_configuration
from goldsmith.rules.cloudconfig.configfile import At, ConfigFile
from goldsmith.rules.cloudconfig.subject import CloudConfig, Surroundings, Unread
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
SMALL_OF_ALL = 8 << 20
STATUS_LIMIT = 256 << 20
SHA256_LENGTH = 64


def cloud_config_of(guest: Guest, root: Path | None = None, *, cmdline: str | None = None) -> CloudConfig:
    """The whole configuration of a guest; `root` is its directory where it is one, and places are then on the host.
    `cmdline` takes the place of the kernel's command line in the boot loader's configuration.

    What cannot be read is told in the result, and the rest is judged.
    """
    found = gather(guest)
    index = guest.index((*INFO_ROOTS, *SCHEMA_FOLDERS, *((found.folder,) if found.folder else ())))
    info = _info(guest, index)
    closed: list[Problem] = []
    around = {**_first_boot(guest, closed), **_around(guest, closed)}
    words = _cmdline(guest, closed) if cmdline is None else cmdline
    shipped = _conffiles(guest)
    changed = frozenset(
        path for path, digest in shipped.items() if path in found.files and _digest(found.files[path], digest) != digest
    )
    # One that was edited stays the vendor's: what is said of it is that it should not be edited.
    vendor = VENDOR | shipped.keys()
    names = _names(index, found.folder)
    judged = [path for path in (CLOUD_CFG, *(f"{found.folder}/{name}" for name in names)) if path in found.files]
    return CloudConfig(
        tuple(ConfigFile(path, found.files[path], places_in(path, root), path in vendor) for path in judged),
        whole=True,
        version=parse_version(info.cloud_init_version) if info is not None else None,
        family=info.family if info is not None else None,
        arch=(info.arch if info is not None else "") or "x86_64",
        cmdline=words,
        image=Surroundings(around, changed),
        seeds={path: content for path, content in found.files.items() if path not in judged},
        other=tuple(
            ConfigFile(f"{found.folder}/{name}", b"", places_in(f"{found.folder}/{name}", root))
            for name in names
            if not name.endswith(".cfg")
        ),
        unread=(
            *(_unread(each, root, "put a readable, short file in its place") for each in found.problems),
            *(_unread(each, root, "look at it as a user who may read it") for each in closed),
        ),
        schema=_schema(guest, index),
    )


def _names(index: Index, folder: str | None) -> list[str]:
    canonical = index.resolve(folder) if folder is not None else None
    return sorted(entry.name for entry in index.children(canonical)) if canonical is not None else []


def _cmdline(guest: Guest, closed: list[Problem]) -> str:
    try:
        return kernel_cmdline(guest)
    except BuildError as error:
        closed.append(Problem("/boot", Effect.SUSPECT, f"the kernel's command line is not known: {error.message}"))
        return ""


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


def _unread(problem: Problem, root: Path | None, hint: str) -> Unread:
    place = GuestPlace(problem.path) if root is None else places_in(problem.path, root)(1, 1)
    return Unread(problem.path, place, problem.effect, problem.message, hint)


def _around(guest: Guest, closed: list[Problem]) -> dict[str, bytes]:
    """The small files around the configuration, 8 MiB in all; of homes only authorized keys."""
    found: dict[str, bytes] = {}
    size = 0
    for entry in _indexed(guest, AROUND, closed):
        if not entry.is_regular or entry.size > SMALL:
            continue
        if "/.ssh/" in entry.path and entry.name != "authorized_keys":
            continue
        if entry.path.startswith("/home/") and entry.name != "authorized_keys":
            continue
        if size + entry.size > SMALL_OF_ALL:
            what = f"this and others are not looked at: with them, {SMALL_OF_ALL >> 20} MiB would be read"
            closed.append(Problem(entry.path, Effect.SUSPECT, what))
            break
        try:
            found[entry.path] = guest.read(entry.path, SMALL)
        except BuildError as error:
            closed.append(Problem(entry.path, Effect.SUSPECT, f"not looked at: {error.message}"))
            continue
        size += len(found[entry.path])
    return found


def _first_boot(guest: Guest, closed: list[Problem]) -> dict[str, bytes]:
    """The files that a prediction of a first boot looks at, so that it says the same here as where it is asked for."""
    try:
        return surrounding_files(guest, guest.index(ROOTS))
    except BuildError as error:
        closed.append(Problem("/", Effect.SUSPECT, f"who can log in is not known: {error.message}"))
        return {}


def _indexed(guest: Guest, roots: Sequence[str], closed: list[Problem]) -> list[Entry]:
    """What is below all roots; where one cannot be listed, below the others."""
    try:
        return list(guest.index(roots).values())
    except BuildError:
        pass
    found: dict[str, Entry] = {}
    for root in roots:
        try:
            found |= guest.index((root,))
        except BuildError as error:
            closed.append(Problem(root, Effect.SUSPECT, f"not looked at: {error.message}"))
    return list(found.values())


def _conffiles(guest: Guest) -> dict[str, str]:
    """Path → digest (MD5 of dpkg, SHA-256 of rpm) of cloud-init's configuration files as they were installed; {} where
    no package manager says so.
    """
    try:
        status = guest.read(DPKG_STATUS, STATUS_LIMIT).decode("utf-8", "replace")
    except FileNotFoundError:
        return _of_rpm(guest)
    stanza = re.search(r"^Package: cloud-init\n(?:.+\n)*?Conffiles:\n((?: .+\n)+)", status, re.MULTILINE)
    pairs = (line.split() for line in stanza[1].splitlines()) if stanza else ()
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _of_rpm(guest: Guest) -> dict[str, str]:
    for path in RPM_DATABASES:
        try:
            return read_rpm_configuration(guest.read(path, STATUS_LIMIT), "cloud-init")
        except (FileNotFoundError, BuildError):
            continue
    return {}


def _digest(content: bytes, like: str) -> str:
    """In the kind of another digest."""
    if len(like) == SHA256_LENGTH:
        return hashlib.sha256(content).hexdigest()
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
