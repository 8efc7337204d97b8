"""A guest behind a worker: the guest protocol spoken over a socket to the process that holds all that is dangerous."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from goldsmith.disk.limits import is_full, no_space
from goldsmith.errors import (
    BuildError,
    ConflictError,
    GoldsmithError,
    HostError,
    InputError,
    ProcessError,
    TrustError,
)
from goldsmith.findings import printable
from goldsmith.guest.change import Plan
from goldsmith.guest.guest import Features, GuestProgram
from goldsmith.guest.index import Index
from goldsmith.guest.worker import wire
from goldsmith.run import Running, running

MAIN = str(Path(__file__).with_name("worker") / "main.py")
ERRORS: Mapping[str, type[GoldsmithError]] = {
    kind.__name__: kind for kind in (BuildError, ConflictError, HostError, InputError, TrustError)
}
# Seconds. An appliance under emulation on a loaded machine takes a minute to start; the rest are generous bounds of
# operations that take seconds, so that a worker that hangs is told from one that is slow.
OPEN_TIMEOUT = 600.0
REQUEST_TIMEOUT = 1800.0
CLOSE_TIMEOUT = 300.0
# How long an orderly end may take after something else went wrong.
ABANDON_TIMEOUT = 20.0
# Above a program's own time limit, for starting and ending it.
RUN_MARGIN = 120.0


class WorkerGuest:
    """The goldsmith side of a worker. Every request is answered in order; one that fails leaves the guest open."""

    def __init__(self, engine: str, channel: socket.socket, process: Running, log: Path) -> None:
        self.engine = engine
        self._channel = channel
        self._process = process
        self._log = log
        self._pending = False
        self._closed = False
        self.features = Features(can_run=False, can_trim=False)

    def open(self, request: wire.Message) -> None:
        answer = self._ask({"do": "open", **request}, OPEN_TIMEOUT)
        self.features = Features(can_run=bool(answer["can_run"]), can_trim=bool(answer["can_trim"]))

    def index(self, roots: Sequence[str] = ("/",), *, digests: bool = False) -> Index:
        answer = self._ask({"do": "index", "roots": list(roots), "digests": digests}, REQUEST_TIMEOUT)
        return wire.unpack_index(answer["index"])

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        answer = self._ask({"do": "read", "path": path, "limit": limit}, REQUEST_TIMEOUT)
        return wire.unpack_bytes(answer["content"])

    def apply(self, plan: Plan) -> None:
        self._ask({"do": "apply", "plan": wire.pack_plan(plan)}, REQUEST_TIMEOUT)

    def run(
        self,
        argv: Sequence[str],
        *,
        network: bool = False,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        timeout: float = 600.0,
    ) -> GuestProgram:
        request = {
            "do": "run",
            "argv": list(argv),
            "network": network,
            "stdin": wire.pack_bytes(stdin),
            "env": [list(pair) for pair in (env or {}).items()],
            "files": [[name, wire.pack_bytes(content)] for name, content in (files or {}).items()],
            "timeout": timeout,
        }
        return wire.unpack_program(self._ask(request, timeout + RUN_MARGIN)["program"])

    def sync(self) -> None:
        self._ask({"do": "sync"}, REQUEST_TIMEOUT)

    def trim(self) -> None:
        self._ask({"do": "trim"}, REQUEST_TIMEOUT)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._ask({"do": "close"}, CLOSE_TIMEOUT)

    def abandon(self) -> None:
        """End in good order if that is quick: a disk changed in place should not be left with a dirty file system."""
        if self._closed:
            return
        self._closed = True
        deadline = time.monotonic() + ABANDON_TIMEOUT
        try:
            self._channel.settimeout(ABANDON_TIMEOUT)
            if self._pending:
                wire.send(self._channel, {"do": "cancel"})
            wire.send(self._channel, {"do": "close"})
            for _ in range(2 if self._pending else 1):
                self._channel.settimeout(max(0.1, deadline - time.monotonic()))
                wire.receive(self._channel)
        except (OSError, BuildError):
            return

    def _ask(self, request: wire.Message, timeout: float) -> wire.Message:
        """Raises what the worker raised, or BuildError where it is gone or does not answer within `timeout` seconds."""
        what = str(request["do"])
        try:
            self._channel.settimeout(timeout)
            wire.send(self._channel, request)
            self._pending = True
            answer = wire.receive(self._channel)
        except TimeoutError:
            self._fail()
            raise BuildError(f"the guest's worker did not answer {what} within {timeout:.0f} s") from None
        except OSError as error:
            self._fail()
            raise self._gone(what) from error
        if answer is None:
            self._fail()
            raise self._gone(what)
        self._pending = False
        if "error" in answer:
            raise _error(answer["error"])
        return answer

    def _fail(self) -> None:
        self._closed = True
        self._process.end()

    def _gone(self, what: str) -> BuildError:
        lines = self._log.read_bytes().decode("utf-8", "replace").splitlines()[-20:]
        return ProcessError(
            f"the worker of the engine {self.engine} died during {what}", log_tail=[printable(line) for line in lines]
        )


def _error(row: wire.Message) -> Exception:
    if row["kind"] == "FileNotFoundError":
        return FileNotFoundError(row["errno"], row["message"], row["path"])
    if row["kind"] == "ProcessError":
        return ProcessError(row["message"], log_tail=row["log_tail"], hint=row["hint"])
    return ERRORS.get(row["kind"], BuildError)(row["message"], hint=row["hint"])


@contextmanager
def worker(
    engine: str,
    prefix: Sequence[str],
    request: wire.Message,
    *,
    scratch: Path,
    env: Mapping[str, str] | None = None,
) -> Iterator[WorkerGuest]:
    """A guest opened by a worker of its own, which ends with the block, well or not.

    `prefix` are the programs that start the worker, such as unshare with its options.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="worker-", dir=scratch)))
        log = stack.enter_context((folder / "log").open("wb"))
        ours, theirs = socket.socketpair()
        stack.enter_context(ours)
        with theirs:
            argv = [*prefix, sys.executable, "-I", MAIN, str(theirs.fileno())]
            process = stack.enter_context(running(argv, log=log, env=env, pass_fds=[theirs.fileno()]))
        guest = WorkerGuest(engine, ours, process, folder / "log")
        try:
            guest.open({**request, "engine": engine, "folder": str(folder)})
            yield guest
        except BuildError as error:
            guest.abandon()
            # Whatever the guest made of a write that the host had no room for: this is the cause.
            disk = Path(request["chain"][0][0])
            if is_full(disk.parent):
                raise no_space(disk.parent, f"changing {disk}") from error
            raise
        except BaseException:
            guest.abandon()
            raise
        guest.close()
