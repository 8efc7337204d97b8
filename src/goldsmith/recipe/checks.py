"""The sections of `verify.expect` with which a recipe checks its clones in its own words."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, TypeVar

import re2
from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, WithJsonSchema, model_validator

from goldsmith.base.source import wrong
from goldsmith.customization import hostfiles
from goldsmith.customization.fields import Account, DirectoryPath, Mode
from goldsmith.errors import InputError
from goldsmith.recipe.check import CommandCheck, FileCheck, GossCheck, InfraCheck, TextWanted
from goldsmith.recipe.section import NonEmpty, Section

# Longest goss file that is taken along, in bytes.
GOSS_LIMIT = 1 << 20
# Longest file beside tests of testinfra, in bytes.
TESTS_LIMIT = 16 << 20
# What Python and pytest leave beside tests.
LEFT_BY_TESTS = frozenset({"__pycache__", ".pytest_cache"})
Item = TypeVar("Item")


def expression(pattern: str) -> re2._Regexp:
    """A regular expression as `matches` means it: `^` and `$` stand for the ends of lines. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(f"(?m){pattern}", options)


def _expression(pattern: str) -> str:
    try:
        expression(pattern)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise wrong(f"is no regular expression of RE2: {said}", "look at brackets; RE2 has no look-around") from error
    return pattern


def _command(value: object) -> object:
    if isinstance(value, str) and value.strip() and "\0" not in value:
        return value.strip()
    if isinstance(value, list | tuple) and value and all(isinstance(each, str) and "\0" not in each for each in value):
        if not value[0]:
            raise wrong("names no program", 'the first word is the program, such as ["systemctl", "is-active", "ssh"]')
        return tuple(value)
    raise wrong("is no command", 'a line for the shell, or a list of words such as ["systemctl", "is-active", "ssh"]')


def _each_once(name: Callable[[Item], str]) -> AfterValidator:
    def check(items: tuple[Item, ...]) -> tuple[Item, ...]:
        seen: set[str] = set()
        for each in items:
            if (named := name(each)) in seen:
                raise wrong(f"name {named} twice", "say everything about it in one entry")
            seen.add(named)
        return items

    return AfterValidator(check)


Expression = Annotated[str, Field(min_length=1), AfterValidator(_expression)]
Command = Annotated[
    str | tuple[str, ...],
    BeforeValidator(_command),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
]


class ExpectedText(Section):
    """What a command prints on its standard output. At least one of the three."""

    equals: str | None = None
    """It is this text; line breaks at the end do not count."""
    contains: NonEmpty | None = None
    """This text is somewhere in it."""
    matches: Expression | None = None
    """This regular expression (RE2) matches somewhere in it; `^` and `$` are the ends of a line."""

    @model_validator(mode="after")
    def _something(self) -> ExpectedText:
        if self.wanted == TextWanted():
            raise wrong("asks for nothing", "give `equals:`, `contains:` or `matches:`")
        return self

    @property
    def wanted(self) -> TextWanted:
        return TextWanted(self.equals, self.contains, self.matches)


class ExpectedFile(Section):
    """A file or folder on a clone's disk, read after the clone was powered off. It has to exist; links are followed."""

    path: DirectoryPath
    """Absolute path in the guest."""
    absent: StrictBool = False
    """It must not exist instead."""
    contains: NonEmpty | None = None
    """This text is somewhere in it."""
    matches: Expression | None = None
    """This regular expression (RE2) matches somewhere in it; `^` and `$` are the ends of a line."""
    mode: Mode | None = None
    """Its permissions, such as "0644"."""
    owner: Account | None = None
    """Who owns it: a name or a number."""
    group: Account | None = None
    """The group that owns it: a name or a number."""

    @model_validator(mode="after")
    def _absent_has_nothing(self) -> ExpectedFile:
        if self.absent and self.check != FileCheck(self.path, absent=True):
            raise wrong("expects a file to be absent and says what it is like", "remove `absent:` or the rest")
        return self

    @property
    def check(self) -> FileCheck:
        text = TextWanted(contains=self.contains, matches=self.matches)
        return FileCheck(self.path, self.absent, text, self.mode, self.owner, self.group)


class ExpectedCommand(Section):
    """A program that is run inside a clone once it is ready, before it is powered off."""

    run: Command
    """A line for /bin/sh, or a list of words that no shell reads."""
    user: NonEmpty | None = None
    """Who runs it. Default: root."""
    status: Annotated[StrictInt, Field(ge=0, le=255)] = 0
    """The exit code that it has to end with."""
    stdout: ExpectedText | None = None
    """What it has to print."""
    timeout: Annotated[StrictInt, Field(ge=1, le=600)] = 30
    """Seconds after which it is given up, on a host with KVM; longer on a slower one."""

    @property
    def check(self) -> CommandCheck:
        shown, argv = (self.run, ("/bin/sh", "-c", self.run)) if isinstance(self.run, str) else _of_words(self.run)
        stdout = self.stdout.wanted if self.stdout is not None else TextWanted()
        return CommandCheck(shown, argv, self.user, self.status, stdout, float(self.timeout))


def _of_words(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    return shlex.join(words), tuple(words)


ExpectedFiles = Annotated[tuple[ExpectedFile, ...], _each_once(lambda each: each.path)]
ExpectedCommands = Annotated[tuple[ExpectedCommand, ...], _each_once(lambda each: each.check.name)]


def read_goss(folder: Path, name: str) -> GossCheck:
    """The check that a goss file makes. Raises InputError where it cannot be read."""
    path = folder / name
    try:
        with path.open("rb") as file:
            content = file.read(GOSS_LIMIT + 1)
        text = content.decode("utf-8")
    except OSError as error:
        raise InputError(f"the goss file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the goss file {path} is not UTF-8 at byte {error.start}") from error
    if len(content) > GOSS_LIMIT:
        raise InputError(f"the goss file {path} is longer than {GOSS_LIMIT >> 20} MiB")
    return GossCheck(name, text)


def read_testinfra(folder: Path, name: str) -> InfraCheck:
    """The check that a file or folder of testinfra's tests makes. Raises InputError where it cannot be read."""
    digest = sha256()
    for each in hostfiles.below(folder, name):
        if not LEFT_BY_TESTS & set(Path(each).parts):
            content = hostfiles.read(folder, each, step="testinfra", limit=TESTS_LIMIT)
            digest.update(json.dumps([each, sha256(content).hexdigest()]).encode())
    return InfraCheck(name, digest.hexdigest())
