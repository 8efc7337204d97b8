"""Step keys: a digest chained over everything that decides what a step leaves behind.

Each step's key covers the key before it, the step's own inputs and the version of the code, so an equal key means an
equal result, and layers can be cached by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from goldsmith import __version__
from goldsmith.errors import InputError
from goldsmith.recipe.model import Recipe

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class StepKey:
    """One step as `plan` shows it: `key` is None while the base's digest is not known."""

    name: str
    key: str | None

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "key": self.key, "cached": False, "changed_inputs": []}


def chain(recipe: Recipe, base_digest: str | None) -> tuple[StepKey, ...]:
    """The key of every step that shapes the image, in order; the last one is the build key."""
    keys: list[StepKey] = []
    previous = digest({"base": base_digest}) if base_digest is not None else None
    keys.append(StepKey("base", previous))
    for name, inputs in step_inputs(recipe):
        previous = digest({"previous": previous, "step": name, "inputs": inputs, "version": __version__}) if previous else None
        keys.append(StepKey(name, previous))
    return tuple(keys)
