"""Customizations: the kinds of recipe steps. Guest programs run here and nowhere else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from goldsmith.events import Emit, ignore
from goldsmith.guest.guest import Guest
from goldsmith.guest.info import GuestInfo
from goldsmith.secrets import NO_SECRETS, Secrets


@dataclass(slots=True)
class PackageLists:
    """What the guest's package lists were last refreshed from: a digest of its package sources; None: not yet."""

    refreshed_from: str | None = None


def discard(output: bytes) -> None:
    """An `output` for callers that keep no log."""


@dataclass(frozen=True)
class Session:
    """What a step of `customize` works with.

    `folder` is the recipe's: relative host paths start there. `variables` are what templates may name. Paths that a
    step puts into the guest on purpose are added to `declared`, so generalizing spares them. What guest programs print
    goes to `output`, without the `secrets`, which are shown to the steps that name them.
    """

    guest: Guest
    info: GuestInfo
    folder: Path
    variables: Mapping[str, str]
    declared: set[str] = field(default_factory=set)
    emit: Emit = ignore
    output: Callable[[bytes], None] = discard
    lists: PackageLists = field(default_factory=PackageLists)
    secrets: Secrets = NO_SECRETS


class Customization(BaseModel, ABC):
    """One kind of recipe step; a subclass per kind, its recipe key in KEY, one file each.

    What stands under the key in the recipe is the model's input; a kind whose input is no mapping is a RootModel
    too. TOP_LEVEL kinds are keys of the recipe itself, the others items of `customize`. EXAMPLE is YAML as it
    stands in a recipe, for the reference page. RUNS_PROGRAMS and NEEDS_NETWORK say what the kind may do,
    `needs_network` what this step does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    KEY: ClassVar[str]
    TOP_LEVEL: ClassVar[bool] = False
    RUNS_PROGRAMS: ClassVar[bool] = False
    NEEDS_NETWORK: ClassVar[bool] = False
    EXAMPLE: ClassVar[str]

    def needs_network(self) -> bool:
        """Whether this step reaches out from the guest."""
        return self.NEEDS_NETWORK

    def host_files(self, folder: Path | None = None) -> tuple[str, ...]:
        """Files of the host whose content decides the result, as the recipe names them; what is missing is named too.

        Told the recipe's `folder`, a step names all files below a folder, sorted, instead of the folder.
        """
        return ()

    def template_variables(self) -> frozenset[str]:
        """The variables that the step's templates name."""
        return frozenset()

    def named_secrets(self) -> tuple[str, ...]:
        """The secrets of the recipe that this step may see."""
        return ()

    def check(self, folder: Path) -> None:
        """Look at the host's files that the step names, without a guest. Raises InputError."""
        return

    @abstractmethod
    def perform(self, session: Session) -> str:
        """Do it; a short summary such as "2 packages (+11)". Raises BuildError."""


_REGISTRY: dict[str, type[Customization]] = {}
Kind = TypeVar("Kind", bound=Customization)


def register(kind: type[Kind]) -> type[Kind]:
    """Class decorator: makes a kind known under its recipe key."""
    if kind.KEY in _REGISTRY:
        raise ValueError(f"two customizations have the key {kind.KEY}")
    _REGISTRY[kind.KEY] = kind
    return kind


def registered() -> Mapping[str, type[Customization]]:
    """Recipe key → kind, sorted; importing the package of kinds fills this."""
    return dict(sorted(_REGISTRY.items()))
