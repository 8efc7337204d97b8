"""The guest agent's client, against agents that answer well, late, rubbish, or not at all."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from goldsmith.errors import ProcessError
from goldsmith.machine.agent import GuestAgent, synchronize
from goldsmith.machine.inside import ENVIRONMENT, OUTPUT_LIMIT, ProgramEnd

Answer = Callable[[str, dict[str, Any]], object]


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


class ScriptedAgent:
    """Answers as qemu-ga does: a line each, the one to guest-sync-delimited behind the byte 0xFF."""

    def __init__(self, channel: socket.socket, answer: Answer, *, before: bytes = b"") -> None:
        self._channel = channel
        self._answer = answer
        self._before = before
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._channel, suppress(OSError):
            for question in self._questions():
                command, arguments = question["execute"], question.get("arguments", {})
                if command == "guest-sync-delimited":
                    self._say(self._before + b"\xff", {"return": arguments["id"]})
                    continue
                self.asked.append((command, arguments))
                said = self._answer(command, arguments)
                if said is None:
                    return
                if isinstance(said, bytes):
                    self._channel.sendall(said)
                    continue
                known = said if isinstance(said, dict) and "error" in said else {"return": said}
                self._say(b"", {**known, "id": question["id"]})

    def _questions(self) -> Iterator[dict[str, Any]]:
        """The client ends its messages by no line break; qemu-ga reads JSON as it comes."""
        read = b""
        while block := self._channel.recv(1 << 20):
            read = (read + block).rpartition(b"\xff")[2]
            with suppress(ValueError):
                question = json.loads(read)
                read = b""
                yield question

    def _say(self, before: bytes, answer: object) -> None:
        self._channel.sendall(before + json.dumps(answer).encode() + b"\n")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def told(port: socket.socket, *argv: str, stdin: bytes = b"", timeout: float = 5.0) -> ProgramEnd:
    agent = GuestAgent(port, "clone", within=5.0)
    try:
        return agent.run(argv, stdin=stdin, timeout=timeout)
    finally:
        agent.close()


def test_a_program_runs_as_a_shell_would_run_it(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    answers = iter([{"exited": False}, {"exited": True, "exitcode": 3, "out-data": b64(b"out"), "err-data": b64(b"!")}])
    agent = ScriptedAgent(theirs, lambda command, _: {"pid": 7} if command == "guest-exec" else next(answers))
    assert told(ours, "id", "-un", stdin=b"in") == ProgramEnd(3, b"out", b"!")
    assert agent.asked == [
        (
            "guest-exec",
            {
                "path": "/bin/sh",
                "arg": ["-c", 'exec "$0" "$@"', "id", "-un"],
                "env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
                "capture-output": True,
                "input-data": b64(b"in"),
            },
        ),
        ("guest-exec-status", {"pid": 7}),
        ("guest-exec-status", {"pid": 7}),
    ]


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ({"exited": True, "signal": 9}, ProgramEnd(137, b"", b"")),
        ({"exited": True, "exitcode": 0, "out-truncated": True}, ProgramEnd(0, b"", b"", cut=True)),
        (
            {"exited": True, "exitcode": 0, "err-data": b64(b"x" * (OUTPUT_LIMIT + 1))},
            ProgramEnd(0, b"", b"x" * OUTPUT_LIMIT, cut=True),
        ),
    ],
)
def test_how_it_ended(ends: tuple[socket.socket, socket.socket], status: dict[str, object], ended: ProgramEnd) -> None:
    ScriptedAgent(ends[1], lambda command, _: {"pid": 7} if command == "guest-exec" else status)
    assert told(ends[0], "true") == ended


def test_a_program_that_does_not_end_is_killed(ends: tuple[socket.socket, socket.socket]) -> None:
    agent = ScriptedAgent(ends[1], lambda command, _: {"pid": 7} if command == "guest-exec" else {"exited": False})
    assert told(ends[0], "sleep", "9", timeout=0.2).status is None
    assert agent.asked[-1] == ("guest-exec", {"path": "/bin/kill", "arg": ["-9", "7"]})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"error": {"class": "CommandNotFound", "desc": "guest-exec has been disabled\x1b[2J"}},
            r"the guest agent refuses: guest-exec has been disabled\\x1b\[2J",
        ),
        ({"pid": "seven"}, "the guest agent's answer makes no sense: {'pid': 'seven'}"),
        ([], r"the guest agent's answer makes no sense: \[\]"),
        (None, "the guest agent does not answer"),
        (b"no JSON\n", "the guest agent does not answer"),
        (b"[" * 200_000 + b"\n", "the guest agent does not answer"),
        (b"x" * (11 << 20), "the guest agent does not answer"),
    ],
)
def test_an_agent_that_refuses_or_talks_nonsense(
    ends: tuple[socket.socket, socket.socket], answer: object, said: str
) -> None:
    ScriptedAgent(ends[1], lambda *_: answer)
    with pytest.raises(ProcessError, match=said):
        told(ends[0], "true")


@pytest.mark.parametrize("status", [{"exited": True}, {"exited": True, "exitcode": 0, "out-data": "%"}])
def test_an_end_that_makes_no_sense(ends: tuple[socket.socket, socket.socket], status: object) -> None:
    ScriptedAgent(ends[1], lambda command, _: {"pid": 7} if command == "guest-exec" else status)
    with pytest.raises(ProcessError, match="makes no sense"):
        told(ends[0], "true")


def test_what_stood_in_the_channel_before_is_skipped(ends: tuple[socket.socket, socket.socket]) -> None:
    old = b'SeaBIOS\n{"return": 5}\n\xff{"return": -1}\n{"half": '
    ScriptedAgent(ends[1], lambda *_: {"pid": 1}, before=old)
    synchronize(ends[0], 5.0)


def test_what_the_question_finds_in_the_agents_buffer_does_no_harm(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    """It is written before anybody listens, as to a machine that still boots."""
    waiting = threading.Thread(target=synchronize, args=(ends[0], 5.0))
    waiting.start()
    ScriptedAgent(ends[1], lambda *_: {})
    waiting.join(5.0)
    assert not waiting.is_alive()


def test_nobody_answers(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(ProcessError, match="nobody answers at the guest agent's port within 0 s"):
        synchronize(ends[0], 0.1)


def test_the_machine_has_ended(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].close()
    with pytest.raises(ProcessError, match="nobody answers"):
        synchronize(ends[0], 5.0)


@pytest.mark.parametrize("flood", [b"x" * (1 << 16), b'\xff{"return": 1}\n' * 4096, b"\xff" + b"[" * (1 << 16) + b"\n"])
def test_a_guest_that_floods_the_port_is_not_listened_to(
    ends: tuple[socket.socket, socket.socket], flood: bytes
) -> None:
    stop = threading.Event()

    def pour() -> None:
        ends[1].settimeout(5.0)
        try:
            while not stop.is_set():
                ends[1].sendall(flood)
        except OSError:
            return

    pouring = threading.Thread(target=pour)
    pouring.start()
    with pytest.raises(ProcessError, match="sends no answers"):
        synchronize(ends[0], 20.0)
    stop.set()
    ends[0].close()
    pouring.join()
