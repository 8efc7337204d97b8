"""Caches in homes."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "user-caches",
    ("~/.cache/*", "~/.thumbnails/*"),
    covers="what is in ~/.cache, in every home",
    reason="a cache of the build's programs",
)
