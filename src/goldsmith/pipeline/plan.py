"""What a build would do, without doing any of it."""

from __future__ import annotations

from dataclasses import dataclass

from goldsmith.errors import HostError
from goldsmith.events import Emit
from goldsmith.pipeline.build import require_sound
from goldsmith.pipeline.keys import StepKey, chain
from goldsmith.pipeline.secrets import read_secrets
from goldsmith.recipe.model import Recipe

WHY_NO_PLAN = "what generalizing changes is known when the customized guest can be looked at"
SHOWN_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Planned:
    """`trust` and the keys are None while the base was never fetched; `why` says what is missing."""

    recipe: Recipe
    steps: tuple[StepKey, ...]
    trust: str | None
    why: str

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.recipe.name,
            "version": self.recipe.version,
            "trust": self.trust,
            "steps": [step.as_json() for step in self.steps],
            "plan": None,
            "why": self.why,
        }

    def as_text(self) -> list[str]:
        lines = [
            f"{self.recipe.name} {self.recipe.version}  {self.recipe.arch}  trust: {self.trust or 'not settled yet'}"
        ]
        for step in self.steps:
            key = step.key[:SHOWN_DIGITS] + "…" if step.key else "key not known yet"
            lines.append(f"  {step.name:<28} {key}{'  in the cache' if step.cached else ''}")
        return [*lines, self.why]


def plan(recipe: Recipe, *, offline: bool, emit: Emit) -> Planned:
    """The steps and their keys. The base is fetched if it has to be; with `offline` the keys are then not known.

    Raises RecipeError where lint finds an error or a secret is not there, and what settling the base raises.
    """
    require_sound(recipe, emit)
    secrets = read_secrets(recipe)
    try:
        base = recipe.base.resolve(folder=recipe.folder, arch=recipe.arch, offline=offline, refresh=False, emit=emit)
    except HostError as error:
        if not offline:
            raise
        return Planned(
            recipe, chain(recipe, None, secrets), None, f"keys begin with the base's digest: {error.message}"
        )
    return Planned(recipe, chain(recipe, base.sha256, secrets), str(base.trust), WHY_NO_PLAN)
