"""What rules over bytes are about: what was searched for, and where it was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from goldsmith.disk.scan import Hit
from goldsmith.secrets import Secret

FORMS = ("as it is", "encoded")


@dataclass(frozen=True, slots=True)
class Found:
    """A place of one of the patterns: a byte of the virtual disk, or something of a path of a tree (`path`)."""

    name: str
    form: str
    where: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class BytesSubject:
    """`names` are what was searched for; `unread` says what nothing could look at."""

    names: tuple[str, ...]
    found: tuple[Found, ...]
    unread: tuple[str, ...] = ()


def patterns_of(canaries: Iterable[Secret]) -> Mapping[str, bytes]:
    """What to search for, by names that `found_on_disk` understands: each canary plain, in Base64 wherever in a longer
    text it begins, and URL-encoded.
    """
    return {
        f"{canary.name}\n{FORMS[number > 0]}\n{number}": form
        for canary in canaries
        for number, form in enumerate(canary.canaries())
    }


def name_and_form(pattern: str) -> tuple[str, str]:
    """The canary and its form that the name of a pattern stands for."""
    name, form, _ = pattern.split("\n")
    return name, form


def found_on_disk(hits: Iterable[Hit]) -> tuple[Found, ...]:
    """The hits of a scan as evidence."""
    return tuple(Found(*name_and_form(hit.name), _where(hit)) for hit in hits)


def _where(hit: Hit) -> str:
    if hit.partition:
        return f"byte {hit.offset} (partition {hit.partition})"
    return f"byte {hit.offset}" + (" (outside of all partitions)" if hit.partition is None else "")
