"""The system configuration that cloud-init computes from the files of an image.

/etc/cloud/cloud.cfg is the weakest; above it every *.cfg of cloud.cfg.d, the last name by code point the strongest.
Source: util.read_conf_with_confd and util.read_conf_d, 22.4.2 and 26.2 (equal).
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from goldsmith.cloudinit.document import Effect, Problem, parse
from goldsmith.cloudinit.merging import MergeError, fold
from goldsmith.cloudinit.modules import Module, Stage, canonical, read_stages
from goldsmith.cloudinit.users import User, users_of
from goldsmith.cloudinit.version import parse_version

CLOUD_CFG = "/etc/cloud/cloud.cfg"
CLOUD_CFG_D = "/etc/cloud/cloud.cfg.d"


@dataclass(frozen=True, slots=True)
class Effective:
    """`config` holds what the files say (cloud-init's built-in defaults lie below it); `sources` are the files that
    were read, the strongest first; `problems` say what is wrong in them and what cloud-init makes of it.
    """

    config: Mapping[str, Any]
    modules: Mapping[Stage, tuple[Module, ...]]
    sources: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def fatal(self) -> Problem | None:
        """What makes cloud-init die before its first stage, or None."""
        return next((problem for problem in self.problems if problem.effect is Effect.FATAL), None)

    def users(self, version: str | None = None) -> tuple[User, ...]:
        """The users that a first boot without user-data makes; none where the module for it is in no list.

        `version` is cloud-init's; where it is not known, an older one is assumed.
        """
        return users_of(self.config, parse_version(version)) if self.runs("users_groups") else ()

    def default_user(self, version: str | None = None) -> User | None:
        """The default user that a first boot without user-data makes, or None."""
        return next((user for user in self.users(version) if user.default), None)

    def runs(self, module: str) -> bool:
        """Whether a module is in one of the lists, in any spelling."""
        return any(canonical(module) == each.name for modules in self.modules.values() for each in modules)

    def get(self, pointer: str, default: Any = None) -> Any:
        """A value by its path of keys, such as `system_info.default_user.name`."""
        value = reduce(_step, pointer.split("."), self.config)
        return default if value is _MISSING else value


_MISSING: Any = object()


def _step(value: Any, key: str) -> Any:
    return value.get(key, _MISSING) if isinstance(value, Mapping) else _MISSING


def is_configuration(path: str) -> bool:
    """Whether cloud-init looks at this guest path for its system configuration: exactly `.cfg`, hidden files too."""
    return path == CLOUD_CFG or (posixpath.dirname(path) == CLOUD_CFG_D and path.endswith(".cfg"))


def effective(files: Mapping[str, bytes]) -> Effective:
    """The configuration from the content of the image's files, by guest path; other paths are ignored. Never raises."""
    problems: list[Problem] = []

    def load(path: str) -> dict[Any, Any]:
        config, found = parse(path, files[path])
        problems.extend(found)
        return config

    base = load(CLOUD_CFG) if CLOUD_CFG in files else {}
    if CLOUD_CFG not in files:
        problems.append(Problem(CLOUD_CFG, Effect.SUSPECT, "not there: no module lists, no default user"))
    folder = CLOUD_CFG_D
    if "conf_d" in base:
        value = base["conf_d"]
        if value and not isinstance(value, str):
            problems.append(Problem(CLOUD_CFG, Effect.FATAL, "conf_d is not a string: cloud-init dies reading it"))
        folder = value.strip().rstrip("/") if isinstance(value, str) else ""
        problems.append(Problem(CLOUD_CFG, Effect.SUSPECT, f"conf_d replaces cloud.cfg.d by {folder or 'nothing'}"))
    strongest_first = sorted(
        (path for path in files if folder and posixpath.dirname(path) == folder and path.endswith(".cfg")), reverse=True
    )
    loaded = {path: load(path) for path in strongest_first}
    for path, config in {**loaded, CLOUD_CFG: base}.items():
        if "merge_how" in config or "merge_type" in config:
            problems.append(Problem(path, Effect.SUSPECT, "merge_how changes how this file lies under the others"))
    try:
        config = fold([fold(loaded.values()), base])
    except MergeError as error:
        problems.append(Problem(CLOUD_CFG, Effect.FATAL, f"{error}: cloud-init dies merging"))
        config = {}
    sources = (*strongest_first, *((CLOUD_CFG,) if CLOUD_CFG in files else ()))
    return Effective(config=config, modules=read_stages(config), sources=sources, problems=tuple(problems))
