"""What a guest's own cloud-init configuration says about where its state and its logs are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D, effective
from goldsmith.generalization.homes import is_of_a_person
from goldsmith.generalization.view import View

STATE = "/var/lib/cloud"
# `output:` of cloud.cfg: what a stage prints goes through a pipe, or to a file.
OUTPUT = re.compile(r"(?:\||>+)\s*(.*)")


def configuration(view: View, *, without: Collection[str] = ()) -> Mapping[str, Any]:
    """The effective configuration of the guest's files, or of all but some; empty where there is none. /etc/cloud has
    to be listed.
    """
    folder = view.index.resolve(CLOUD_CFG_D)
    names = [entry.name for entry in view.index.children(folder)] if folder is not None else []
    paths = [CLOUD_CFG, *(f"{CLOUD_CFG_D}/{name}" for name in names if name.endswith(".cfg"))]
    files = {path: content for path in paths if path not in without and (content := view.read(path)) is not None}
    return effective(files).config if files else {}


def configures_networks(view: View, *, without: Collection[str] = ()) -> bool:
    """Whether cloud-init writes a network configuration on a clone, as far as its files decide: `network: {config:
    disabled}` keeps it from that.
    """
    return _mapping(configuration(view, without=without).get("network")).get("config") != "disabled"


def state_elsewhere(view: View) -> str | None:
    """`system_info.paths.cloud_dir` where it is not /var/lib/cloud; None for what is no place for state."""
    paths = _mapping(_mapping(configuration(view).get("system_info")).get("paths"))
    return next(_places([paths.get("cloud_dir")]), None)


def logs(view: View) -> tuple[str, ...]:
    """Where cloud-init writes its logs: `def_log_file`, and the files that `output` names, plain or behind `tee -a`."""
    config = configuration(view)
    return tuple(dict.fromkeys(_places([config.get("def_log_file"), *_targets(config.get("output"))])))


def _targets(output: object) -> Iterator[str]:
    for stage in _mapping(output).values():
        words = stage.values() if isinstance(stage, Mapping) else stage if isinstance(stage, list) else [stage]
        for word in words:
            found = OUTPUT.match(word.strip()) if isinstance(word, str) else None
            parts = found[1].split() if found else []
            if len(parts) == 1:
                yield parts[0]
            elif parts[:2] == ["tee", "-a"]:
                yield from parts[2:3]


def _places(values: list[object]) -> Iterator[str]:
    """Those that are paths outside of the system's own directories: a configuration may say anything."""
    for value in values:
        if isinstance(value, str) and is_of_a_person(path := posixpath.normpath(value)) and path != STATE:
            yield path


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
