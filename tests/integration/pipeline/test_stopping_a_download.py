"""A build that is stopped while its base is downloaded: the documented end, and the next run goes on from there."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., "subprocess.Popen[str]"]
Goldsmith = Callable[..., Any]

pytestmark = pytest.mark.process
PATIENCE = 60.0
CONTENT = bytes(8 << 20)
CHUNK = 256 << 10
RECIPE = """\
name: slow
version: "1.0"
base: {{url: "{address}/disk.raw", sha256: {sha256}}}
datasource: as-base
"""


@dataclass
class Site:
    """A server that sends a little of its file and then waits, until it is told not to; what was asked of it."""

    address: str = ""
    hurry: threading.Event = field(default_factory=threading.Event)
    ranges: list[str | None] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted is not None else 0
        handler.send_response(206 if wanted is not None else 200)
        if wanted is not None:
            handler.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.send_header("Content-Length", str(len(CONTENT) - start))
        handler.send_header("ETag", '"first"')
        handler.end_headers()
        for at in range(start, len(CONTENT), CHUNK):
            handler.wfile.write(CONTENT[at : at + CHUNK])
            self.hurry.wait(0.5)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                site.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    site.hurry.set()
    server.shutdown()
    thread.join()
    server.server_close()


def moving(events: Path) -> bool:
    """Bytes have come."""
    lines = events.read_text().splitlines(keepends=True) if events.exists() else []
    said: list[Mapping[str, Any]] = [json.loads(line) for line in lines if line.endswith("\n")]
    return any(event["event"] == "Progress" and event["done"] for event in said)


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_during_a_download(
    site: Site, started: Start, goldsmith: Goldsmith, environment: dict[str, str], tmp_path: Path,
    *, number: signal.Signals, code: int, word: str,
) -> None:  # fmt: skip
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "no_proxy": "127.0.0.1"}
    recipe, pool, events = tmp_path / "recipe.yaml", tmp_path / "pool", tmp_path / "events.jsonl"
    recipe.write_text(RECIPE.format(address=site.address, sha256=hashlib.sha256(CONTENT).hexdigest()))
    process = started("build", recipe, "--output", pool, "--events", events)
    deadline = time.monotonic() + PATIENCE
    while not moving(events):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [f"error: {word}"]
    assert list(pool.iterdir()) == []
    left = {path.name.partition("-")[0] for path in (tmp_path / "cache/goldsmith/bases").iterdir()}
    assert left == {"partial", "locks"}, "what came is kept"

    site.hurry.set()
    assert goldsmith("plan", recipe).code == 0
    first, second = site.ranges
    assert first is None
    assert second is not None
    assert int(second.removeprefix("bytes=").removesuffix("-")) >= CHUNK
