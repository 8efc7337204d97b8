"""What a prediction of a first boot looks at in an image, read through an open guest. No secret is read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.files import gather
from goldsmith.cloudinit.first_boot import FirstBoot, predict
from goldsmith.cloudinit.first_boot_accounts import GROUP, PASSWD, SHADOW, USERADD
from goldsmith.cloudinit.first_boot_applied import FIRST_BOOT_KEYGEN, MACHINE_ID, SSHD_KEYGEN
from goldsmith.cloudinit.first_boot_sshd import SSHD_CONFIG
from goldsmith.cloudinit.identify import ENABLED, MANUAL_CLEAN
from goldsmith.errors import BuildError
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, read_info
from goldsmith.guest.packages import installed

SEEDS = "/var/lib/cloud/seed"
SEMAPHORES = "/var/lib/cloud/instances/iid-datasource-none/sem"
ACCOUNT_FILES = (PASSWD, SHADOW, GROUP, USERADD, MACHINE_ID)
# Only that they are there is asked of these.
WITNESSES = (ENABLED, MANUAL_CLEAN, "/etc/vultr", *SSHD_KEYGEN, *FIRST_BOOT_KEYGEN)
ROOTS = (*INFO_ROOTS, *ACCOUNT_FILES, *WITNESSES, "/etc/ssh", SEEDS, SEMAPHORES, "/config-drive")
LIMIT = 1 << 20
MOST_HOMES = 64


@dataclass(frozen=True, slots=True)
class FirstBootImage:
    """What is known of an image: `files` by guest path, some of them without their content; cloud-init's version and
    the architecture; the names of the packages, None where the guest keeps no records that we read.
    """

    files: Mapping[str, bytes]
    version: str | None
    arch: str
    installed: frozenset[str] | None

    def predict(
        self,
        seed: Seed = Seed.NONE,
        *,
        cmdline: str = "",
        user_data: bytes = b"",
        keys: tuple[str, ...] = (),
        network: bool | None = None,
    ) -> FirstBoot:
        """The first boot of this image; see `first_boot.predict`."""
        return predict(
            self.files,
            seed,
            version=self.version,
            arch=self.arch,
            cmdline=cmdline,
            user_data=user_data,
            keys=keys,
            installed=self.installed,
            network=network,
        )


def read_image(guest: Guest) -> FirstBootImage:
    """Raises BuildError where the guest cannot be read. A single file that cannot is left out."""
    index = guest.index(ROOTS)
    info = read_info(index, guest.read)
    files = {**surrounding_files(guest, index), **gather(guest).files}
    names = frozenset(package.name for package in installed(guest))
    return FirstBootImage(files, info.cloud_init_version, info.arch, names or None)


def surrounding_files(guest: Guest, index: Index) -> dict[str, bytes]:
    """What decides beside cloud-init's configuration: accounts, sshd, keys, seeds; `index` is that of `ROOTS`.

    Raises BuildError where the homes cannot be listed. A single file that cannot be read is left out.
    """
    files: dict[str, bytes] = {}
    for path in (*ACCOUNT_FILES, *_sshd(index), *_below(index, SEEDS)):
        if (content := _content(guest, index, path)) is not None:
            files.setdefault(path, content)
    for path in (*_present(index), *_below(index, SEMAPHORES), *_below(index, "/config-drive")):
        files.setdefault(path, b"")
    homes = [posixpath.join(home, ".ssh/authorized_keys") for home in _homes(files.get(PASSWD, b""))]
    for path in homes:
        try:
            keys = guest.index((path,))
        except BuildError:
            # A home that is closed to whoever looks.
            continue
        if (content := _content(guest, keys, path)) is not None:
            files[path] = content
    return files


def _content(guest: Guest, index: Index, path: str) -> bytes | None:
    canonical = index.resolve(path)
    if canonical is None or not index[canonical].is_regular or index[canonical].size > LIMIT:
        return None
    try:
        return guest.read(canonical, limit=LIMIT)
    except (FileNotFoundError, BuildError):
        return None


def _sshd(index: Index) -> Iterator[str]:
    """Sshd's own configuration and what it may include; host keys are only seen, below."""
    yield SSHD_CONFIG
    folder = index.resolve(f"{SSHD_CONFIG}.d")
    for entry in index.children(folder) if folder is not None else ():
        yield f"{SSHD_CONFIG}.d/{entry.name}"


def _present(index: Index) -> Iterator[str]:
    yield from (path for path in WITNESSES if index.locate(path) is not None)
    folder = index.resolve("/etc/ssh")
    for entry in index.children(folder) if folder is not None else ():
        if entry.name.startswith("ssh_host_"):
            yield f"/etc/ssh/{entry.name}"


def _below(index: Index, top: str) -> Iterator[str]:
    folder = index.resolve(top)
    for entry in index.below(folder) if folder is not None else ():
        if entry.is_regular:
            yield top + entry.path.removeprefix(folder or "")


def _homes(passwd: bytes) -> list[str]:
    """The home folders of root and of people."""
    lines = (line.split(":") for line in passwd.decode("utf-8", "replace").splitlines())
    homes = [
        fields[5]
        for fields in lines
        if len(fields) >= 7 and fields[2].isdecimal() and (fields[2] == "0" or 4 <= len(fields[2]) <= 5)
    ]
    return [posixpath.normpath(home) for home in homes if home.startswith("/")][:MOST_HOMES]
