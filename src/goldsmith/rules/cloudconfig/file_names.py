"""GS606: every file beside cloud.cfg is read, and sorts where its name says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig, dotted

TWO_DIGITS = re.compile(r"[0-9]{2}(?![0-9])")
# What tools and packages leave there, and nobody takes for configuration.
LEFT = ("README", ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".rpmsave", ".rpmnew", ".rpmorig", "~", ".swp", ".disabled")
LEVELS = 3


@configuration_rule(
    "GS606",
    "every file is read, in the order its name says",
    why="cloud-init reads names that end in .cfg, in the order of their text, and the last one wins: 100-x comes "
    "before 99-x, 9-x after both, and a name that begins with a letter after all numbers.",
    since="every version",
    wrong="# in 100-ours.cfg, beside 99-theirs.cfg\nssh_pwauth: false\n",
    right="# in 99-ours.cfg\nssh_pwauth: false\n",
)
def file_names(subject: CloudConfig) -> Iterator[Fault]:
    for file in subject.other:
        name = basename(file.path)
        if not name.endswith(LEFT) and not name.startswith("README"):
            yield Fault(
                Severity.WARNING,
                file.head,
                f"{printable(name)} does not end in .cfg: cloud-init does not read it",
                f"rename it to {printable(name.rpartition('.')[0] or name)}.cfg, or remove it",
            )
    for file in subject.own:
        name = basename(file.path)
        if name.startswith("."):
            yield Fault(
                Severity.WARNING,
                file.head,
                f"{printable(name)} is read by cloud-init, but not by ds-identify, which decides whether it runs",
                "give it a name without the dot",
            )
        elif name[:1].isdigit() and not TWO_DIGITS.match(name):
            yield Fault(
                Severity.WARNING,
                file.head,
                f"{printable(name)} sorts by its text, not by its number: files that should be weaker may win",
                "begin the name with exactly two digits, such as 99-custom-defaults.cfg",
            )
    yield from _overruled(subject)


def _overruled(subject: CloudConfig) -> Iterator[Fault]:
    """Values of a file with a number that another overrules, as only the sorting of names has it: one whose name has no
    number, or a package's. That of two own files with numbers the later one wins is meant.
    """
    for number, file in enumerate(subject.files):
        if file.vendor or not TWO_DIGITS.match(basename(file.path)):
            continue
        later = subject.files[number + 1 :]
        stronger = [each for each in later if each.vendor or not basename(each.path)[:1].isdigit()]
        for word in file.words:
            if not word.loc or word.tag == "map" or len(word.loc) > LEVELS or not all(map(_is_key, word.loc)):
                continue
            over = next((each for each in stronger if each.find(*word.loc) is not None), None)
            if over is not None and over.value(word.loc) != file.value(word.loc):
                yield Fault(
                    Severity.WARNING,
                    file.at(*word.key),
                    f"`{dotted(word.loc)}` has no effect: {printable(basename(over.path))} sorts later and sets it too",
                    f"give the file a name that sorts after {printable(basename(over.path))}, or say it there",
                )


def _is_key(part: object) -> bool:
    return isinstance(part, str)
