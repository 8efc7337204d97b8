"""The guest agent of QEMU (qemu-ga), which starts programs in a machine that has no network and no login."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from goldsmith.errors import ProcessError
from goldsmith.findings import printable
from goldsmith.machine.inside import ENVIRONMENT, OUTPUT_LIMIT, ProgramEnd
from goldsmith.machine.qmp import Qmp

# What is left from before, of a firmware or another client, is skipped; more than this is a guest gone mad.
SKIPPED_LIMIT = 1 << 20
# Seconds. It answers in 24 ms on an idle host; under emulation on a crowded one it may wait for a processor.
ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.1
SILENT = "nobody answers at the guest agent's port"
INSTALL = "install qemu-guest-agent in the image, or leave `commands` and `goss` out of the recipe"


class GuestAgent:
    """Speaks with qemu-ga over our end of its port, until `close`."""

    def __init__(self, port: socket.socket, name: str, *, within: float) -> None:
        """Waits `within` seconds for the agent. Raises ProcessError where none answers."""
        # The connection gets a descriptor of its own: the machine owns the other one.
        channel = port.dup()
        try:
            synchronize(channel, within)
            channel.setblocking(False)
            self._qmp = Qmp(channel, f"{name} agent", speaks_first=False, what="the guest agent")
        except BaseException:
            channel.close()
            raise

    def close(self) -> None:
        self._qmp.close()

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        """Run a program as root and wait for its end. Raises ProcessError; see `goldsmith.machine.inside.Inside`."""
        arguments: dict[str, object] = {
            # A shell says of a program that cannot be started what the agent would answer in words of glib.
            "path": "/bin/sh",
            "arg": ["-c", 'exec "$0" "$@"', *argv],
            "env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
            "capture-output": True,
        }
        if stdin:
            arguments["input-data"] = base64.b64encode(stdin).decode("ascii")
        pid = _number(self._execute("guest-exec", arguments), "pid")
        deadline = time.monotonic() + timeout
        while True:
            status = self._execute("guest-exec-status", {"pid": pid})
            if isinstance(status, dict) and status.get("exited"):
                return _ended(status)
            if time.monotonic() > deadline:
                # guest-exec has no way to end what it started.
                self._execute("guest-exec", {"path": "/bin/kill", "arg": ["-9", str(pid)]})
                return ProgramEnd(None, b"", b"")
            time.sleep(POLL_SECONDS)

    def _execute(self, command: str, arguments: Mapping[str, object]) -> Any:
        return self._qmp.execute(command, arguments, within=ANSWER_SECONDS)


def synchronize(channel: socket.socket, within: float) -> None:
    """Ask by guest-sync-delimited, and read up to the answer: whatever stood in the channel before it is gone.

    What is written before the agent has opened its port waits there. Raises ProcessError where no answer comes.
    """
    token = secrets.randbelow(1 << 31)
    question = {"execute": "guest-sync-delimited", "arguments": {"id": token}}
    deadline = time.monotonic() + within
    try:
        channel.settimeout(within)
        # 0xFF is no UTF-8: it ends half a message that the agent may have read before.
        channel.sendall(b"\xff" + json.dumps(question).encode("ascii") + b"\n")
        read, skipped = bytearray(), 0
        while True:
            channel.settimeout(max(0.001, deadline - time.monotonic()))
            block = channel.recv(1 << 16)
            if not block:
                raise ProcessError(f"{SILENT}: the machine has ended")
            read += block
            while (line := _line(read)) is not None:
                if _answers(line, token):
                    return
            skipped += len(block)
            if skipped > SKIPPED_LIMIT:
                raise ProcessError("what is at the guest agent's port sends no answers")
    except OSError as error:
        raise ProcessError(f"{SILENT} within {within:.0f} s", hint=INSTALL) from error


def _line(read: bytearray) -> bytes | None:
    """Takes the next whole line out of what was read."""
    end = read.find(b"\n")
    if end < 0:
        return None
    line = bytes(read[:end])
    del read[: end + 1]
    return line


def _answers(line: bytes, token: int) -> bool:
    """Whether a line is the answer: everything up to the byte 0xFF is older."""
    _, delimiter, answer = line.rpartition(b"\xff")
    try:
        return bool(delimiter) and json.loads(answer) == {"return": token}
    except (ValueError, RecursionError):
        return False


def _ended(status: Mapping[str, Any]) -> ProgramEnd:
    code = 128 + _number(status, "signal") if "signal" in status else _number(status, "exitcode")
    out, err = _bytes(status, "out-data"), _bytes(status, "err-data")
    cut = bool(status.get("out-truncated")) or max(len(out), len(err)) > OUTPUT_LIMIT
    return ProgramEnd(code, out[:OUTPUT_LIMIT], err[:OUTPUT_LIMIT], cut)


def _number(answer: object, name: str) -> int:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, int):
        raise ProcessError(f"the guest agent's answer makes no sense: {printable(str(answer)[:100])}")
    return value


def _bytes(status: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(status.get(name) or "", validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise ProcessError(f"the guest agent's answer makes no sense: {name} is no base64") from error
