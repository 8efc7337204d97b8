"""GS602: YAML takes every plain word for what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.configfile import Word
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig, dotted, edit

OCTAL = re.compile(r"0[0-7]+$")
MODE = re.compile(r"[0-7]{3,4}$")
SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")
# Where cloud-init wants text, by the last key; of a list, by the key above it.
TEXT = frozenset({
    "name", "gecos", "shell", "hostname", "fqdn", "locale", "timezone", "content", "path", "owner", "permissions",
    "passwd", "hashed_passwd", "plain_text_passwd", "password", "homedir", "primary_group", "expiredate", "uid",
    "groups", "packages", "ssh_authorized_keys", "ssh_import_id", "sudo", "source", "filename",
})  # fmt: skip
NUMBERS = frozenset({"uid"})


@configuration_rule(
    "GS602",
    "plain words mean what they look like",
    why="PyYAML reads YAML 1.1: 0644 is the number 420, 22:22 is 1342, 2026-01-01 a date, and yes, no, on and off are "
    "booleans. A mode written as 644 becomes 1204.",
    since="every version",
    wrong="write_files:\n  - {path: /etc/app.conf, content: x, permissions: 644}\n",
    right="write_files:\n  - {path: /etc/app.conf, content: x, permissions: '0644'}\n",
)
def misread(subject: CloudConfig) -> Iterator[Fault]:
    for file, word in subject.words():
        if word.key_tag in {"bool", "timestamp"} and isinstance(word.loc[-1], str):
            what = "a boolean" if word.key_tag == "bool" else "a date"
            yield Fault(
                Severity.WARNING,
                file.at(*word.key),
                f"the key `{printable(word.loc[-1])}` is {what} to YAML",
                "put it in quotes",
            )
        meant = _meant(word)
        if meant is not None:
            severity, message = meant
            bare_mode = _key(word) == "permissions" and MODE.match(word.written) and not word.written.startswith("0")
            quoted = f"'0{word.written}'" if bare_mode else f"'{word.written}'"
            repair = edit(file, word.value, word.written, quoted)
            yield Fault(severity, file.at(*word.value), f"`{dotted(word.loc)}`: {message}", f"write {quoted}", repair)


def _meant(word: Word) -> tuple[Severity, str] | None:
    """What YAML makes of a plain word that was meant as text, None where nothing is lost."""
    text = word.written
    if not word.plain or word.tag in {"str", "null", "seq", "map"}:
        return None
    if word.tag == "timestamp":
        return Severity.WARNING, f"{text} is a date to YAML"
    if word.tag == "int" and SEXAGESIMAL.match(text) and ":" in text:
        return Severity.WARNING, f"{text} is the number {yaml.safe_load(text)} to YAML, in base 60"
    key = _key(word)
    if key == "permissions" and word.tag == "int":
        value = yaml.safe_load(text)
        if OCTAL.match(text):
            return Severity.NOTE, f"{text} is the number {value} to YAML; newer versions want text"
        return Severity.ERROR, f"{text} is a decimal number: the mode becomes {value:o}"
    if word.tag == "int" and OCTAL.match(text) and len(text) > 1:
        return Severity.WARNING, f"{text} is the number {yaml.safe_load(text)} to YAML"
    if key in TEXT and key not in NUMBERS:
        if word.tag == "bool" and key not in {"sudo", "ssh_import_id"}:
            return Severity.WARNING, f"{text} is a boolean to YAML, where text is meant"
        if word.tag == "float":
            return Severity.WARNING, f"{text} is the number {yaml.safe_load(text)} to YAML, where text is meant"
    return None


def _key(word: Word) -> str:
    return next((part for part in reversed(word.loc) if isinstance(part, str)), "")
