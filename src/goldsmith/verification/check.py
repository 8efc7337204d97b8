"""What a check is: a function from what a recipe asks to what was seen, one for each kind of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TypeVar

from goldsmith.guest.guest import Guest
from goldsmith.machine.inside import Inside
from goldsmith.recipe.check import Check, FileCheck, LiveCheck
from goldsmith.rules.check_result import CheckResult

# Seconds, on a host with KVM, for what a check does beside the program that it runs.
MARGIN = 30.0
# Of the tests in one file so many are results.
MOST_RESULTS = 1000


@dataclass(frozen=True, slots=True)
class Live:
    """A clone that is ready and still runs. `speed` is this host's: what a recipe gives in seconds is divided by it.

    `recipe_folder` is the folder of the recipe whose checks these are, None where a manifest remembers them. Temporary
    files go into `scratch`, by default where the host keeps such.
    """

    inside: Inside
    speed: float = 1.0
    recipe_folder: Path | None = None
    scratch: Path | None = None


Look = TypeVar("Look", bound=Callable[..., Iterator[CheckResult]])
_LOOKS: dict[type[Check], Callable[..., Iterator[CheckResult]]] = {}


def looks_for(kind: type[Check]) -> Callable[[Look], Look]:
    """Register the function that makes the checks of one kind. Its second argument is what it looks at: a `Live` for
    what needs the running clone, the `Guest` on the clone's disk for the others.
    """

    def register(look: Look) -> Look:
        if kind in _LOOKS:
            raise ValueError(f"two functions look for a {kind.__name__}")
        _LOOKS[kind] = look
        return look

    return register


def look_live(check: LiveCheck, live: Live) -> Iterator[CheckResult]:
    """Make one check in a running clone. Nothing that its programs do is an error."""
    return _known()[type(check)](check, live)


def look_at_disk(check: FileCheck, guest: Guest) -> Iterator[CheckResult]:
    """Make one check on the disk that a clone left. Raises BuildError where the disk cannot be read."""
    return _known()[type(check)](check, guest)


def _known() -> dict[type[Check], Callable[..., Iterator[CheckResult]]]:
    from goldsmith.verification import checks  # noqa: PLC0415 - its modules import this one

    for module in iter_modules(checks.__path__):
        import_module(f"{checks.__name__}.{module.name}")
    return _LOOKS
