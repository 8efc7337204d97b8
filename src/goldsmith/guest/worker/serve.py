"""The worker's loop: one request after the other, until goldsmith says close or is gone.

A thread of its own reads the socket. At its end goldsmith is dead, and the worker ends at once, in whatever it is: its
PID and mount namespaces, or the process that started it, take all the rest along.
"""

from __future__ import annotations

import os
import queue
import socket
import threading

from goldsmith.errors import GoldsmithError, ProcessError
from goldsmith.guest.worker import wire
from goldsmith.guest.worker.backend import Backend, DiskFile, Opening, Program


def serve(channel: socket.socket) -> int:
    """Answer requests; the exit code of the process."""
    requests: queue.Queue[wire.Message] = queue.Queue()
    opened: list[Backend] = []

    def read_requests() -> None:
        while True:
            try:
                request = wire.receive(channel)
            except (OSError, GoldsmithError):
                request = None
            if request is None:
                os._exit(1)
            if request["do"] != "cancel":
                requests.put(request)
            elif opened:
                opened[0].cancel()

    threading.Thread(target=read_requests, daemon=True).start()
    while True:
        request = requests.get()
        try:
            if request["do"] == "open":
                opened.append(_open(request))
            answer = _answer(opened[0], request) if opened else {}
        except (GoldsmithError, OSError) as error:
            answer = {"error": _describe(error)}
        wire.send(channel, answer)
        if request["do"] == "close":
            return 0


def _open(request: wire.Message) -> Backend:
    opening = Opening(
        chain=tuple(DiskFile(path, kind) for path, kind in request["chain"]),
        virtual_size=request["virtual_size"],
        folder=request["folder"],
        read_only=request["read_only"],
        grow=request["grow"],
        accelerated=request["accelerated"],
        cache=request["cache"],
    )
    # Each engine's module is imported by its own workers only: one needs root, the other a foreign library.
    if request["engine"] == "mount":
        from goldsmith.guest.worker.mounted import Mounted  # noqa: PLC0415

        return Mounted(opening)
    from goldsmith.guest.worker.appliance import Appliance  # noqa: PLC0415

    return Appliance(opening)


def _answer(backend: Backend, request: wire.Message) -> wire.Message:
    match request["do"]:
        case "open":
            return {"can_run": backend.can_run, "can_trim": backend.can_trim}
        case "index":
            return {"index": wire.pack_index(backend.index(request["roots"], digests=request["digests"]))}
        case "read":
            return {"content": wire.pack_bytes(backend.read(request["path"], request["limit"]))}
        case "apply":
            backend.apply(wire.unpack_plan(request["plan"]))
        case "run":
            program = Program(
                argv=tuple(request["argv"]),
                network=request["network"],
                stdin=wire.unpack_bytes(request["stdin"]),
                env=dict(request["env"]),
                files={name: wire.unpack_bytes(content) for name, content in request["files"]},
                timeout=request["timeout"],
            )
            return {"program": wire.pack_program(backend.run(program))}
        case "sync":
            backend.sync()
        case "trim":
            backend.trim()
        case "close":
            backend.close()
    return {}


def _describe(error: GoldsmithError | OSError) -> wire.Message:
    """An error as the client makes it again."""
    if isinstance(error, ProcessError):
        return {
            "kind": "ProcessError",
            "message": error.message,
            "hint": error.hint,
            "log_tail": error.log_tail,
        }
    if isinstance(error, GoldsmithError):
        return {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    if isinstance(error, FileNotFoundError):
        return {
            "kind": "FileNotFoundError",
            "errno": error.errno,
            "message": error.strerror,
            "path": os.fsdecode(error.filename or ""),
        }
    return {"kind": "BuildError", "message": f"the guest's worker failed: {error}", "hint": None}
