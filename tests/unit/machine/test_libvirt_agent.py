from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from goldsmith.errors import ProcessError
from goldsmith.machine.agent import GuestAgent
from goldsmith.machine.drivers import libvirt_agent
from goldsmith.machine.drivers.libvirt_agent import AgentError, serve_agent


@contextmanager
def port_to(ask: Callable[[str], str]) -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    serving = threading.Thread(target=serve_agent, args=(theirs, ask))
    serving.start()
    try:
        with ours:
            yield ours
    finally:
        serving.join(10)
        assert not serving.is_alive()


def qemu_ga(question: str) -> str:
    """As qemu-ga answers by way of libvirtd."""
    match json.loads(question):
        case {"execute": "guest-ping"}:
            return '{"return": {}}'
        case {"execute": "guest-exec", "arguments": {"arg": ["-c", _, "id", "-u"]}}:
            return '{"return": {"pid": 7}}'
        case {"execute": "guest-exec-status", "arguments": {"pid": 7}}:
            return '{"return": {"exited": true, "exitcode": 0, "out-data": "MAo="}}'
        case other:
            raise AgentError(f"unexpected: {other}")


def test_goldsmiths_own_client_runs_a_program() -> None:
    with port_to(qemu_ga) as port, closing(GuestAgent(port, "one", within=5)) as agent:
        assert agent.run(["id", "-u"], timeout=5).stdout == b"0\n"


def test_an_agent_that_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libvirt_agent, "RETRY_SECONDS", 0.01)
    asked = []

    def late(question: str) -> str:
        asked.append(question)
        if len(asked) < 4:
            raise AgentError("QEMU guest agent is not connected")
        return qemu_ga(question)

    with port_to(late) as port, closing(GuestAgent(port, "one", within=5)) as agent:
        assert agent.run(["id", "-u"], timeout=5).status == 0


def test_what_libvirtd_says_is_the_error() -> None:
    with (
        port_to(qemu_ga) as port,
        closing(GuestAgent(port, "one", within=5)) as agent,
        pytest.raises(ProcessError, match="unexpected"),
    ):
        agent.run(["other"], timeout=5)


def test_half_a_question_is_given_up_at_0xff() -> None:
    with port_to(qemu_ga) as port:
        port.sendall(b'{"execute": "guest-exec", "argum')
        port.sendall(b'\xff{"execute": ')
        port.sendall(b'"guest-ping"}')
        assert json.loads(port.recv(100)) == {"return": {}}
