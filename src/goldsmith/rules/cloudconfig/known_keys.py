"""GS603: every top-level key is one that cloud-init knows."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.keys import KEYS, known
from goldsmith.findings import Severity, printable
from goldsmith.recipe.problems import nearest
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS603",
    "every top-level key is known",
    why="cloud-init passes over a key that it does not know, and before 23.x its own schema did so too: a misspelled "
    "`pakages` installs nothing, without a word.",
    since="every version; the table is that of 22.4 to 26.2",
    wrong="pakages: [htop]\n",
    right="timezone: Europe/Berlin\n",
)
def known_keys(subject: CloudConfig) -> Iterator[Fault]:
    for file in subject.own:
        for word in file.words:
            if len(word.loc) != 1 or not isinstance(name := word.loc[0], str) or known(name):
                continue
            near = nearest(name, KEYS)
            yield Fault(
                Severity.WARNING,
                file.at(*word.key),
                f"`{printable(name)}` is no key of cloud-init's configuration: nothing reads it",
                f"did you mean `{near}`?" if near else "remove it, or silence this where a program of yours reads it",
            )
