"""The system configuration that cloud-init computes from the files of an image.

/etc/cloud/cloud.cfg is the weakest of them; above it every *.cfg of cloud.cfg.d, the last name by code point the
strongest; above those /run/cloud-init/cloud.cfg and the kernel's command line; below all, the built-in defaults.
Source: util.read_conf_with_confd, util.read_conf_d and stages.fetch_base_config, 22.4 to 26.2; compared with 22.4.2 and
25.1.4 themselves in the tests.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import Any

from goldsmith.cloudinit.builtin import builtin_config
from goldsmith.cloudinit.cmdline import configuration_of
from goldsmith.cloudinit.document import Document, Effect, Problem, read, read_text
from goldsmith.cloudinit.located import Value, located, plain
from goldsmith.cloudinit.merging import MergeError, fold_located
from goldsmith.cloudinit.modules import Module, Stage, canonical, read_stages
from goldsmith.cloudinit.users import User, users_of
from goldsmith.cloudinit.version import Version, parse_version

CLOUD_CFG = "/etc/cloud/cloud.cfg"
CLOUD_CFG_D = "/etc/cloud/cloud.cfg.d"
RUN_CLOUD_CFG = "/run/cloud-init/cloud.cfg"
CMDLINE = "kernel command line"


@dataclass(frozen=True)
class Effective:
    """What the files come to. `sources` are the files that were read, the strongest first; `problems` say what is wrong
    in them and what cloud-init makes of it. `values` is what the files say, `values_builtin` all of it: the files over
    the built-in defaults, under the kernel's command line.
    """

    values: Value
    values_builtin: Value
    sources: tuple[str, ...]
    problems: tuple[Problem, ...]

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """What the files say, as plain values."""
        config: dict[str, Any] = plain(self.values)
        return config

    @cached_property
    def builtin(self) -> Mapping[str, Any]:
        """The whole configuration as plain values."""
        config: dict[str, Any] = plain(self.values_builtin)
        return config

    @cached_property
    def modules(self) -> Mapping[Stage, tuple[Module, ...]]:
        """The modules of each stage."""
        return read_stages(self.builtin)

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


def drop_in_folder(base: Mapping[Any, Any]) -> str | None:
    """The folder of the drop-ins: cloud.cfg.d, or what cloud.cfg's `conf_d` puts in its place; None for no folder.

    Raises TypeError where cloud-init does. A relative path starts at /, the folder in which services run.
    """
    if "conf_d" not in base:
        return CLOUD_CFG_D
    value = base["conf_d"]
    if not value:
        return None
    if not isinstance(value, str):
        raise TypeError("conf_d is not a string: cloud-init dies reading it")
    return posixpath.normpath(f"/{value.strip()}").replace("//", "/") if value.strip() else None


def effective(files: Mapping[str, bytes], *, version: str | None = None, cmdline: str = "") -> Effective:
    """The configuration from the content of the image's files, by guest path; other paths are ignored. Never raises.

    `version` is cloud-init's: its built-in defaults differ; the newest are taken where it is not known. The last
    results are kept: a prediction asks for the same several times.
    """
    return _effective(frozenset(files.items()), parse_version(version), cmdline)


@lru_cache(maxsize=8)
def _effective(entries: frozenset[tuple[str, bytes]], known: Version | None, cmdline: str) -> Effective:
    files = dict(entries)
    problems: list[Problem] = []

    def said(document: Document) -> Value:
        problems.extend(document.problems)
        return document.value

    base = said(read(CLOUD_CFG, files[CLOUD_CFG])) if CLOUD_CFG in files else Value({})
    if CLOUD_CFG not in files:
        problems.append(Problem(CLOUD_CFG, Effect.SUSPECT, "not there: no module lists, no default user"))
    folder = _folder(base, problems)
    strongest_first = sorted(
        (path for path in files if folder and posixpath.dirname(path) == folder and path.endswith(".cfg")), reverse=True
    )
    loaded = {path: said(read(path, files[path])) for path in strongest_first}
    for path, value in {**loaded, CLOUD_CFG: base}.items():
        if "merge_how" in value.data or "merge_type" in value.data:
            problems.append(Problem(path, Effect.SUSPECT, "merge_how changes how this file lies under the others"))
    above: dict[str, Value] = {}
    if (text := configuration_of(cmdline, known)) is not None:
        above[CMDLINE] = said(read_text(CMDLINE, text))
    if RUN_CLOUD_CFG in files:
        above[RUN_CLOUD_CFG] = said(read(RUN_CLOUD_CFG, files[RUN_CLOUD_CFG]))
    try:
        values = fold_located([fold_located(loaded.values()), base])
        whole = fold_located([*above.values(), values, located(builtin_config(known))])
    except MergeError as error:
        problems.append(Problem(CLOUD_CFG, Effect.FATAL, f"{error}: cloud-init dies merging"))
        values, whole = Value({}), located(builtin_config(known))
    sources = (*above, *strongest_first, *((CLOUD_CFG,) if CLOUD_CFG in files else ()))
    return Effective(values, whole, sources, tuple(problems))


def _folder(base: Value, problems: list[Problem]) -> str | None:
    own = base.data.get("conf_d")
    if own is None and "conf_d" not in base.data:
        return CLOUD_CFG_D
    place = (own.mark.line, own.mark.column) if own is not None and own.mark is not None else ()
    try:
        folder = drop_in_folder({"conf_d": plain(own)})
    except TypeError as error:
        problems.append(Problem(CLOUD_CFG, Effect.FATAL, str(error), *place))
        return None
    problems.append(Problem(CLOUD_CFG, Effect.SUSPECT, f"conf_d replaces cloud.cfg.d by {folder or 'nothing'}", *place))
    return folder
