"""GS603: every top-level key is one that cloud-init knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from goldsmith.cloudinit.keys import KEYS, MODULE_KEYS, SINCE, known
from goldsmith.findings import Severity, printable
from goldsmith.recipe.problems import nearest
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS603",
    "every top-level key is known",
    why="cloud-init passes over a key that it does not know, and before 23.x its own schema did so too: a misspelled "
    "`pakages` installs nothing, without a word.",
    since="every version; the keys are those of the image's own schema, or of a table of 22.4 to 26.2",
    wrong="pakages: [htop]\n",
    right="timezone: Europe/Berlin\n",
)
def known_keys(subject: CloudConfig) -> Iterator[Fault]:
    listed = keys_of(subject.schema) if subject.schema is not None else None
    for file in subject.own:
        for word in file.words:
            if len(word.loc) != 1 or not isinstance(name := word.loc[0], str) or _known(name, subject, listed):
                continue
            since = SINCE.get(name)
            if since is not None and subject.version is not None and since > subject.version:
                message = f"`{name}` is no key of cloud-init {subject.release}: it came with {since[0]}.{since[1]}"
                yield Fault(Severity.WARNING, file.at(*word.key), message, "remove it, or take a newer cloud-init")
                continue
            near = nearest(name, KEYS | (listed or frozenset()))
            yield Fault(
                Severity.WARNING,
                file.at(*word.key),
                f"`{printable(name)}` is no key of cloud-init's configuration: nothing reads it",
                f"did you mean `{near}`?" if near else "remove it, or silence this where a program of yours reads it",
            )


def keys_of(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The top-level keys that a schema names, None of one that lets all pass, as before 23.4."""
    properties = schema.get("properties")
    return frozenset(properties) if schema.get("additionalProperties") is False and properties else None


def _known(name: str, subject: CloudConfig, listed: frozenset[str] | None) -> bool:
    """The schema is of user-data: what the system configuration alone may say is not in it."""
    if listed is None or name not in MODULE_KEYS:
        return known(name, subject.version) or name in (listed or ())
    return name in listed
