"""The recipe's cloud-init defaults as rules see them: their meaning, and the place of each key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goldsmith.cloudinit import document
from goldsmith.cloudinit.modules import canonical
from goldsmith.customization.kinds.defaults import Defaults
from goldsmith.errors import InputError, RecipeError
from goldsmith.findings import HostPlace
from goldsmith.recipe.document import Document, parse_document
from goldsmith.recipe.model import Recipe
from goldsmith.rules.cloudconfig.configfile import ConfigFile
from goldsmith.rules.cloudconfig.subject import CloudConfig
from goldsmith.rules.recipe.facts import distro


@dataclass(frozen=True, slots=True)
class DropIn:
    """`content` is what the recipe gives for the file `path`, `config` its meaning.

    Both are empty where the recipe has no defaults, or only disables modules.
    """

    recipe: Recipe
    path: str = ""
    content: bytes = b""
    config: Mapping[Any, Any] = field(default_factory=dict)
    disabled: tuple[str, ...] = ()
    text: Document | None = None
    inline: bool = True
    file: str = ""

    def place(self, *loc: str | int) -> HostPlace:
        """Where a key of the configuration stands, else where the defaults do."""
        whole = self.recipe.place("defaults", "config" if self.inline else "file")
        if self.text is None:
            return whole
        place = self.text.place(loc, key=True)
        if not self.inline:
            return place
        return self.recipe.document.place_in_text(("defaults", "config"), place.line, place.column)


def drop_in(recipe: Recipe) -> DropIn:
    """What the recipe's `defaults` come to."""
    defaults = recipe.defaults
    if not isinstance(defaults, Defaults):
        return DropIn(recipe)
    try:
        content = defaults.content(recipe.folder)
    except InputError:
        # Loading has looked at the file; one that went away since is the build's to complain about.
        return DropIn(recipe, defaults.path, disabled=defaults.disable_modules)
    inline = defaults.file is None
    name = str(recipe.path if inline else recipe.folder / (defaults.file or ""))
    config, _ = document.parse(name, content)
    try:
        text = parse_document(content, name) if config else None
    except RecipeError:
        # Larger than a recipe may be: judged all the same, without exact places.
        text = None
    return DropIn(recipe, defaults.path, content, config, defaults.disable_modules, text, inline, name)


def configuration(recipe: Recipe) -> CloudConfig | None:
    """The recipe's defaults as a part of a cloud configuration; None where there are none.

    What the base says below them is not known before it is there, and over datasources the recipe decides.
    """
    defaults = drop_in(recipe)
    if not defaults.content and not defaults.disabled:
        return None

    def at(line: int, column: int) -> HostPlace:
        if defaults.inline:
            return recipe.document.place_in_text(("defaults", "config"), line, column)
        return HostPlace(defaults.file, line, column)

    named = recipe.place("defaults", "name")
    base = distro(recipe)
    return CloudConfig(
        (ConfigFile(defaults.path, defaults.content, at, named=named),),
        whole=False,
        family=base.name.partition("/")[0] if base is not None else None,
        disabled=frozenset(canonical(name) for name in defaults.disabled),
        disabled_at=recipe.place("defaults", "disable_modules", key=True),
        datasource_decided=True,
    )
