"""Guest programs in a libguestfs appliance: the guest's own shell starts them in namespaces of their own.

The appliance is what keeps them from the host; the namespaces end with the program and take along what it left running.
"""

from __future__ import annotations

import posixpath
import time
from contextlib import suppress

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.change import ABSENT, Plan, Remove, Seen, Write
from goldsmith.guest.guest import GuestProgram
from goldsmith.guest.worker.appliance_tree import ApplianceTree
from goldsmith.guest.worker.backend import Program
from goldsmith.guest.worker.libguestfs import Handle
from goldsmith.guest.worker.program import (
    ENVIRONMENT,
    POLICY,
    POLICY_TEXT,
    POLICY_WITNESSES,
    shown_files,
    started_by_shell,
)

OURS = posixpath.dirname(ENVIRONMENT)
STDIN, OUTPUT, STATUS, OUR_POLICY = (f"{OURS}/{name}" for name in ("stdin", "output", "status", "policy-rc.d"))
OUTPUT_LIMIT = 64 << 20
# A return code and a line feed.
STATUS_LIMIT = 16
TIMED_OUT = 124
KILLED = 137
# Without --no-mtab it would leave a folder in the /run of the disk.
MOUNT_RUN = ("mount", "--no-mtab", "-t", "tmpfs", "-o", "mode=0755,nosuid,nodev", "tmpfs", "/run")
# Arguments: time limit in seconds, options of unshare, where the policy is shown or nothing, and then the program.
START = f"""
limit=$1 isolation=$2 policy=$3; shift 3
# What udev would link; the appliance has no more than the kernel makes.
for link in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do
  [ -e "/dev/${{link%%:*}}" ] || ln -s "/proc/self/${{link#*:}}" "/dev/${{link%%:*}}"
done
{{
  unshare --mount --ipc --uts --pid --fork --kill-child=KILL --mount-proc $isolation /bin/sh -c '
    limit=$1 policy=$2; shift 2
    if [ -n "$policy" ]; then mount --no-mtab --bind {OUR_POLICY} "$policy" || exit 125; fi
    ip link set lo up 2>/dev/null
    exec env -i timeout --kill-after=5 "$limit" "$@"
  ' sh "$limit" "$policy" "$@"
  echo $? >{STATUS}
}} <{STDIN} 2>&1 | cat >{OUTPUT}
"""


def run(handle: Handle, tree: ApplianceTree, program: Program, *, networked: bool) -> GuestProgram:
    """Run a program in the mounted guest. `networked` says whether the appliance has a network at all.

    Raises BuildError where the guest lacks what starting it takes, or the program does not end in time.
    """
    files = shown_files(program)
    try:
        handle.call_text("command", MOUNT_RUN)
    except OSError as error:
        raise BuildError(f"cannot run programs in the guest: {printable(error.strerror or '')}") from error
    placed = None
    try:
        made = {OURS}
        handle.call("mkdir_mode", OURS, 0o755)
        for path, content in {**files, STDIN: program.stdin, OUR_POLICY: POLICY_TEXT}.items():
            parent = posixpath.dirname(path)
            if parent not in made:
                handle.call("mkdir_p", parent)
                made.add(parent)
            handle.write(path, content)
            handle.call("chmod", 0o755 if path == OUR_POLICY else 0o400, path)
        policy, placed = _place_policy(tree)
        isolation = "" if program.network or not networked else "--net"
        started = time.monotonic()
        handle.call_text(
            "command",
            ["/bin/sh", "-c", START, "sh", f"{program.timeout:.0f}", isolation, policy, *started_by_shell(program)],
        )
        seconds = time.monotonic() - started
        returncode = int(handle.read(STATUS, STATUS_LIMIT))
        output = _tail(handle)
    except OSError as error:
        raise BuildError(
            f"cannot run {printable(program.argv[0])} in the guest: {printable(error.strerror or '')}"
        ) from error
    finally:
        if placed is not None:
            tree.apply(placed)
        with suppress(OSError):
            handle.call("umount", "/run", -1)
    if returncode in {TIMED_OUT, KILLED} and seconds >= program.timeout:
        raise BuildError(
            f"{printable(program.argv[0])} in the guest did not end within {program.timeout:.0f} s",
            hint="; ".join(printable(line) for line in output.decode("utf-8", "replace").splitlines()[-1:]) or None,
        )
    return GuestProgram(program.argv, returncode, output)


def _place_policy(tree: ApplianceTree) -> tuple[str, Plan | None]:
    """Where services are forbidden to start, and the plan that removes the file that was made for that."""
    if not set(POLICY_WITNESSES) & set(tree.index(POLICY_WITNESSES, digests=False)):
        return "", None
    where = tree.resolve(POLICY)
    if where in tree.index((where,), digests=False):
        return where, None
    write = Write(path=where, seen=ABSENT, operation="run", reason="", content=POLICY_TEXT, mode=0o755)
    tree.apply(Plan((write,)))
    entry = tree.index((where,), digests=False)[where]
    return where, Plan((Remove(path=where, seen=Seen.of(entry), operation="run", reason=""),))


def _tail(handle: Handle) -> bytes:
    size = handle.status(OUTPUT).size
    if size <= OUTPUT_LIMIT:
        return handle.read(OUTPUT, size)
    # Longer output keeps its end, as much as one message takes.
    return handle.pread(OUTPUT, 1 << 20, size - (1 << 20))
