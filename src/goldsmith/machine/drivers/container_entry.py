"""Enters a rehearsal and runs one program there: `python -I container_entry.py PID BASE TIMEOUT FD PROGRAM…`.

PID is the container's PID 1, BASE the host's uid of its root, FD a file that is the program's standard input. Prints
one line of JSON: exit code (null where it had to be killed), the first bytes of both outputs in base64, whether there
was more; or what failed.

The program gets the container's namespaces, root, and root's uid there, and no capability that its PID 1 may not have.
It does not get the system call filter of systemd-nspawn, which cannot be read from a process.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[3]))

from goldsmith.guest.worker.syscalls import enter_namespace, keep_capabilities, set_undumpable
from goldsmith.machine.inside import ENVIRONMENT, OUTPUT_LIMIT
from goldsmith.outputs import collect

# The user namespace is the last one: from there the others could not be entered.
NAMESPACES = ("cgroup", "ipc", "uts", "net", "pid", "mnt", "user")
# What a shell says where a program cannot be started.
NOT_FOUND, NOT_STARTED = 127, 126
# Seconds for what daemons that the program left behind may still print.
LINGER = 0.3


def enter(pid: int, base: int, timeout: float, stdin: int, argv: list[str]) -> dict[str, object]:
    """Run the program to its end. Raises OSError where the container cannot be entered."""
    doors = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in NAMESPACES]
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    allowed = _bounding_set(pid)
    outputs = [os.pipe2(os.O_CLOEXEC) for _ in range(2)]
    for _, writer in outputs:
        # It may open /dev/stderr again.
        os.fchown(writer, base, base)
    failure, failing = os.pipe2(os.O_CLOEXEC)
    usher = os.fork()
    if usher == 0:
        try:
            os.setsid()
            for door in doors:
                enter_namespace(door)
            os.fchdir(root)
            os.chroot(".")
            os.chdir("/")
            # Between here and its own program nobody inside may look into this one.
            set_undumpable()
            child = os.fork()
            if child == 0:
                _become(argv, [stdin, outputs[0][1], outputs[1][1]], allowed)
            for _, writer in outputs:
                os.close(writer)
            _, code = os.waitpid(child, 0)
            os._exit(_shell_code(code))
        except OSError as error:
            os.write(failing, str(error).encode())
            os._exit(NOT_STARTED)
    os.close(failing)
    for _, writer in outputs:
        os.close(writer)
    readers = [reader for reader, _ in outputs]
    collected = collect(readers, partial(_ended, usher), limit=OUTPUT_LIMIT, timeout=timeout, linger=LINGER)
    if collected.status is None:
        _kill_below(usher)
        os.waitpid(usher, 0)
    said = os.read(failure, 1000).decode("utf-8", "replace")
    if said:
        return {"error": f"the container could not be entered: {said}"}
    out, err = (base64.b64encode(text).decode("ascii") for text in collected.texts)
    status = os.waitstatus_to_exitcode(collected.status) if collected.status is not None else None
    return {"status": status, "stdout": out, "stderr": err, "cut": collected.cut}


def _become(argv: list[str], streams: list[int], allowed: int) -> None:
    """Never returns. What it says of a program that is not there is what a shell would say."""
    try:
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        keep_capabilities(allowed)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        os.closerange(3, 1 << 16)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvpe(argv[0], argv, dict(ENVIRONMENT))  # noqa: S606 - the guest's program is the whole purpose
    except FileNotFoundError:
        os.write(2, f"{argv[0]}: not found\n".encode("utf-8", "surrogateescape"))
        os._exit(NOT_FOUND)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode("utf-8", "surrogateescape"))
    os._exit(NOT_STARTED)


def _ended(usher: int) -> int | None:
    done, status = os.waitpid(usher, os.WNOHANG)
    return status if done else None


def _bounding_set(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith("CapBnd:"))


def _kill_below(pid: int) -> None:
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        os.kill(int(child), signal.SIGKILL)


def _shell_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    pid, base, timeout, stdin, *argv = sys.argv[1:]
    try:
        told = enter(int(pid), int(base), float(timeout), int(stdin), argv)
    except (OSError, StopIteration) as error:
        told = {"error": f"the container could not be entered: {error}"}
    sys.stdout.write(json.dumps(told) + "\n")
