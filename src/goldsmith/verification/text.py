"""Compares a text from a guest with what a recipe asks of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.recipe.check import TextWanted
from goldsmith.recipe.checks import expression


def missed(wanted: TextWanted, content: bytes) -> Iterator[str]:
    """What of it does not hold, in words that follow "it". Line breaks at the end do not count for `equals`."""
    text = content.decode("utf-8", "replace")
    if wanted.equals is not None and text.rstrip("\r\n") != wanted.equals.rstrip("\r\n"):
        yield "is another text"
    if wanted.contains is not None and wanted.contains not in text:
        yield "does not contain it"
    # RE2 takes time that grows with the text and not with the expression: both may be a stranger's.
    if wanted.matches is not None and expression(wanted.matches).search(text) is None:
        yield "does not match"
