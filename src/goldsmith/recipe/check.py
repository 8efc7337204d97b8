"""What a recipe asks of a booted clone in its own words, as plain data that manifests and evidence remember."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of checks, as the recipe's keys name one of each."""

    FILE = "file"
    COMMAND = "command"
    GOSS = "goss"
    TESTINFRA = "testinfra"


class Asked(StrEnum):
    """How programs get into a clone: by what starts them in machines and containers, or by a login."""

    AGENT = "agent"
    SSH = "ssh"


@dataclass(frozen=True, slots=True)
class TextWanted:
    """What a text has to be, and what of it is asked: it `equals` this, it `contains` this, it `matches` this regular
    expression of RE2. What is None is not asked.
    """

    equals: str | None = None
    contains: str | None = None
    matches: str | None = None

    def words(self) -> Iterator[str]:
        """What is asked, in words."""
        if self.equals is not None:
            yield f"equals {_short(self.equals)}"
        if self.contains is not None:
            yield f"contains {_short(self.contains)}"
        if self.matches is not None:
            yield f"matches {_short(self.matches)}"


ANY_TEXT = TextWanted()


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A file of the clone's disk, by its `path`. `absent`: it must not be there, and nothing else is asked; `text` is
    asked of its content. `mode` holds the permission bits, as a number; `owner` and `group` are names or numbers; of
    these three nothing is asked where they are None.
    """

    path: str
    absent: bool = False
    text: TextWanted = ANY_TEXT
    mode: int | None = None
    owner: str | int | None = None
    group: str | int | None = None

    @property
    def kind(self) -> Kind:
        return Kind.FILE

    @property
    def name(self) -> str:
        return self.path

    @property
    def expected(self) -> str:
        if self.absent:
            return "absent"
        words = ["exists", *self.text.words()]
        words += [f"mode {self.mode:04o}"] if self.mode is not None else []
        words += [f"owner {self.owner}"] if self.owner is not None else []
        words += [f"group {self.group}"] if self.group is not None else []
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A program that runs inside the clone once that is ready: `run` is what the recipe says, `argv` what is started.

    `user` is who runs it, None for root; `status` is the exit code that it has to have, `stdout` what is asked of its
    output; `timeout` is in seconds on a host with KVM.
    """

    run: str
    argv: tuple[str, ...]
    user: str | None = None
    status: int = 0
    stdout: TextWanted = ANY_TEXT
    timeout: float = 30.0

    @property
    def kind(self) -> Kind:
        return Kind.COMMAND

    @property
    def name(self) -> str:
        return f"{self.run} (as {self.user})" if self.user is not None else self.run

    @property
    def expected(self) -> str:
        return ", ".join([f"exit code {self.status}", *(f"output {each}" for each in self.stdout.words())])


@dataclass(frozen=True, slots=True)
class _TestsCheck:
    """Tests in a file or folder of the host, by its name in the recipe."""

    file: str

    @property
    def name(self) -> str:
        return self.file

    @property
    def expected(self) -> str:
        return "every test holds"


@dataclass(frozen=True, slots=True)
class GossCheck(_TestsCheck):
    """A goss file: `file` is its name in the recipe, `text` what is in it. `timeout` in seconds on a host with KVM."""

    text: str
    timeout: float = 300.0

    @property
    def kind(self) -> Kind:
        return Kind.GOSS


@dataclass(frozen=True, slots=True)
class InfraCheck(_TestsCheck):
    """Tests of testinfra: `file` is the file or folder as the recipe names it, `sha256` the digest of all in it. Not
    the tests themselves: those are programs of the host, and what somebody else's manifest brings is not run there.
    `timeout` in seconds on a host with KVM.
    """

    sha256: str
    timeout: float = 300.0

    @property
    def kind(self) -> Kind:
        return Kind.TESTINFRA


LiveCheck = CommandCheck | GossCheck | InfraCheck
Check = FileCheck | LiveCheck


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of a recipe: `files` look at a clone's disk after its boot; `commands`, `goss` and `testinfra` need
    the running clone, and `by` is how they get into it.
    """

    files: tuple[FileCheck, ...] = ()
    commands: tuple[CommandCheck, ...] = ()
    goss: tuple[GossCheck, ...] = ()
    testinfra: tuple[InfraCheck, ...] = ()
    by: Asked = Asked.AGENT

    @property
    def live(self) -> tuple[LiveCheck, ...]:
        """Those that need the running clone; the others look at its disk afterwards."""
        return (*self.commands, *self.goss, *self.testinfra)

    @property
    def logging_in(self) -> tuple[LiveCheck, ...]:
        """Those of them that log in by SSH: only a clone whose user-data lets somebody in can be asked."""
        return tuple(each for each in self.live if self.logs_in(each))

    def logs_in(self, check: Check) -> bool:
        """Whether one of these checks logs in."""
        return self.by is Asked.SSH and check.kind is not Kind.FILE

    def __iter__(self) -> Iterator[Check]:
        return iter((*self.files, *self.live))


NO_CHECKS = Checks()


def _short(text: str) -> str:
    shown = text.strip("\n")
    return repr(shown if len(shown) <= 60 else f"{shown[:57]}…")
