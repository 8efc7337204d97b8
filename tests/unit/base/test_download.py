"""Downloads from a real server on the loopback, which misbehaves as told."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from goldsmith.base import download as module
from goldsmith.base.base import Base
from goldsmith.base.cache import Cache
from goldsmith.base.checksum import Digest
from goldsmith.base.download import download, read_small, shown
from goldsmith.base.sources.url import UrlSource
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.errors import HostError, InputError, TrustError
from goldsmith.events import Event, Note, Progress, ignore

CONTENT = b"\xeb\x63" + bytes(508) + b"\x55\xaa" + bytes(range(256)) * 8192
EXPECTED = Digest("sha256", hashlib.sha256(CONTENT).hexdigest())


@dataclass
class Site:
    """A web site: its files, and how it behaves. `requests` are (path, Range, If-Range) as they came."""

    files: dict[str, bytes] = field(default_factory=dict)
    tag: str | None = '"first"'
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    authorization: list[str | None] = field(default_factory=list)
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    address: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.requests.append((handler.path, wanted, handler.headers.get("If-Range")))
        self.authorization.append(handler.headers.get("Authorization"))
        if self.statuses:
            return self._empty(handler, self.statuses.pop(0))
        if handler.path in self.redirects:
            handler.send_response(302)
            handler.send_header("Location", self.redirects[handler.path])
            handler.send_header("Content-Length", "0")
            return handler.end_headers()
        content = self.files.get(handler.path)
        if content is None:
            return self._empty(handler, 404)
        start = 0
        if self.ranges and wanted is not None and handler.headers.get("If-Range") == self.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{len(content)}")
                handler.send_header("Content-Length", "0")
                return handler.end_headers()
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) - start))
        if self.tag is not None:
            handler.send_header("ETag", self.tag)
        handler.end_headers()
        body = content[start:]
        if self.cut_after:
            handler.wfile.write(body[: self.cut_after.pop(0)])
            handler.close_connection = True
            return None
        handler.wfile.write(body)
        return None

    def _empty(self, handler: BaseHTTPRequestHandler, status: int) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site({"/disk.raw": CONTENT})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                site.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    return tmp_path / "partial"


def fetch(site: Site, partial: Path, emit: Callable[[Event], None] = ignore) -> None:
    download(f"{site.address}/disk.raw", partial, EXPECTED, emit=emit)


def resolve(source: UrlSource, emit: Callable[[Event], None] = ignore, *, offline: bool = False) -> Base:
    return source.resolve(folder=Path(), arch="x86_64", offline=offline, refresh=False, emit=emit)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file(site: Site, partial: Path, events: list[Event]) -> None:
    fetch(site, partial, events.append)
    assert partial.read_bytes() == CONTENT
    assert site.requests == [("/disk.raw", None, None)]
    assert events[-1] == Progress("base", len(CONTENT), len(CONTENT))


def test_a_cut_connection_goes_on_where_it_stopped(site: Site, partial: Path, events: list[Event]) -> None:
    site.cut_after = [100_000, 200_000]
    fetch(site, partial, events.append)
    assert partial.read_bytes() == CONTENT
    assert site.requests == [
        ("/disk.raw", None, None),
        ("/disk.raw", "bytes=100000-", '"first"'),
        ("/disk.raw", "bytes=300000-", '"first"'),
    ]
    assert len([event for event in events if isinstance(event, Note)]) == 2


def test_the_next_run_goes_on_too(site: Site, partial: Path) -> None:
    site.cut_after = [50_000] * module.ATTEMPTS
    with pytest.raises(HostError, match="cannot be fetched") as raised:
        fetch(site, partial)
    assert raised.value.exit_code == 3
    assert partial.stat().st_size == 250_000
    fetch(site, partial)
    assert site.requests[-1] == ("/disk.raw", "bytes=250000-", '"first"')
    assert partial.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_fetched_anew(site: Site, partial: Path) -> None:
    site.files["/disk.raw"] = bytes(len(CONTENT))
    site.cut_after = [50_000] * module.ATTEMPTS
    with pytest.raises(HostError):
        fetch(site, partial)
    site.files["/disk.raw"], site.tag = CONTENT, '"second"'
    fetch(site, partial)
    assert partial.read_bytes() == CONTENT


def test_a_server_without_ranges_is_read_from_the_start(site: Site, partial: Path) -> None:
    site.ranges = False
    site.cut_after = [100_000]
    fetch(site, partial)
    assert partial.read_bytes() == CONTENT


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_strong_validator_nothing_is_resumed(tag: str | None, site: Site, partial: Path) -> None:
    site.tag = tag
    site.cut_after = [100_000]
    fetch(site, partial)
    assert site.requests[1] == ("/disk.raw", None, None)
    assert partial.read_bytes() == CONTENT


def test_a_complete_part_needs_no_bytes(site: Site, partial: Path) -> None:
    partial.write_bytes(CONTENT)
    partial.with_name("partial.json").write_text('{"validator": "\\"first\\""}')
    fetch(site, partial)
    assert site.requests == [("/disk.raw", f"bytes={len(CONTENT)}-", '"first"')]


def test_a_part_that_does_not_fit_is_given_up_once(site: Site, partial: Path, events: list[Event]) -> None:
    partial.write_bytes(b"!" * 1000)
    partial.with_name("partial.json").write_text('{"validator": "\\"first\\""}')
    fetch(site, partial, events.append)
    assert partial.read_bytes() == CONTENT
    assert [event.warning for event in events if isinstance(event, Note)] == [True]


def test_a_wrong_digest_leaves_nothing(site: Site, partial: Path) -> None:
    site.files["/disk.raw"] = CONTENT[:-1] + b"!"
    with pytest.raises(TrustError, match="has the sha256 digest") as raised:
        fetch(site, partial)
    assert raised.value.exit_code == 4
    assert names(partial.parent) == []


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (403, 1), (401, 1), (503, 5), (429, 5)])
def test_what_the_server_refuses(status: int, attempts: int, site: Site, partial: Path) -> None:
    site.statuses = [status] * 5
    with pytest.raises((InputError, HostError), match=f"the server says {status}"):
        fetch(site, partial)
    assert len(site.requests) == attempts


def test_a_server_that_recovers(site: Site, partial: Path) -> None:
    site.statuses = [503, 500]
    fetch(site, partial)
    assert partial.read_bytes() == CONTENT


def test_nobody_listens(partial: Path, monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    with pytest.raises(HostError, match=r"cannot be fetched: .*refused"):
        download("http://127.0.0.1:1/disk.raw", partial, EXPECTED, emit=ignore)
    assert site.requests == []


def test_redirects_are_followed_and_loops_are_not(site: Site, partial: Path) -> None:
    site.redirects = {"/latest": "/disk.raw", "/a": "/b", "/b": "/a"}
    download(f"{site.address}/latest", partial, EXPECTED, emit=ignore)
    assert partial.read_bytes() == CONTENT
    with pytest.raises(InputError, match="redirects more than"):
        download(f"{site.address}/a", partial, EXPECTED, emit=ignore)


def test_a_redirect_off_the_web(site: Site, partial: Path) -> None:
    site.redirects = {"/latest": "file:///etc/passwd"}
    with pytest.raises(TrustError, match="not on the web"):
        download(f"{site.address}/latest", partial, EXPECTED, emit=ignore)


def test_a_redirect_to_nonsense(site: Site, partial: Path) -> None:
    site.redirects = {"/latest": "http://[nonsense"}
    with pytest.raises(InputError, match="redirects to what is no address"):
        download(f"{site.address}/latest", partial, EXPECTED, emit=ignore)


def test_credentials_go_to_their_host_and_are_not_shown(site: Site, partial: Path) -> None:
    url = site.address.replace("//", "//user:pass%20word@") + "/disk.raw?token=secret"
    site.files["/disk.raw?token=secret"] = b"other"
    with pytest.raises(TrustError) as raised:
        download(url, partial, EXPECTED, emit=ignore)
    assert site.authorization == ["Basic dXNlcjpwYXNzIHdvcmQ="]
    assert shown(url) == f"{site.address}/disk.raw"
    assert not any(word in str(raised.value) for word in ("user", "pass", "token", "secret"))


def test_an_endless_checksum_file(site: Site) -> None:
    site.files["/sums"] = b"x" * 2000
    assert read_small(f"{site.address}/sums") == b"x" * 2000
    with pytest.raises(TrustError, match="is longer than"):
        read_small(f"{site.address}/sums", limit=1999)


def test_a_full_disk_leaves_nothing(site: Site, partial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.cut_after = [100_000]
    monkeypatch.setattr(module, "_refuse_too_large", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(HostError, match="no space left in"):
        fetch(site, partial)
    assert names(partial.parent) == []


def test_a_pinned_address_becomes_a_base(site: Site, cache: Cache) -> None:
    source = UrlSource(url=f"{site.address}/disk.raw", sha256=EXPECTED.hex)
    base = resolve(source)
    assert base.trust == Trust(TrustLevel.PINNED, EXPECTED.hex)
    assert base.sha256 == EXPECTED.hex
    assert base.origin == f"{site.address}/disk.raw"
    assert resolve(source).cached
    assert resolve(source, offline=True).disk == base.disk
    assert len(site.requests) == 1
    assert cache.clear_stale(partials=True) == ()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_checksum_file_settles_the_bytes(algorithm: str, site: Site, cache: Cache) -> None:
    site.files["/SUMS"] = f"{hashlib.new(algorithm, CONTENT).hexdigest()}  disk.raw\n".encode()
    source = UrlSource(url=f"{site.address}/disk.raw", checksum=f"{site.address}/SUMS")
    base = resolve(source)
    assert base.sha256 == EXPECTED.hex
    # The loopback's http is let through, but nobody vouches for it.
    assert base.trust == Trust(TrustLevel.NONE)
    assert resolve(source).cached
    assert resolve(source, offline=True).disk == base.disk
    assert [path for path, _, _ in site.requests] == ["/SUMS", "/disk.raw", "/SUMS"]
    assert cache.clear_stale(partials=True) == ()


def test_a_rolling_image_is_fetched_when_its_checksum_moves(site: Site, cache: Cache) -> None:
    source = UrlSource(url=f"{site.address}/disk.raw", checksum=f"{site.address}/SUMS")
    digests = []
    for content in (CONTENT, CONTENT + bytes(512)):
        site.files |= {"/disk.raw": content, "/SUMS": f"{hashlib.sha256(content).hexdigest()}  disk.raw\n".encode()}
        digests.append(resolve(source).sha256)
    assert digests[0] != digests[1]
    assert resolve(source, offline=True).sha256 == digests[1]
    assert len({entry.sha256 for entry in cache.entries()}) == 2


def test_a_packed_download_is_unpacked(site: Site, cache: Cache) -> None:
    packed = gzip.compress(CONTENT)
    site.files["/disk.raw.gz"] = packed
    source = UrlSource(url=f"{site.address}/disk.raw.gz", sha256=hashlib.sha256(packed).hexdigest())
    base = resolve(source)
    assert base.sha256 == EXPECTED.hex
    assert base.disk.path.read_bytes() == CONTENT
    assert resolve(source).cached
    assert len(cache.entries()) == 1


def test_a_wrong_image_leaves_nothing_in_the_cache(site: Site, cache: Cache) -> None:
    with pytest.raises(TrustError):
        resolve(UrlSource(url=f"{site.address}/disk.raw", sha256="ab" * 32))
    assert names(cache.root) == ["locks"]
