"""Programs inside a rehearsal, as its process starts them: one more process that enters the container for each."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from goldsmith.errors import GoldsmithError, ProcessError
from goldsmith.guest.worker import wire
from goldsmith.run import run

ENTRY = str(Path(__file__).with_name("container_entry.py"))
# Seconds for Python's start and the container's entry on a crowded host.
MARGIN = 20.0


def run_inside(base: int, request: wire.Message) -> wire.Message:
    """What a program inside did, or an `error`. `base` is the host's uid of the container's root."""
    try:
        pid = payload(os.getpid())
        if pid is None:
            raise ProcessError("nothing runs in the container")
        timeout = float(request["timeout"])
        stdin = os.memfd_create("stdin", os.MFD_CLOEXEC)
        with os.fdopen(stdin, "wb") as file:
            file.write(wire.unpack_bytes(request["stdin"]))
            file.seek(0)
            argv = [sys.executable, "-I", ENTRY, str(pid), str(base), str(timeout), str(stdin), *request["argv"]]
            done = run(argv, timeout=timeout + MARGIN, pass_fds=(stdin,))
        answer = json.loads(done.stdout)
    except (GoldsmithError, OSError, ValueError) as error:
        return {"error": error.message if isinstance(error, GoldsmithError) else str(error)}
    return answer if isinstance(answer, dict) else {"error": "no answer"}


def payload(top: int, *, below: int = 1) -> int | None:
    """The container's PID 1: the process under `top` that is the first one of a PID namespace so many below ours."""
    for pid in descendants(top):
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
        if len(numbers) == 1 + below and numbers[-1] == "1":
            return pid
    return None


def descendants(pid: int) -> list[int]:
    """All processes below one, children before their own."""
    try:
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [each for child in children for each in (child, *descendants(child))]
