"""run: a script or a command, in the guest."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from goldsmith.customization import hostfiles
from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import HostPath, SecretName, VariableName
from goldsmith.customization.programs import ended, failure, run
from goldsmith.errors import InputError

SCRIPT = "goldsmith-script"
LARGEST_SCRIPT = 16 << 20
ENVIRONMENT: Mapping[str, str] = {"DEBIAN_FRONTEND": "noninteractive"}


@register
class Run(Customization):
    """Run something in the guest, as the guest's root, with services kept from starting; exactly one of `script`,
    `command` and `shell`.

    It fails the build unless it ends with 0. There is no network unless the step asks for it; with it, the program is
    told the host's proxies. A script never reaches the disk, nor does a secret: the step finds those that it names in
    /run/secrets, for itself alone, and they are masked in what it prints.
    """

    KEY = "run"
    RUNS_PROGRAMS = True
    EXAMPLE = """\
- run: {script: scripts/harden.sh}
- run: {command: [usermod, --append, --groups, adm, www-data]}
- run:
    shell: |
      update-ca-certificates
    timeout: 60
- run: {script: scripts/fetch.sh, network: true, secrets: [token]}   # reads /run/secrets/token
"""
    script: HostPath | None = Field(
        default=None,
        description="A script of the host, relative to the recipe's folder; its first line names the interpreter "
        "(#!/bin/bash), else it is /bin/sh.",
    )
    command: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="A program and its arguments; no shell."
    )
    shell: str | None = Field(
        default=None,
        min_length=1,
        description="Lines for the guest's /bin/sh, which stops at the first that fails (-e).",
    )
    network: bool = Field(default=False, description="Whether it reaches the host's network.")
    env: Mapping[VariableName, str] = Field(default={}, description="Environment variables.")
    secrets: tuple[SecretName, ...] = Field(
        default=(), description="Names of the recipe's secrets that it may see, in /run/secrets/NAME (0400, root's)."
    )
    timeout: Annotated[float, Field(gt=0, le=86400)] = Field(
        default=600.0, description="Seconds after which it is ended."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(each is not None for each in (self.script, self.command, self.shell)) != 1:
            raise ValueError("give exactly one of script, command and shell")
        if self.command is not None and any("\0" in word for word in self.command):
            raise ValueError("command: an argument holds a NUL")
        return self

    def needs_network(self) -> bool:
        return self.network

    def host_files(self, folder: Path | None = None) -> tuple[str, ...]:
        return (self.script,) if self.script is not None else ()

    def named_secrets(self) -> tuple[str, ...]:
        return self.secrets

    def check(self, folder: Path) -> None:
        if self.script is not None:
            interpreter(hostfiles.read(folder, self.script, step=self.title, limit=LARGEST_SCRIPT), step=self.title)

    @property
    def title(self) -> str:
        """The step in a few words, for errors and summaries."""
        if self.script is not None:
            return f"{self.KEY} {self.script}"
        if self.command is not None:
            return f"{self.KEY} {_short(shlex.join(self.command))}"
        lines = [line.strip() for line in (self.shell or "").splitlines() if line.strip()]
        return f"{self.KEY} {_short(lines[0] if lines else '')}"

    def perform(self, session: Session) -> str:
        argv, files = self._argv(session.folder)
        program = run(
            session,
            self.title,
            argv,
            env={**ENVIRONMENT, **self.env},
            network=self.network,
            files=files,
            secrets=self.secrets,
            timeout=self.timeout,
        )
        if program.returncode != 0:
            raise failure(f"{self.title}: {ended(program)}", program)
        return self.title.removeprefix(f"{self.KEY} ")

    def _argv(self, folder: Path) -> tuple[tuple[str, ...], dict[str, bytes]]:
        if self.command is not None:
            return self.command, {}
        if self.shell is not None:
            return ("/bin/sh", "-e", f"/run/{SCRIPT}"), {SCRIPT: self.shell.encode()}
        content = hostfiles.read(folder, str(self.script), step=self.title, limit=LARGEST_SCRIPT)
        return (*interpreter(content, step=self.title), f"/run/{SCRIPT}"), {SCRIPT: content}


def interpreter(script: bytes, *, step: str) -> tuple[str, ...]:
    """The program that a script's first line names, and its one argument (execve(2)); /bin/sh where it names none.

    Raises InputError where the line cannot work: not UTF-8, a relative path, line ends of Windows.
    """
    if not script.startswith(b"#!"):
        if script.startswith(b"\x7fELF"):
            raise InputError(f"{step}: it is a program, not a script", hint="copy it into the guest and use command:")
        return ("/bin/sh",)
    line = script[2:].split(b"\n", 1)[0]
    if line.endswith(b"\r"):
        raise InputError(f"{step}: the script has line ends of Windows (CR LF)", hint="convert it: sed -i 's/\\r$//'")
    try:
        words = line.decode().strip().split(None, 1)
    except UnicodeDecodeError as error:
        raise InputError(f"{step}: the script's first line is not UTF-8") from error
    if not words or not words[0].startswith("/"):
        raise InputError(f"{step}: the script's first line names no interpreter", hint="begin it with #!/bin/sh")
    return tuple(words)


def _short(text: str, limit: int = 60) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"
