"""Which packages a first boot fetches from the network."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Packages:
    """`fetched` are the named ones that the image does not have, or all where that is not known; `present` those it
    has. `index`: the lists of packages are fetched because the configuration says so; `upgrade`: all are upgraded.
    """

    fetched: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    index: bool = False
    upgrade: bool = False

    @property
    def asks_mirrors(self) -> bool:
        """Whether a mirror is asked for anything: for the indexes also where every named package is there."""
        return bool(self.fetched or self.present or self.index or self.upgrade)


def packages_of(config: Mapping[Any, Any], installed: Collection[str] | None) -> Packages:
    """What the module package_update_upgrade_install does with this configuration."""
    names = tuple(dict.fromkeys(package_names(config.get("packages"))))
    have = frozenset(installed or ())
    return Packages(
        fetched=tuple(name for name in names if name not in have),
        present=tuple(name for name in names if name in have),
        index=any(_is_true(config.get(key)) for key in ("apt_update", "package_update")),
        upgrade=any(_is_true(config.get(key)) for key in ("apt_upgrade", "package_upgrade")),
    )


def package_names(value: Any) -> Iterator[str]:
    """The names in `packages:`: strings, [name, version], and lists below the name of a package manager."""
    for item in value if isinstance(value, list) else [value]:
        match item:
            case str():
                yield from (word.partition("=")[0] for word in item.split())
            case [str(name), *_]:
                yield name.partition("=")[0]
            case dict():
                for below in item.values():
                    yield from package_names(below)
            case _:
                pass


def _is_true(value: Any) -> bool:
    return value is True or str(value).strip().lower() in {"true", "1", "on", "yes"}
