"""The facts of the running system, from an open guest."""

from __future__ import annotations

from goldsmith.cloudinit.first_boot_sshd import SSHD_CONFIG, SSHD_CONFIG_D, sshd_settings
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import read_info
from goldsmith.rules.facts import Account
from goldsmith.rules.system import System
from goldsmith.verification.gathering import journal, units
from goldsmith.verification.gathering.changes import changes
from goldsmith.verification.gathering.pinned import PLACES, pinned
from goldsmith.verification.gathering.sudo import FOLDER, sudo_file
from goldsmith.verification.gathering.tree import Tree

HOSTNAME = "/etc/hostname"
ROOTS = (HOSTNAME, SSHD_CONFIG, SSHD_CONFIG_D, "/usr/etc/ssh", FOLDER, *units.FOLDERS, *journal.ROOTS, *PLACES)
# openSUSE has its own beside /usr; a file in /etc replaces it whole.
VENDORS_SSHD = "/usr/etc/ssh/sshd_config"
SSHD_LIMIT = 1 << 20
MOST_SHELLS = 64


def system(
    tree: Tree, accounts: tuple[Account, ...], *, sealed: Index | None = None, declared: tuple[str, ...] = ()
) -> System:
    """`tree` has at least ROOTS and those of read_info. With `sealed`, the whole tree before the boot, what the boot
    changed is told too. Raises BuildError where the guest cannot be read.
    """
    return System(
        hostname=tree.word(HOSTNAME),
        distro=read_info(tree.index, tree.guest.read).distro,
        shells=_shells(tree.guest, accounts),
        sudo=sudo_file(tree),
        sshd=sshd_settings(_sshd_files(tree)),
        enabled=units.enabled(tree),
        keeps_journal=journal.keeps_journal(tree),
        journal=journal.read_journal(tree),
        pinned=pinned(tree),
        changes=None if sealed is None else changes(tree.guest, sealed, declared),
    )


def _shells(guest: Guest, accounts: tuple[Account, ...]) -> tuple[str, ...]:
    named = sorted({account.shell for account in accounts if account.shell.startswith("/")})[:MOST_SHELLS]
    index = guest.index(named)
    found = ((shell, index.resolve(shell)) for shell in named)
    return tuple(shell for shell, at in found if at is not None and index[at].is_regular and index[at].mode & 0o111)


def _sshd_files(tree: Tree) -> dict[str, bytes]:
    paths = (SSHD_CONFIG, *(f"{SSHD_CONFIG_D}/{entry.name}" for entry in tree.children(SSHD_CONFIG_D)))
    read = ((path, tree.read(path, SSHD_LIMIT)) for path in paths)
    files = {path: content for path, content in read if content is not None}
    if SSHD_CONFIG not in files and (vendors := tree.read(VENDORS_SSHD, SSHD_LIMIT)) is not None:
        files[SSHD_CONFIG] = vendors
    return files
