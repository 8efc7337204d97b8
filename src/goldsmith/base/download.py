"""Downloads over HTTP and HTTPS: resumed, digested while streaming, repeated where the network fails.

A partial file is only gone on with while the server says that its file is still the same one (If-Range, RFC 9110
§13.1.5); whatever it says, the digest decides in the end. Proxies come from the environment, as curl reads it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from goldsmith.base.checksum import Digest
from goldsmith.base.hashing import STEP, chunks
from goldsmith.disk.limits import full_disk_as_host_error, no_space
from goldsmith.errors import HostError, InputError, TrustError
from goldsmith.events import Emit, Note, Progress
from goldsmith.findings import printable

CHUNK = 1 << 20
ATTEMPTS = 5
# Seconds before the second attempt; doubled for each one after it.
PAUSE = 1.0
TIMEOUT = urllib3.Timeout(connect=15.0, read=60.0)
MAX_REDIRECTS = 10
REDIRECTS = {301, 302, 303, 307, 308}
# Worth another attempt: timeouts, rate limits and what a proxy says while its server restarts.
PASSING = {408, 425, 429, 500, 502, 503, 504}
# Checksum files of whole releases have some hundred kilobytes.
SMALL = 4 << 20
# Seconds between two events of progress.
OFTEN = 0.2


class _Broken(Exception):
    """The transfer stopped in a way that another attempt may mend."""


@dataclass(slots=True)
class _Transfer:
    """What has arrived so far. `validator` is the server's name for the state of its file (ETag or Last-Modified)."""

    partial: Path
    digest: Any
    done: int = 0
    validator: str | None = None
    resumed: bool = False
    shown: float = field(default=0.0)


def shown(url: str) -> str:
    """An address for people and records: without user, password and query, which may hold credentials."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return printable(urlunsplit((parts.scheme, host, parts.path, "", "")))


def file_name(url: str) -> str:
    """The last part of an address's path, decoded."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def download(url: str, partial: Path, expected: Digest, *, emit: Emit) -> None:
    """Fetch `url` into `partial`, going on where an earlier run stopped; afterwards it holds the expected bytes.

    Raises TrustError where the digest differs (nothing is kept then), InputError where the server has no such file,
    HostError where the network or the disk does not allow it; the partial file is kept for the next run but for a full
    disk.
    """
    try:
        with full_disk_as_host_error(partial.parent, f"downloading {shown(url)}"):
            transfer = _begin(partial, expected)
            if not _attempt(url, transfer, expected, emit):
                # What an earlier run left may be what is wrong: once more from nothing.
                _forget(partial)
                transfer = _begin(partial, expected)
                _attempt(url, transfer, expected, emit)
    except TrustError:
        _forget(partial)
        raise
    except HostError as error:
        if error.message.startswith("no space left"):
            _forget(partial)
        raise
    _sidecar(partial).unlink(missing_ok=True)


def read_small(url: str, *, limit: int = SMALL) -> bytes:
    """A small file, in memory; https stays https across redirects. Raises as `download`, TrustError where too long."""
    for number, pause in _pauses():
        try:
            with _opened(url, {}, downgrade=False) as response:
                _refuse_status(url, response.status)
                content = response.read(limit + 1, decode_content=False)
        except _Broken as error:
            _give_up(url, number, error)
            time.sleep(pause)
            continue
        if len(content) > limit:
            raise TrustError(f"{shown(url)} is longer than {limit >> 20} MiB: no checksum file", hint="check checksum:")
        return content
    raise AssertionError("the last attempt returns or raises")


def _attempt(url: str, transfer: _Transfer, expected: Digest, emit: Emit) -> bool:
    """Fetch the rest. False where the digest differs and an earlier run's part may be the cause."""
    for number, pause in _pauses():
        try:
            _stream(url, transfer, emit)
            break
        except _Broken as error:
            _give_up(url, number, error)
            emit(Note(f"the download of {shown(url)} broke off ({error}); going on after {transfer.done} bytes"))
            time.sleep(pause)
    actual = transfer.digest.hexdigest()
    if actual == expected.hex:
        return True
    if transfer.resumed:
        emit(Note(f"what was downloaded of {shown(url)} earlier does not fit: starting again", warning=True))
        return False
    raise TrustError(
        f"{shown(url)} has the {expected.algorithm} digest {actual}, not {expected.hex}",
        hint="was it replaced, or its checksum not yet? Compare with the vendor's page before you pin another one",
    )


def _begin(partial: Path, expected: Digest) -> _Transfer:
    transfer = _Transfer(partial, hashlib.new(expected.algorithm))
    try:
        transfer.validator = str(json.loads(_sidecar(partial).read_bytes())["validator"])
        with partial.open("rb", buffering=0) as file:
            for chunk in chunks(file):
                transfer.digest.update(chunk)
                transfer.done += len(chunk)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        _forget(partial)
        return _Transfer(partial, hashlib.new(expected.algorithm))
    transfer.resumed = transfer.done > 0
    return transfer


def _stream(url: str, transfer: _Transfer, emit: Emit) -> None:
    headers = {}
    if transfer.done and transfer.validator is not None:
        headers = {"Range": f"bytes={transfer.done}-", "If-Range": transfer.validator}
    elif transfer.done:
        _restart(transfer)
    with _opened(url, headers) as response:
        if response.status == 416:
            # The file there is not longer than our part: the digest tells whether it is the same.
            if response.headers.get("Content-Range", "") == f"bytes */{transfer.done}":
                return
            _restart(transfer)
            raise _Broken("the server's file is shorter now")
        _refuse_status(url, response.status)
        if response.status == 206:
            if not response.headers.get("Content-Range", "").startswith(f"bytes {transfer.done}-"):
                _restart(transfer)
                raise _Broken("the server sent another part than asked for")
        else:
            _restart(transfer)
        _remember(transfer, response.headers)
        length = response.headers.get("Content-Length", "")
        total = transfer.done + int(length) if length.isdecimal() else None
        _refuse_too_large(url, transfer.partial.parent, int(length) if length.isdecimal() else 0)
        with transfer.partial.open("ab") as file:
            for chunk in _body(response):
                file.write(chunk)
                transfer.digest.update(chunk)
                transfer.done += len(chunk)
                if time.monotonic() - transfer.shown > OFTEN:
                    transfer.shown = time.monotonic()
                    emit(Progress(STEP, transfer.done, total))
        emit(Progress(STEP, transfer.done, transfer.done))


def _body(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from response.stream(CHUNK, decode_content=False)
    except (HTTPError, OSError) as error:
        raise _Broken(_plain(error)) from error


def _restart(transfer: _Transfer) -> None:
    transfer.partial.write_bytes(b"")
    transfer.digest = hashlib.new(transfer.digest.name)
    transfer.done = 0
    transfer.validator = None
    transfer.resumed = False


def _remember(transfer: _Transfer, headers: Mapping[str, str]) -> None:
    tag = headers.get("ETag", "")
    # A weak tag does not promise equal bytes: RFC 9110 forbids it in If-Range.
    transfer.validator = tag if tag.startswith('"') else headers.get("Last-Modified")
    if transfer.validator is not None:
        _sidecar(transfer.partial).write_text(json.dumps({"validator": transfer.validator}), encoding="utf-8")
    else:
        _sidecar(transfer.partial).unlink(missing_ok=True)


@contextmanager
def _opened(url: str, headers: Mapping[str, str], *, downgrade: bool = True) -> Iterator[urllib3.BaseHTTPResponse]:
    """A response whose body has not been read, after redirects. `downgrade` lets https redirect to http."""
    origin = urlsplit(url)
    for _ in range(MAX_REDIRECTS):
        parts = urlsplit(url)
        sent = {"Accept-Encoding": "identity", "User-Agent": "goldsmith", **headers}
        if origin.username and parts.hostname == origin.hostname:
            sent |= urllib3.make_headers(basic_auth=f"{unquote(origin.username)}:{unquote(origin.password or '')}")
        with _pool(parts.scheme, parts.hostname or "") as pool:
            try:
                target = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
                response = pool.request(
                    "GET", target, headers=sent, timeout=TIMEOUT, retries=False, redirect=False, preload_content=False
                )
            except SSLError as error:
                raise TrustError(
                    f"{shown(url)}: the server's certificate cannot be verified: {_plain(error)}",
                    hint="is a proxy in between? Its authority belongs into this host's certificates (SSL_CERT_FILE)",
                ) from error
            except (HTTPError, OSError) as error:
                raise _Broken(_plain(error)) from error
            try:
                location = response.headers.get("Location")
                if response.status not in REDIRECTS or not location:
                    yield response
                    return
            finally:
                response.close()
        try:
            url = urljoin(url, location)
            scheme = urlsplit(url).scheme
        except ValueError as error:
            raise InputError(f"{shown(origin.geturl())} redirects to what is no address: {error}") from error
        if scheme not in {"http", "https"}:
            raise TrustError(f"{shown(origin.geturl())} redirects to {shown(url)}, which is not on the web")
        if not downgrade and origin.scheme == "https" and scheme != "https":
            raise TrustError(f"{shown(origin.geturl())} redirects to {shown(url)}, without TLS")
    raise InputError(f"{shown(origin.geturl())} redirects more than {MAX_REDIRECTS} times", hint="check the address")


def _pool(scheme: str, host: str) -> urllib3.PoolManager:
    proxy = urllib.request.getproxies().get(scheme)
    if proxy is None or urllib.request.proxy_bypass(host):
        return urllib3.PoolManager(num_pools=1)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    headers = None
    if parts.username:
        headers = urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
    address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
    return urllib3.ProxyManager(address, num_pools=1, proxy_headers=headers)


def _refuse_status(url: str, status: int) -> None:
    if status in {200, 206}:
        return
    if status in PASSING:
        raise _Broken(f"the server says {status}")
    hint = "check the address" if status in {404, 410} else "does it need a login? Download it yourself and use file:"
    raise InputError(f"{shown(url)} cannot be fetched: the server says {status}", hint=hint)


def _refuse_too_large(url: str, folder: Path, rest: int) -> None:
    system = os.statvfs(folder)
    if rest > system.f_bavail * system.f_frsize:
        raise no_space(folder, f"downloading {shown(url)} ({rest >> 20} MiB to go)")


def _pauses() -> Iterator[tuple[int, float]]:
    for number in range(1, ATTEMPTS + 1):
        yield number, PAUSE * 2 ** (number - 1)


def _give_up(url: str, number: int, error: _Broken) -> None:
    if number == ATTEMPTS:
        raise HostError(
            f"{shown(url)} cannot be fetched: {error}",
            hint="check network, name service and proxy (http_proxy, https_proxy); run again to go on from here",
        ) from error


def _plain(error: BaseException) -> str:
    """What a library's exception says, without the object that it begins with."""
    text = str(error.args[-1] if error.args and isinstance(error.args[-1], str) else error)
    return printable(text.rpartition(">: ")[2] or type(error).__name__)[:200]


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _sidecar(partial).unlink(missing_ok=True)


def _sidecar(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")
