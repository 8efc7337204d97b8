"""Sources: the ways a recipe names its base, each a model that knows how to become one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from goldsmith.base.base import Base
from goldsmith.events import Emit


class Source(BaseModel, ABC):
    """What stands under `base:` in a recipe; a subclass per way, its key in KEY, one file each."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    KEY: ClassVar[str]

    @abstractmethod
    def identity(self, folder: Path) -> str | None:
        """A stable digest of what the base will be, known without network and without any work.

        "sha256:<digest>" of the bytes that the recipe names (still packed, if they are), or "bootstrap:<digest>" of
        what goes into a bootstrap. None where only a download can tell. `folder` is the recipe's: relative paths start
        there. Raises InputError where a named file cannot be read.
        """

    @abstractmethod
    def resolve(self, *, folder: Path, arch: str, offline: bool, refresh: bool, emit: Emit) -> Base:
        """The base in the cache: fetched or made where it is not there yet (or with `refresh`), and verified.

        Raises InputError where the recipe names what does not exist or is no disk image, TrustError where bytes are not
        what they were said to be, HostError where this host lacks a program, space or the network.
        """


Kind = TypeVar("Kind", bound=Source)
_REGISTRY: dict[str, type[Source]] = {}


def register(kind: type[Kind]) -> type[Kind]:
    """Class decorator: makes a source known under its recipe key."""
    if kind.KEY in _REGISTRY:
        raise ValueError(f"two sources have the key {kind.KEY}")
    _REGISTRY[kind.KEY] = kind
    return kind


def registered() -> Mapping[str, type[Source]]:
    """Recipe key → source, sorted."""
    from goldsmith.base import sources  # noqa: PLC0415 - its modules import this one

    for module in iter_modules(sources.__path__):
        import_module(f"{sources.__name__}.{module.name}")
    return dict(sorted(_REGISTRY.items()))


def wrong(message: str, hint: str | None = None) -> PydanticCustomError:
    """A validator's complaint, worded for people: `message` follows the name of the key."""
    return PydanticCustomError("recipe", "{message}", {"message": message, "hint": hint})
