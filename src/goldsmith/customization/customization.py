"""Customizations: the kinds of recipe steps. Guest programs run here and nowhere else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from goldsmith.events import Emit, ignore
from goldsmith.guest.guest import Guest
from goldsmith.guest.info import GuestInfo


@dataclass(frozen=True)
class Session:
    """What a step of `customize` works with.

    `folder` is the recipe's: relative host paths start there. `variables` are what templates may name. Paths that a
    step puts into the guest on purpose are added to `declared`, so generalizing spares them.
    """

    guest: Guest
    info: GuestInfo
    folder: Path
    variables: Mapping[str, str]
    declared: set[str] = field(default_factory=set)
    emit: Emit = ignore


class Customization(BaseModel, ABC):
    """One kind of recipe step; a subclass per kind, its recipe key in KEY, one file each.

    What stands under the key in the recipe is the model's input. TOP_LEVEL kinds are keys of the recipe itself, the
    others items of `customize`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    KEY: ClassVar[str]
    TOP_LEVEL: ClassVar[bool] = False
    RUNS_PROGRAMS: ClassVar[bool] = False
    NEEDS_NETWORK: ClassVar[bool] = False

    def host_files(self) -> tuple[str, ...]:
        """Files of the host whose content decides the result, as the recipe names them (relative to its folder)."""
        return ()

    @abstractmethod
    def perform(self, session: Session) -> str:
        """Do it; a short summary such as "2 packages (+11)". Raises BuildError."""


_REGISTRY: dict[str, type[Customization]] = {}


def register(kind: type[Customization]) -> type[Customization]:
    """Class decorator: makes a kind known under its recipe key."""
    if kind.KEY in _REGISTRY:
        raise ValueError(f"two customizations have the key {kind.KEY}")
    _REGISTRY[kind.KEY] = kind
    return kind


def registered() -> Mapping[str, type[Customization]]:
    """Recipe key → kind, sorted; importing the package of kinds fills this."""
    return dict(sorted(_REGISTRY.items()))
