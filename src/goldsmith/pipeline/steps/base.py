"""Settle the base: from the cache, a file, a URL or packages, and how far its bytes are trusted."""

from __future__ import annotations

from dataclasses import dataclass

from goldsmith.base.base import Base
from goldsmith.events import Emit
from goldsmith.pipeline.step import step
from goldsmith.recipe.model import Recipe

SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class SettledBase:
    base: Base

    @property
    def summary(self) -> str:
        where = "in the cache" if self.base.cached else "now in the cache"
        return f"{where}, {self.base.trust.level}, sha256 {self.base.sha256[:SHOWN_DIGITS]}…"


@step("base")
def settle_base(emit: Emit, recipe: Recipe, *, offline: bool, refresh: bool) -> SettledBase:
    return SettledBase(
        recipe.base.resolve(folder=recipe.folder, arch=recipe.arch, offline=offline, refresh=refresh, emit=emit)
    )
