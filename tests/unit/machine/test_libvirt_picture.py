from __future__ import annotations

import pytest
from tests.integration.machine.png import pixels

from goldsmith.machine.drivers.libvirt_picture import PNG, as_png

RED, GREEN, BLUE = b"\xff\0\0", b"\0\xff\0", b"\0\0\xff"


def test_a_pixmap_becomes_png() -> None:
    png = as_png(b"P6\n3 2\n255\n" + RED + GREEN + BLUE + BLUE + GREEN + RED)
    assert png is not None
    assert pixels(png) == (3, 2, [RED, GREEN, BLUE, BLUE, GREEN, RED])


def test_png_stays_as_it_is() -> None:
    assert as_png(PNG + b"rest") == PNG + b"rest"


@pytest.mark.parametrize(
    "picture",
    [b"", b"P6\n3 2\n255\n" + RED, b"P6\n0 0\n255\n", b"P5\n1 1\n255\n1", b"P6\n99999 99999\n255\n"],
    ids=["nothing", "cut", "empty", "gray", "huge"],
)
def test_other_things_are_no_picture(picture: bytes) -> None:
    assert as_png(picture) is None
