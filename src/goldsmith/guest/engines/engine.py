"""What an engine is to those who choose one: whether it works on this host, why or why not, and what would help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """`why` is one line; `hint` is the install line or what else to do, None where the engine is usable."""

    usable: bool
    why: str
    hint: str | None = None
