"""The one gate through which goldsmith starts programs.

Argument lists, never a shell; closed standard input; the C.UTF-8 locale; a timeout always; output into a log file whose
tail goes into the error. Every program runs under `lifeline.py`, so it ends with everything it started as soon as
goldsmith ends, even by SIGKILL.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from goldsmith.errors import HostError, Interrupted, ProcessError, Terminated
from goldsmith.outputs import Collected, collect

LIFELINE = str(Path(__file__).with_name("lifeline.py"))
TAIL_LINES = 20
# Seconds for what a program printed just before its end.
LINGER = 0.3
AGAIN = "run the same command again: finished work is kept"
# How long a clean-up may take before another signal is heard.
CLEAN_UP_SECONDS = 60.0
# What a program sees of our environment: no proxies or credentials unless a caller adds them.
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME")
PACKAGES = {
    "btrfs": "btrfs-progs",
    "debugfs": "e2fsprogs",
    "dumpe2fs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "fusermount3": "fuse3",
    "gpgv": "gpgv",
    "grub-mkimage": "grub-common",
    "mcopy": "mtools",
    "mformat": "mtools",
    "mke2fs": "e2fsprogs",
    "mmd": "mtools",
    "mmdebstrap": "mmdebstrap",
    "newuidmap": "uidmap",
    "prlimit": "util-linux",
    "qemu-img": "qemu-utils",
    "qemu-storage-daemon": "qemu-system-common",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-x86_64": "qemu-system-x86",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "resize2fs": "e2fsprogs",
    "sfdisk": "fdisk",
    "systemd-nspawn": "systemd-container",
    "tune2fs": "e2fsprogs",
    "unshare": "util-linux",
    "virt-sysprep": "guestfs-tools",
    "visudo": "sudo",
    "xfs_growfs": "xfsprogs",
    "xfs_repair": "xfsprogs",
    "zstd": "zstd",
}


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended: its exit code, standard output, and the log of its standard error."""

    argv: tuple[str, ...]
    returncode: int
    stdout: bytes
    log: str

    def tail(self, lines: int = TAIL_LINES) -> list[str]:
        """The last lines of standard error, or of standard output where that is empty."""
        text = self.log if self.log.strip() else self.stdout.decode("utf-8", "replace")
        return text.splitlines()[-lines:]


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    check: bool = True,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run a program to its end and return what it printed.

    `timeout` is in seconds. Raises HostError if the program is not installed, ProcessError if it does not end in time
    or, with `check`, ends with another code than 0.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as source:
        if stdin is not None:
            source.write(stdin)
            source.seek(0)
        process = _Process(argv, stdin=source, stdout=out, stderr=log, env=env, cwd=cwd, pass_fds=pass_fds)
        try:
            returncode = process.wait(timeout)
        finally:
            process.end()
        out.seek(0)
        log.seek(0)
        done = Completed(
            tuple(argv), -1 if returncode is None else returncode, out.read(), log.read().decode("utf-8", "replace")
        )
    if returncode is None:
        raise ProcessError(f"{argv[0]} did not end within {timeout:.0f} s", log_tail=done.tail())
    if check and done.returncode != 0:
        raise ProcessError(f"{argv[0]} ended with exit code {done.returncode}", log_tail=done.tail())
    return done


def run_bounded(
    argv: Sequence[str],
    *,
    limit: int,
    timeout: float,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Collected:
    """Run a program that may print without end: the first `limit` bytes of standard output and error, and its exit
    code, None where it did not end in `timeout` seconds and was ended. Raises HostError if it is not installed.
    """
    with ExitStack() as closed, tempfile.TemporaryFile() as source:
        source.write(stdin)
        source.seek(0)
        readers = []
        with ExitStack() as handed_over:
            writers = []
            for _ in range(2):
                reader, writer = os.pipe2(os.O_CLOEXEC)
                closed.callback(os.close, reader)
                readers.append(reader)
                writers.append(handed_over.enter_context(os.fdopen(writer, "wb")))
            process = _Process(argv, stdin=source, stdout=writers[0], stderr=writers[1], env=env, cwd=cwd, pass_fds=())
        try:
            return collect(readers, process.poll, limit=limit, timeout=timeout, linger=LINGER)
        finally:
            process.end()


@contextmanager
def running(
    argv: Sequence[str],
    *,
    log: IO[bytes],
    stdin: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[Running]:
    """A program in the background, ended when the block is left. Its output goes to `log`."""
    process = _Process(argv, stdin=stdin, stdout=log, stderr=log, env=env, cwd=cwd, pass_fds=pass_fds)
    try:
        yield process
    finally:
        process.end()


def wake(argv: Sequence[str], *, timeout: float) -> None:
    """Run a program that may start a daemon of the user's, which others use too and which ends by itself.

    Alone of all programs it has no lifeline: ending the daemon with goldsmith would end what others do with it. Whether
    it worked, asking the daemon tells. `timeout` is in seconds. Raises HostError if the program is not installed.
    """
    require(argv[0])
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=timeout,
            check=False,
        )


class _Process:
    def __init__(
        self,
        argv: Sequence[str],
        *,
        stdin: IO[bytes] | None,
        stdout: IO[bytes],
        stderr: IO[bytes],
        env: Mapping[str, str] | None,
        cwd: Path | None,
        pass_fds: Sequence[int],
    ) -> None:
        require(argv[0])
        self.argv = tuple(argv)
        read_end, self._lifeline = os.pipe2(os.O_CLOEXEC)
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", LIFELINE, str(read_end), *argv],
                stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=_environment(env),
                cwd=cwd,
                pass_fds=(read_end, *pass_fds),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(read_end)
        self._ended = False

    def wait(self, timeout: float) -> int | None:
        """The exit code, or None if the program still runs after `timeout` seconds."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    @property
    def pid(self) -> int:
        """The process that watches over the program."""
        return self._popen.pid

    def poll(self) -> int | None:
        return self._popen.poll()

    def end(self) -> None:
        """End the program and everything it started; safe to call twice."""
        if not self._ended:
            self._ended = True
            os.close(self._lifeline)
            self._popen.wait()


Running = _Process


def require(program: str) -> str:
    """The path of a program. Raises HostError with the install line if it is not there."""
    found = shutil.which(program, path=search_path())
    if found is None:
        package = PACKAGES.get(program, program)
        raise HostError(
            f"{program} is not installed",
            hint=f"as root: apt-get install --no-install-recommends {package}",
        )
    return found


def search_path() -> str:
    """PATH with the system directories that a plain user's PATH lacks on Debian."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, "PATH": search_path(), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", **(extra or {})}


@contextmanager
def signals_as_errors() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP become Interrupted and Terminated in the main thread, so that every clean-up runs.

    A second signal during clean-up is ignored: the clean-up is bounded, and an abandoned one would leave things behind.
    So it is after the block, until the process ends. A SIGHUP that is ignored (nohup) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stopped_at: float | None = None

    def stop(number: int, _frame: object) -> None:
        nonlocal stopped_at
        if stopped_at is not None and time.monotonic() - stopped_at < CLEAN_UP_SECONDS:
            return
        stopped_at = time.monotonic()
        if number == signal.SIGINT:
            raise Interrupted("interrupted", hint=AGAIN)
        raise Terminated("terminated", hint=AGAIN)

    handled = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handled.append(signal.SIGHUP)
    previous = {number: signal.signal(number, stop) for number in handled}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler if stopped_at is None else signal.SIG_IGN)
