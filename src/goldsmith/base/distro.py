"""Distributions that goldsmith can bootstrap: what it has to know about each, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Distro:
    """One release.

    `packages` are installed without recommended ones; `keyrings` are paths of the archive's keys on the host, the first
    that exists counts, and come from the host's package `keyring_package`. `datasource_list` is what the distribution
    writes into the image for cloud-init; None: nothing, so cloud-init's built-in list, which ends in None, holds, and
    without a seed cloud-init stays disabled. `virtual_size` in bytes.
    """

    name: str
    suite: str
    default_user: str
    packages: tuple[str, ...]
    keyrings: tuple[str, ...]
    keyring_package: str
    arches: tuple[str, ...] = ("x86_64",)
    datasource_list: tuple[str, ...] | None = None
    virtual_size: int = 3 * GIB


def known() -> Mapping[str, Distro]:
    """Name, such as debian/12 → distribution, sorted."""
    from goldsmith.base import distros  # noqa: PLC0415 - its modules import this one

    modules = (import_module(f"{distros.__name__}.{module.name}") for module in iter_modules(distros.__path__))
    return {distro.name: distro for distro in sorted((d for m in modules for d in m.DISTROS), key=lambda d: d.name)}
