"""Runs in the oracle's own Python, with cloud-init importable: answers requests that come over a socket.

A request is a piece of Python and the values that it may name; what it leaves in `answer` goes back, with the warnings
that cloud-init logged meanwhile. Frames are a length of 8 bytes and a pickle.
"""

from __future__ import annotations

import logging
import pickle
import socket
import struct
import sys
from contextlib import suppress
from importlib import import_module
from types import CodeType
from typing import Any

PROTOCOL = 4


class Warnings(logging.Handler):
    """Collects what cloud-init says about problems."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.levelname}: {record.getMessage()}")


def serve(connection: socket.socket) -> None:
    """Answer until the other side closes."""
    with suppress(ImportError):
        # 22.4 throws away all handlers when it is imported.
        import_module("cloudinit.log")
    warnings = Warnings()
    logging.getLogger().addHandler(warnings)
    logging.getLogger().setLevel(logging.WARNING)
    compiled: dict[str, CodeType] = {}
    stream = connection.makefile("rwb")
    while head := stream.read(8):
        code, values = pickle.loads(stream.read(struct.unpack("!Q", head)[0]))
        warnings.said.clear()
        if code not in compiled:
            compiled[code] = compile(code, "<request>", "exec")
        names: dict[str, Any] = dict(values)
        try:
            exec(compiled[code], names)
            reply = ("answer", names.get("answer"), list(warnings.said))
            frame = pickle.dumps(reply, PROTOCOL)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the test hears of it
            frame = pickle.dumps(("error", (type(error).__name__, str(error)), list(warnings.said)), PROTOCOL)
        stream.write(struct.pack("!Q", len(frame)) + frame)
        stream.flush()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
