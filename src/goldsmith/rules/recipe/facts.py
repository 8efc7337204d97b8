"""What is known of a recipe's base before it is there."""

from __future__ import annotations

from pathlib import Path

from goldsmith.base.distro import Distro
from goldsmith.base.naming import settled_format
from goldsmith.base.sources.bootstrap import BootstrapSource
from goldsmith.base.sources.file import FileSource
from goldsmith.disk.header import inspect
from goldsmith.errors import GoldsmithError
from goldsmith.recipe.model import Recipe


def distro(recipe: Recipe) -> Distro | None:
    """The distribution that the base is made from; None for other bases, which say nothing before they are opened."""
    return recipe.base.distro if isinstance(recipe.base, BootstrapSource) else None


def virtual_size(recipe: Recipe) -> int | None:
    """The base's virtual size in bytes, where it is known: bootstrapped, or a file that is no archive."""
    made = distro(recipe)
    if made is not None:
        return made.virtual_size
    if not isinstance(recipe.base, FileSource):
        return None
    path = recipe.folder / Path(recipe.base.file).expanduser()
    try:
        disk_format, packer = settled_format(path.name, recipe.base.format)
        return inspect(path, disk_format) if packer is None else None
    except GoldsmithError:
        # Not there, hostile or no image: the step that settles the base says so.
        return None
