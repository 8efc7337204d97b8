"""Under which circumstances evidence was gathered: what a reader needs to judge it and to gather it again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`created` is UTC in ISO 8601; `goldsmith` is the version that gathered the evidence; `image` is the name of the
    image or the path of the disk; `again` are the words after `goldsmith verify` that verify it again, none where that
    is not known; `kvm` says whether machines were accelerated, and `why` they were or not; `speed` is relative to a
    current processor with KVM: 0.2 is five times slower; `size` is that of the sealed file, in bytes.
    """

    created: str
    goldsmith: str
    kvm: bool
    why: str
    speed: float
    size: int
    image: str = ""
    again: tuple[str, ...] = ()
