"""The guest agent's port of a domain. libvirtd keeps it for itself, so questions go through its own interface; whoever
asks sees a port all the same, by which `goldsmith.machine.agent` speaks to machines of every driver.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress

# Seconds. libvirtd says at once that nobody has opened the port inside.
RETRY_SECONDS = 1.0
BLOCK = 1 << 20


class AgentError(Exception):
    """What libvirtd says of a question that got no answer."""


def serve_agent(port: socket.socket, ask: Callable[[str], str]) -> None:
    """Answer what comes through the port until its other end is closed. `ask` raises AgentError."""
    read = bytearray()
    with port, suppress(OSError):
        while block := port.recv(BLOCK):
            # The byte 0xFF ends what somebody has given up.
            read = bytearray((read + block).rpartition(b"\xff")[2])
            question = _question(read)
            if question is not None:
                read.clear()
                port.sendall(_answer(question, ask))


def _question(read: bytearray) -> dict[str, object] | None:
    """None before it is whole: a question has no end but its last brace, and no second one comes before its answer."""
    if not read.rstrip().endswith(b"}"):
        return None
    try:
        question = json.loads(read)
    except ValueError:
        return None
    return question if isinstance(question, dict) else None


def _answer(question: dict[str, object], ask: Callable[[str], str]) -> bytes:
    """Libvirtd synchronizes before each question: to be asked for it means to wait until somebody answers."""
    arguments = question.get("arguments")
    if question.get("execute") == "guest-sync-delimited" and isinstance(arguments, dict):
        while not _is_there(ask):
            time.sleep(RETRY_SECONDS)
        return b"\xff" + _line({"return": arguments.get("id")})
    name = question.pop("id", None)
    try:
        answer = json.loads(ask(json.dumps(question)))
    except AgentError as error:
        answer = {"error": {"class": "GenericError", "desc": str(error)}}
    return _line(answer if name is None else {**answer, "id": name})


def _is_there(ask: Callable[[str], str]) -> bool:
    try:
        ask('{"execute": "guest-ping"}')
    except AgentError:
        return False
    return True


def _line(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode("ascii") + b"\n"
