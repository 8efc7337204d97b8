"""Text in GRUB's packed core is replaced, and nothing else is touched."""

from __future__ import annotations

import lzma
import struct
from random import Random

import pytest

from goldsmith.disk.grub_core import LARGEST, PACKED, SECTOR, core_at, patch
from goldsmith.errors import BuildError

OLD, NEW = b"44407751-9de4-4830-aa1c-79258142cb8c", b"4e08371c-5aa2-5eb6-a9e2-fe5443b682a3"
KERNEL = bytes(range(256)) * 40 + b"mimg" + b"search.fs_uuid " + OLD + b" root hd0,gpt1\n" + b"\0" * 900
DECOMPRESSOR = b"\x90" * 2848


def core(kernel: bytes = KERNEL, *, sectors: int = 40, correction: int = 0, size: int | None = None) -> bytes:
    """A core as grub-install leaves it: first sector with a list of blocks, decompressor, packed kernel."""
    packed = lzma.compress(kernel, lzma.FORMAT_RAW, filters=[PACKED])
    first = bytearray(SECTOR)
    struct.pack_into("<QHH", first, SECTOR - 12, 2049, sectors, 0x820)
    decompressor = bytearray(DECOMPRESSOR)
    struct.pack_into("<III", decompressor, 8, len(packed), len(kernel) if size is None else size, correction)
    return (bytes(first) + decompressor + packed).ljust(LARGEST // 64, b"\0")


def unpacked(content: bytes) -> bytes:
    packed, size, correction = struct.unpack_from("<III", content, SECTOR + 8)
    assert correction == 0, "GRUB would mend what was changed on purpose"
    start = SECTOR + len(DECOMPRESSOR)
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[PACKED]).decompress(content[start : start + packed], size)


@pytest.mark.parametrize("correction", [0, 4096])
def test_the_text_is_another_and_all_else_as_before(correction: int) -> None:
    made = patch(core(correction=correction), {OLD: NEW})
    assert made is not None
    assert made.places == 1
    assert len(made.content) == 41 * SECTOR
    assert unpacked(made.content) == KERNEL.replace(OLD, NEW)
    assert made.content[:SECTOR] == core()[:SECTOR]


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"\0" * LARGEST,
        core(KERNEL.replace(OLD, NEW)),
        core(KERNEL.replace(b"mimg", b"none")),
        core(sectors=2),
        core(size=LARGEST + 1),
        core(size=len(KERNEL) - 1)[: SECTOR * 3],
        bytes(range(256)) * 256,
    ],
)
def test_what_is_no_core_or_names_nothing_stays(given: bytes) -> None:
    assert patch(given, {OLD: NEW}) is None


def test_a_core_that_would_not_fit_is_refused() -> None:
    plain = [bytes([65 + number]) * 36 for number in range(50)]
    kernel = KERNEL + b"".join(plain)
    packed = len(lzma.compress(kernel, lzma.FORMAT_RAW, filters=[PACKED]))
    sectors = (SECTOR + len(DECOMPRESSOR) + packed) // SECTOR
    random = Random(0)
    with pytest.raises(BuildError, match="has no room"):
        patch(core(kernel, sectors=sectors), {text: random.randbytes(36) for text in plain})


def test_the_first_sector_says_where_the_core_lies() -> None:
    boot = bytearray(SECTOR)
    struct.pack_into("<Q", boot, 0x5C, 2048)
    assert core_at(bytes(boot)) is None
    boot[0x180:0x186] = b"GRUB \0"
    assert core_at(bytes(boot)) == 2048 * SECTOR
    struct.pack_into("<Q", boot, 0x5C, 0)
    assert core_at(bytes(boot)) is None
    assert core_at(bytes(boot[:100])) is None
