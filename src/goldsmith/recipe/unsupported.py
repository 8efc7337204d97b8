"""Keys that are designed but whose code has not landed: rejected by name; accepting one without effect is a defect."""

from __future__ import annotations

from collections.abc import Mapping

from goldsmith.recipe.document import Loc

_STEP = "*"
_NOT_YET: Mapping[tuple[str, ...], str] = {
    ("base", "distro"): "use `bootstrap:`, or `url:` with the vendor's checksum file in `checksum:`",
    ("base", "from"): "use `file:` with the path of the admitted image",
    ("sbom",): "the manifest lists the image's packages",
    ("customize", _STEP, "repository"): "add the repository in a `run` step that has the network",
    ("customize", _STEP, "ansible"): "use a `run` step",
    ("verify", "require"): "every rule that applies has to be proven",
}


def not_yet(loc: Loc) -> str | None:
    """What to do instead of a key whose code has not landed; None for any other key."""
    return _NOT_YET.get(tuple(_STEP if isinstance(part, int) else part for part in loc))
