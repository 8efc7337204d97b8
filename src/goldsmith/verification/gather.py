"""Reads from an open guest what a proof needs: of the sealed image, and of each clone after its boot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

from goldsmith.cloudinit.analyze import spans
from goldsmith.cloudinit.effective import CLOUD_CFG_D
from goldsmith.cloudinit.result import RESULT_JSON, STATUS_JSON, Result, ResultError, Status, read_result, read_status
from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, read_info
from goldsmith.guest.packages import PACKAGE_ROOTS, installed
from goldsmith.rules.facts import Account, Facts, HostKey, Password
from goldsmith.verification.authorized import CLOUD_INIT_SUDOERS, authorized, fingerprint, sudo_rules
from goldsmith.verification.gathering.system import ROOTS as SYSTEM_ROOTS
from goldsmith.verification.gathering.system import system
from goldsmith.verification.gathering.tree import Tree
from goldsmith.verification.repeats import ONCE_MARKS, done_once_in_last_run, marks

CLOUD = "/var/lib/cloud"
CLOUD_LOG = "/var/log/cloud-init.log"
RANDOM_SEED = "/var/lib/systemd/random-seed"
BOOT_CONFIGS = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
FACT_ROOTS = (
    *INFO_ROOTS, *PACKAGE_ROOTS, "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/machine-id", "/etc/ssh",
    "/etc/sudoers.d", "/var/lib/dbus", RANDOM_SEED, f"{CLOUD}/data", f"{CLOUD}/instance", f"{CLOUD}/instances",
    ONCE_MARKS, CLOUD_LOG, CLOUD_CFG_D, *BOOT_CONFIGS, *SYSTEM_ROOTS,
)  # fmt: skip
LOG_LIMIT = 64 << 20
MAX_LINES, MAX_LINE = 100, 500
_WARNED = re.compile(r"([\w./-]{1,60}\[(?:WARNING|ERROR|CRITICAL)\]: .*)")
_HOST_KEY = re.compile(r"ssh_host_\w+_key(?:\.pub)?")


def gather(guest: Guest, *, sealed: Index | None = None, may_differ: tuple[str, ...] = ()) -> Facts:
    """The facts of one tree. With `sealed`, the whole tree before the boot, also what the boot changed, but for what
    matches `may_differ`. Raises BuildError where the guest cannot be read.
    """
    tree = Tree(guest, guest.index(FACT_ROOTS))
    accounts = tuple(_accounts(tree))
    status, result, status_error = _outcome(tree)
    seed = tree.read(RANDOM_SEED)
    log = tree.text(CLOUD_LOG, LOG_LIMIT) or ""
    return Facts(
        accounts=accounts,
        machine_id=tree.word("/etc/machine-id"),
        dbus_machine_id=tree.word("/var/lib/dbus/machine-id"),
        host_keys=tuple(_host_keys(tree)),
        random_seed=None if seed is None else sha256(seed).hexdigest(),
        sudoers=tree.names("/etc/sudoers.d"),
        packages=tuple(sorted({package.name for package in installed(guest)})),
        cloud_init_version=read_info(tree.index, guest.read).cloud_init_version,
        instance_id=tree.word(f"{CLOUD}/data/instance-id"),
        previous_instance_id=tree.word(f"{CLOUD}/data/previous-instance-id"),
        semaphores=tree.names(f"{CLOUD}/instance/sem"),
        status=status,
        result=result,
        status_error=status_error,
        cloud_log=tuple(warned(log)),
        system=system(tree, accounts, sealed=sealed, declared=may_differ),
        authorized=tuple(authorized(guest, _lines(tree, "/etc/passwd", 7))),
        sudo_rules=sudo_rules(tree.text(CLOUD_INIT_SUDOERS)),
        marks=tuple(marks(guest, tree.index)),
        done_once=done_once_in_last_run(log),
        analyzed=spans(log),
    )


def kernel_cmdline(guest: Guest) -> str:
    """The words that the boot loader hands to the first kernel of its menu, "" where its configuration is not read."""
    tree = Tree(guest, guest.index(BOOT_CONFIGS))
    for path in BOOT_CONFIGS:
        for line in (tree.text(path) or "").splitlines():
            words = line.split()
            if words[:1] and words[0] in {"linux", "linux16", "linuxefi"}:
                return " ".join(words[2:])
    return ""


def warned(log: str) -> Iterator[str]:
    """The lines of cloud-init.log at WARNING and above, without their time, safe to print; at most 100."""
    found = (match[1] for line in log.splitlines() if (match := _WARNED.search(line)))
    for _, line in zip(range(MAX_LINES), found, strict=False):
        yield printable(line[:MAX_LINE])


def _outcome(tree: Tree) -> tuple[Status | None, Result | None, str | None]:
    status, result = tree.read(STATUS_JSON), tree.read(RESULT_JSON)
    try:
        return (read_status(status) if status is not None else None), (read_result(result) if result else None), None
    except ResultError as error:
        return None, None, str(error)


def _accounts(tree: Tree) -> Iterator[Account]:
    passwords = {fields[0]: fields[1] for fields in _lines(tree, "/etc/shadow", 2)}
    members = {fields[0]: fields[3].split(",") for fields in _lines(tree, "/etc/group", 4)}
    for fields in _lines(tree, "/etc/passwd", 7):
        name = fields[0]
        own = passwords.get(name) if fields[1] == "x" else fields[1]
        yield Account(
            name=printable(name),
            uid=int(fields[2]) if fields[2].isdecimal() and len(fields[2]) < 12 else -1,
            shell=printable(fields[6]),
            password=_password(own),
            groups=tuple(sorted(printable(group) for group, names in members.items() if name in names)),
        )


def _lines(tree: Tree, path: str, fields: int) -> list[list[str]]:
    lines = (line.split(":") for line in (tree.text(path) or "").splitlines())
    return [line for line in lines if len(line) >= fields and line[0]]


def _password(field: str | None) -> Password:
    if field is None:
        return Password.NONE
    if not field:
        return Password.EMPTY
    return Password.LOCKED if field[0] in "!*" else Password.SET


def _host_keys(tree: Tree) -> Iterator[HostKey]:
    folder = tree.index.resolve("/etc/ssh")
    entries = {} if folder is None else {entry.name: entry for entry in tree.index.children(folder)}
    names = sorted({name.removesuffix(".pub") for name in entries if _HOST_KEY.fullmatch(name)})
    for name in names:
        private = entries.get(name)
        public = tree.text(f"/etc/ssh/{name}.pub", 1 << 16)
        kept = private is not None and private.is_regular and private.size > 0 and not private.mode & 0o077
        yield HostKey(name, fingerprint(public) if public is not None else None, private=kept)
