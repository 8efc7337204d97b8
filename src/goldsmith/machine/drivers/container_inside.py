"""The way into a rehearsal from goldsmith's side: asks its process to run a program, and waits for the answer."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence

from goldsmith.errors import ProcessError
from goldsmith.findings import printable
from goldsmith.guest.worker import wire
from goldsmith.machine.drivers.container_programs import MARGIN
from goldsmith.machine.inside import ProgramEnd

ENDED = "the machine went down meanwhile"


class ContainerInside:
    """`say` sends a message; answers are put into `answers` by whoever reads the channel, None at its end."""

    def __init__(self, say: Callable[[wire.Message], None], answers: queue.SimpleQueue[wire.Message | None]) -> None:
        self._say = say
        self._answers = answers
        self._asked = 0

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        """Run a program as the container's root and wait for its end; see `goldsmith.machine.inside.Inside`."""
        self._asked += 1
        request = {
            "do": "run",
            "number": self._asked,
            "argv": list(argv),
            "stdin": wire.pack_bytes(stdin),
            "timeout": timeout,
        }
        try:
            self._say(request)
        except OSError as error:
            raise ProcessError(ENDED) from error
        answer = self._answer(time.monotonic() + timeout + 2 * MARGIN)
        if "error" in answer:
            raise ProcessError(printable(str(answer["error"])))
        return ProgramEnd(
            status=int(answer["status"]) if answer["status"] is not None else None,
            stdout=wire.unpack_bytes(answer["stdout"]),
            stderr=wire.unpack_bytes(answer["stderr"]),
            cut=bool(answer["cut"]),
        )

    def _answer(self, deadline: float) -> wire.Message:
        while True:
            try:
                message = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty as error:
                raise ProcessError("the rehearsal's process does not answer") from error
            if message is None:
                raise ProcessError(ENDED)
            if message.get("number") == self._asked:
                return message
