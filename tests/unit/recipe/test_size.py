"""Sizes as people write them."""

from __future__ import annotations

import pytest

from goldsmith.recipe.size import parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [("10G", 10 << 30), ("512 MiB", 512 << 20), ("1t", 1 << 40), ("2048K", 2 << 20), (" 8GiB ", 8 << 30)],
)
def test_sizes_are_powers_of_1024(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10GB", "is ambiguous: GB is read as 1000 by some and as 1024 by others"),
        ("10", "is no size"),
        ("G", "is no size"),
        ("1.5G", "is no size"),
        ("-1G", "is no size"),
        ("٣G", "is no size"),
        ("0G", "is out of range: from 1M to 64T"),
        ("65T", "is out of range: from 1M to 64T"),
    ],
)
def test_what_is_no_size_says_why(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^is ") as caught:
        parse_size(text)
    assert str(caught.value) == said


@pytest.mark.parametrize(("size", "text"), [(10 << 30, "10G"), (1536 << 20, "1.5G"), (100, "100 bytes")])
def test_a_size_is_shown_as_it_would_be_written(size: int, text: str) -> None:
    assert show_size(size) == text
