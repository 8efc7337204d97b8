"""A connection to a QEMU monitor, or to a guest agent, for synchronous callers."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from qemu.qmp import EventListener, ExecuteError, QMPClient, QMPError, Runstate

from goldsmith.errors import ProcessError
from goldsmith.findings import printable

ANSWER_SECONDS = 10.0
# QEMU's start on a crowded host; one that dies closes the connection and is noticed at once.
GREETING_SECONDS = 60.0
# How the library says that the other side has gone, or sent a line that is too long or too deep.
BROKEN = (QMPError, EOFError, OSError, ValueError, RecursionError)
# What the library logs of a dying QEMU is told by the machine's own end.
logging.getLogger("qemu.qmp").setLevel(logging.CRITICAL)


class Qmp:
    """Speaks QMP over a connected socket.

    The event loop has a thread of its own: an exception that a signal handler raises in the main thread would vanish in
    a callback of a loop that runs there, and goldsmith would not stop.
    """

    def __init__(
        self, connected: socket.socket, name: str, *, speaks_first: bool = True, what: str = "the machine's monitor"
    ) -> None:
        """A guest agent has the same language, but does not speak first, and nothing is negotiated with it. `what` is
        the other side in errors.
        """
        self._client = QMPClient(name)
        self._client.await_greeting = self._client.negotiate = speaks_first
        self._what = what
        self._listener = EventListener()
        self._events: deque[Mapping[str, Any]] = deque(maxlen=1024)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"qmp {name}", daemon=True)
        self._thread.start()
        self._closed = False
        self._gone = threading.Event()
        try:
            self._wait(self._open(connected), GREETING_SECONDS)
        except BaseException:
            self.close()
            raise

    def execute(
        self, command: str, arguments: Mapping[str, object] | None = None, *, within: float = ANSWER_SECONDS
    ) -> Any:
        """The answer to a command. Raises ProcessError if the machine is gone or does not answer `within` seconds."""
        return self._wait(self._client.execute(command, dict(arguments) if arguments else None), within)

    def ask(self, command: str) -> Future[Any]:
        """The answer that will come to a command; a caller that need not wait for it may drop it."""
        return asyncio.run_coroutine_threadsafe(self._client.execute(command), self._loop)

    def events(self) -> list[Mapping[str, Any]]:
        """The events that came since the last call, oldest first."""
        taken = []
        while self._events:
            taken.append(self._events.popleft())
        return taken

    def wait_gone(self, timeout: float) -> bool:
        """Whether the other side closed the connection within `timeout` seconds; then `events()` is complete."""
        return self._gone.wait(timeout)

    def close(self) -> None:
        """Safe to call twice and on a connection that never came up."""
        if self._closed:
            return
        self._closed = True
        ending = asyncio.run_coroutine_threadsafe(self._shut(), self._loop)
        try:
            ending.result(ANSWER_SECONDS)
        except TimeoutError:
            ending.cancel()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(ANSWER_SECONDS)
            if not self._thread.is_alive():
                self._loop.close()

    async def _open(self, connected: socket.socket) -> None:
        self._client.register_listener(self._listener)
        await self._client.connect(connected)
        self._tasks = [asyncio.ensure_future(self._collect()), asyncio.ensure_future(self._notice_end())]

    async def _collect(self) -> None:
        async for event in self._listener:
            self._events.append(event)

    async def _notice_end(self) -> None:
        while self._client.runstate is Runstate.RUNNING:
            await self._client.runstate_changed()
        await asyncio.sleep(0)
        self._gone.set()

    async def _shut(self) -> None:
        for task in getattr(self, "_tasks", []):
            task.cancel()
        with suppress(*BROKEN):
            await self._client.disconnect()

    def _wait(self, coroutine: Any, timeout: float) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout), self._loop)
        try:
            return future.result(timeout + 1)
        except ExecuteError as error:
            raise ProcessError(f"{self._what} refuses: {printable(str(error)[:200])}") from error
        except (TimeoutError, *BROKEN) as error:
            raise ProcessError(f"{self._what} does not answer: {error or type(error).__name__}") from error
