"""What needs a program or a certificate: zstd, and checksum files over TLS."""

from __future__ import annotations

import hashlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldsmith.base import download as downloads
from goldsmith.base import unpack as unpacking
from goldsmith.base.packing import Packer
from goldsmith.base.sources.file import FileSource
from goldsmith.base.sources.url import UrlSource
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.base.unpack import unpack
from goldsmith.errors import InputError, TrustError
from goldsmith.events import ignore
from goldsmith.run import run

pytestmark = pytest.mark.process
IMAGE = b"\xeb\x63" + bytes(508) + b"\x55\xaa" + b"partitions" * 1000 + bytes(1 << 20)


def zstd(folder: Path, content: bytes, name: str = "disk.raw") -> Path:
    (folder / name).write_bytes(content)
    run(["zstd", "-q", "--rm", str(folder / name)], timeout=60)
    return folder / f"{name}.zst"


def test_zstd_is_unpacked(tmp_path: Path, own_folders: Path) -> None:
    packed = zstd(tmp_path, IMAGE)
    base = FileSource(file=str(packed)).resolve(folder=Path(), arch="x86_64", offline=False, refresh=False, emit=ignore)
    assert base.disk.path.read_bytes() == IMAGE
    assert base.disk.path.is_relative_to(own_folders)


def test_zstd_that_ends_early(tmp_path: Path) -> None:
    packed = zstd(tmp_path, IMAGE)
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"x is no whole \.zst file"):
        unpack(packed, Packer.ZSTD, tmp_path / "out", lambda _: None, name="x")


def test_zstd_that_grows_beyond_all_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = zstd(tmp_path, bytes(range(256)) * (8 << 12))
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1 << 20)
    with pytest.raises(TrustError, match="grows beyond"):
        unpack(packed, Packer.ZSTD, tmp_path / "out", lambda _: None, name="x")


@pytest.fixture
def tls_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web site with a certificate for localhost of its own, which this process trusts."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "disk.raw").write_bytes(IMAGE)
    (site / "SHA512SUMS").write_text(f"{hashlib.sha512(IMAGE).hexdigest()}  disk.raw\n")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out",
         str(certificate)],
        timeout=60,
    )  # fmt: skip

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(site))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("no_proxy", "localhost")
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def source(site: str) -> UrlSource:
    return UrlSource(url=f"{site}/disk.raw", checksum=f"{site}/SHA512SUMS")


def test_a_checksum_file_over_tls_is_trusted_as_far_as_tls(tls_site: str, own_folders: Path) -> None:
    base = source(tls_site).resolve(folder=Path(), arch="x86_64", offline=False, refresh=False, emit=ignore)
    assert base.trust == Trust(TrustLevel.TLS, f"{tls_site}/SHA512SUMS")
    assert base.sha256 == hashlib.sha256(IMAGE).hexdigest()
    assert base.disk.path.is_relative_to(own_folders)


def test_a_certificate_that_nobody_vouches_for(
    tls_site: str, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(TrustError, match="certificate cannot be verified"):
        source(tls_site).resolve(folder=Path(), arch="x86_64", offline=False, refresh=False, emit=ignore)
    assert own_folders.is_dir()
