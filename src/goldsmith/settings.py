"""Where goldsmith keeps things on this host, by the XDG base directory specification."""

from __future__ import annotations

import os
from pathlib import Path

from goldsmith.errors import HostError


def cache_dir() -> Path:
    """Bases and layers: everything here can be made again. Raises HostError for a user without a home folder."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def scratch_dir() -> Path:
    """Where runs without a pool work, each in a leased folder."""
    return cache_dir() / "scratch"


def state_dir() -> Path:
    """The pool of admitted images."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def runtime_dir() -> Path:
    """Verdicts that hold until the host reboots; falls back to the cache where there is no runtime directory."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "goldsmith" if runtime and Path(runtime).is_dir() else cache_dir() / "runtime"


def default_pool() -> Path:
    """Where `build` admits images unless `--pool` says otherwise."""
    return state_dir() / "images"


def _xdg(variable: str, default: str) -> Path:
    configured = os.environ.get(variable)
    # The specification: a relative path is invalid and must be ignored.
    if configured and Path(configured).is_absolute():
        return Path(configured) / "goldsmith"
    try:
        home = Path.home()
    except RuntimeError as error:
        raise HostError("this user has no home folder", hint=f"set HOME, or {variable} to a folder") from error
    return home / default / "goldsmith"
