"""Programs in a machine by SSH, where no agent may start them: ssh(1) of this host, with a key that is made for it."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goldsmith.errors import ProcessError
from goldsmith.findings import printable
from goldsmith.machine.inside import ENVIRONMENT, OUTPUT_LIMIT, ProgramEnd
from goldsmith.machine.ssh_config import HOST, Way, config, known_hosts, printed_host_keys
from goldsmith.run import run, run_bounded

# ssh(1): something went wrong with the connection itself, or the program ended with this code.
FAILED = 255
# Bytes of a console in which its host keys are looked for.
CONSOLE_LIMIT = 16 << 20
# Seconds.
KEYGEN_SECONDS = 60.0
RETRY_SECONDS = 0.5
# Beside the program's own time, for the handshake: 0.2 s on a current processor, several seconds under emulation.
HANDSHAKE_SECONDS = 15.0
WORDS = 200


@dataclass(frozen=True, slots=True)
class OneTimeKey:
    """A key pair for one verification: where the private half lies, and the public one as a line of authorized_keys.

    `user` is the account that it opens.
    """

    user: str
    private: Path
    public: str


def make_key(folder: Path, user: str) -> OneTimeKey:
    """Make a key pair in a new folder that only this user may enter. Raises HostError without ssh-keygen."""
    folder.mkdir(mode=0o700)
    private = folder / "key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", user, "-f", str(private)], timeout=KEYGEN_SECONDS)
    return OneTimeKey(user, private, private.with_suffix(".pub").read_text(encoding="ascii").strip())


class SshLogin:
    """Programs in a machine by way of its sshd. `config` is the ssh_config(5) that leads there."""

    def __init__(self, config: Path, *, handshake: float) -> None:
        self.config = config
        self.handshake = handshake

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        """Run a program as root by sudo, and wait for its end; see `goldsmith.machine.inside.Inside`.

        One that leaves a daemon with its outputs behind ends with that daemon.
        """
        ended = self._ask(as_root(argv), stdin=stdin, timeout=timeout + self.handshake)
        if ended.status == FAILED and self._ask("exit 0", timeout=self.handshake).status != 0:
            raise ProcessError(f"the connection by SSH broke: {_last(ended)}")
        return ended

    def wait(self, within: float) -> None:
        """Wait until the key opens a login that may become root. Raises ProcessError where it does not in time."""
        deadline = time.monotonic() + within
        while True:
            ended = self._ask(as_root(("true",)), timeout=max(1.0, deadline - time.monotonic()))
            if ended.status == 0:
                return
            if ended.status not in {None, FAILED}:
                raise ProcessError(f"a login by SSH may not become root by sudo: {_last(ended)}")
            if time.monotonic() > deadline:
                raise ProcessError(f"no login by SSH within {within:.0f} s: {_last(ended)}")
            time.sleep(RETRY_SECONDS)

    def _ask(self, line: str, *, timeout: float, stdin: bytes = b"") -> ProgramEnd:
        argv = ["ssh", "-F", str(self.config), "-T", HOST, line]
        done = run_bounded(argv, limit=OUTPUT_LIMIT, timeout=timeout, stdin=stdin)
        return ProgramEnd(done.status, done.texts[0], done.texts[1], done.cut)


def log_in(way: Way, key: OneTimeKey, folder: Path, *, console: Path, within: float, patience: float) -> SshLogin:
    """A login that works, by a configuration in `folder`, which is made.

    The host keys that the console shows are the only ones that are taken, where it shows any. `within` is in seconds,
    `patience` by how much everything takes longer than on a current processor. Raises ProcessError, HostError.
    """
    folder.mkdir(mode=0o700)
    keys = printed_host_keys(_begin_of(console))
    hosts, written = folder / "known_hosts", folder / "config"
    hosts.write_text(known_hosts(keys), encoding="ascii")
    handshake = HANDSHAKE_SECONDS * patience
    text = config(
        way,
        user=key.user,
        key=key.private,
        known_hosts=hosts,
        known=bool(keys),
        connect_timeout=math.ceil(handshake),
    )
    written.write_text(text, encoding="utf-8")
    login = SshLogin(written, handshake=handshake)
    login.wait(within)
    return login


def as_root(argv: Sequence[str]) -> str:
    """A line for the shell of the account that logs in. The program sees what it would see of the guest agent."""
    seen = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
    # A shell says of a program that cannot be started the same everywhere; env(1) takes A=B for a variable.
    words = ["sudo", "-n", "--", "env", "-i", *seen, "/bin/sh", "-c", 'exec "$0" "$@"', *argv]
    return f"cd / && exec {shlex.join(words)}"


def _begin_of(console: Path) -> bytes:
    try:
        with console.open("rb") as file:
            return file.read(CONSOLE_LIMIT)
    except FileNotFoundError:
        return b""


def _last(ended: ProgramEnd) -> str:
    lines = [line for line in ended.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return printable(lines[-1][:WORDS]) if lines else "it does not answer"
