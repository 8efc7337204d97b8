"""Cloud-init's three lists of modules: reading them, and writing one without some of its modules."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import yaml

from goldsmith.errors import InputError

if TYPE_CHECKING:
    from goldsmith.cloudinit.effective import Effective


class Stage(StrEnum):
    """A stage that runs a list of modules; the value is the list's key."""

    INIT = "cloud_init_modules"
    CONFIG = "cloud_config_modules"
    FINAL = "cloud_final_modules"


@dataclass(frozen=True, slots=True)
class Module:
    """One entry of a list: `name` in its canonical spelling, `frequency` if stated, and the entry as written."""

    name: str
    frequency: str | None
    entry: Any


def canonical(name: str) -> str:
    """One spelling for `scripts-user`, `cc_scripts_user` and `scripts_user.py`, as cloud-init has it."""
    bare = name.strip().replace("-", "_")
    if bare.lower().endswith(".py"):
        bare = bare[:-3].strip()
    return bare.removeprefix("cc_")


def read_stages(config: Mapping[Any, Any]) -> dict[Stage, tuple[Module, ...]]:
    """The modules of each stage in their order. Where cloud-init dies of an entry, the stage has none."""
    return {stage: tuple(_modules(config.get(stage.value))) for stage in Stage}


def _modules(entries: Any) -> Iterator[Module]:
    """Source: Modules._read_modules. A string counts as a list of its letters, a mapping as one of its keys."""
    if not isinstance(entries, list | str | dict):
        return
    for entry in entries:
        match entry:
            case str(name) | [str(name)]:
                module = Module(canonical(name), None, entry)
            case [str(name), str(frequency), *_] | {"name": str(name), "frequency": str(frequency)}:
                module = Module(canonical(name), frequency.strip(), entry)
            case {"name": str(name)}:
                module = Module(canonical(name), None, entry)
            case _:
                continue
        if module.name:
            yield module


def without(effective: Effective, names: Sequence[str]) -> str:
    """YAML text that disables exactly the named modules: each list that holds one of them, written whole without it.

    A list of a stronger file replaces the weaker one, so nothing shorter works. Raises InputError where a module is in
    no list of this image's configuration.
    """
    wanted = {canonical(name): name for name in names}
    known = {module.name for modules in effective.modules.values() for module in modules}
    for name, written in wanted.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"module {written} is in no module list of the image's cloud-init",
                hint=f"did you mean {close[0]}?" if close else f"it runs: {', '.join(sorted(known))}",
            )
    lines: list[str] = []
    for stage, modules in effective.modules.items():
        if not any(module.name in wanted for module in modules):
            continue
        left = [module.entry for module in modules if module.name not in wanted]
        lines.append(f"{stage.value}:" if left else f"{stage.value}: []")
        lines.extend(f"  - {_inline(entry)}" for entry in left)
    return "".join(f"{line}\n" for line in lines)


def _inline(entry: Any) -> str:
    text = yaml.safe_dump(entry, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("...\n").strip()
