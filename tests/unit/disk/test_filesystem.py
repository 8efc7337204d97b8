"""Recognition on bytes that no file system is made of; real file systems are recognized in the integration tests."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.disk.filesystem import FileSystemKind, recognize


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"\0" * 70_000, b"\xff" * 70_000])
def test_nothing_is_recognized_in_noise(data: bytes) -> None:
    assert recognize(io.BytesIO(data)) is None


@pytest.mark.parametrize(
    ("at", "magic", "kind"),
    [
        (0, b"LUKS\xba\xbe", FileSystemKind.LUKS),
        (4096, b"\xfc\x4e\x2b\xa9\x01\0\0\0", FileSystemKind.RAID),
        (3, b"NTFS    ", FileSystemKind.NTFS),
        (1024, b"\x10\x20\xf5\xf2", FileSystemKind.F2FS),
        (0, b"hsqs", FileSystemKind.SQUASHFS),
    ],
)
def test_containers_and_rare_ones(at: int, magic: bytes, kind: FileSystemKind) -> None:
    found = recognize(io.BytesIO(b"\0" * 512 + (b"\0" * at + magic).ljust(80_000, b"\0")), 512)
    assert found is not None
    assert found.kind is kind


@given(st.binary(max_size=5000))
def test_no_bytes_raise(data: bytes) -> None:
    recognize(io.BytesIO(data))
