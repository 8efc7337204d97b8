"""GS609: a list that replaces a weaker one is meant to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from posixpath import basename

from goldsmith.cloudinit.located import jsonable
from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig, dotted

# Lists that people write whole; others have rules of their own.
WHOLE = frozenset({"cloud_init_modules", "cloud_config_modules", "cloud_final_modules", "datasource_list", "users"})
SHOWN = 4


@configuration_rule(
    "GS609",
    "a list that replaces another is meant to",
    why="cloud-init merges mappings, but a list in a stronger file takes the place of the weaker one whole: what stood "
    "in the weaker one is gone, not extended.",
    since="every version",
    wrong="# over groups: [adm, sudo] in cloud.cfg\nsystem_info: {default_user: {groups: [wheel]}}\n",
    right="# over groups: [adm, sudo] in cloud.cfg\nsystem_info: {default_user: {groups: [adm, sudo, wheel]}}\n",
)
def replaced_list(subject: CloudConfig) -> Iterator[Fault]:
    for number, file in enumerate(subject.files):
        if file.vendor:
            continue
        for word in file.words:
            if word.tag != "seq" or not word.loc or word.loc[0] in WHOLE or not all(map(_is_key, word.loc)):
                continue
            weaker = next(
                (each for each in reversed(subject.files[:number]) if isinstance(each.value(word.loc), list)), None
            )
            if weaker is not None:
                kept = set(map(_spelled, file.value(word.loc)))
                lost = [item for item in weaker.value(word.loc) if _spelled(item) not in kept]
                if lost:
                    shown = ", ".join(printable(str(item)) for item in lost[:SHOWN])
                    yield Fault(
                        Severity.NOTE,
                        file.at(*word.key),
                        f"`{dotted(word.loc)}` replaces the list of {basename(weaker.path)}: without {shown}",
                        "repeat what has to stay: lists are not extended",
                    )


def _spelled(item: object) -> str:
    """Equal for equal items: mappings do not hash, and lists may be long."""
    return json.dumps(jsonable(item), sort_keys=True)


def _is_key(part: object) -> bool:
    return isinstance(part, str)
