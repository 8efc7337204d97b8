"""Where goldsmith keeps things on this host, by the XDG base directory specification."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Bases and layers: everything here can be made again."""
    return _xdg("XDG_CACHE_HOME", Path.home() / ".cache")


def state_dir() -> Path:
    """The pool of admitted images."""
    return _xdg("XDG_STATE_HOME", Path.home() / ".local" / "state")


def runtime_dir() -> Path:
    """Verdicts that hold until the host reboots; falls back to the cache where there is no runtime directory."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "goldsmith" if runtime and Path(runtime).is_dir() else cache_dir() / "runtime"


def default_pool() -> Path:
    """Where `build` admits images unless `--output` says otherwise."""
    return state_dir() / "images"


def _xdg(variable: str, default: Path) -> Path:
    configured = os.environ.get(variable)
    # The specification: a relative path is invalid and must be ignored.
    root = Path(configured) if configured and Path(configured).is_absolute() else default
    return root / "goldsmith"
