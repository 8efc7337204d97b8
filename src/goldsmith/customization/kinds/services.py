"""services: which systemd units start at boot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Self

from pydantic import Field, model_validator

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import UnitName
from goldsmith.customization.programs import ended, failure, require_programs, run, tail
from goldsmith.errors import InputError
from goldsmith.events import Note
from goldsmith.findings import printable

# systemctl then works on the files and asks no running manager (systemd.environment, all systemd from 220).
OFFLINE = {"SYSTEMD_OFFLINE": "1", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
TIMEOUT = 300.0
# Where systemd looks for units (systemd.unit(5)) and, for those that it makes of old scripts, where these are.
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/etc/init.d",
)
# Made at boot, from fstab or by the kernel: no file says that there are none.
MADE_AT_BOOT = (".mount", ".automount", ".swap", ".device", ".scope", ".slice")


@register
class Services(Customization):
    """Enable, disable and mask systemd units, by the guest's own systemctl. Nothing is started or stopped now."""

    KEY = "services"
    RUNS_PROGRAMS = True
    EXAMPLE = "- services: {enable: [ssh], mask: [apt-daily.timer]}"
    enable: tuple[UnitName, ...] = Field(default=(), description="Units that start at boot from now on.")
    disable: tuple[UnitName, ...] = Field(default=(), description="Units that no longer start at boot by themselves.")
    mask: tuple[UnitName, ...] = Field(default=(), description="Units that cannot be started at all, even by others.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.enable or self.disable or self.mask):
            raise ValueError("give at least one of enable, disable and mask")
        enabled = {full_name(unit) for unit in self.enable}
        for unit in (*self.disable, *self.mask):
            if full_name(unit) in enabled:
                raise ValueError(f"{unit} cannot be enabled and disabled at once")
        return self

    def perform(self, session: Session) -> str:
        require_programs(session, self.KEY)
        if session.info.init != "systemd":
            raise InputError(f"{self.KEY}: the guest's init is {session.info.init or 'not known'}, not systemd")
        for unit, hint in _unknown(session, self.mask):
            text = f"{self.KEY}: mask {unit}: the guest has no such unit{hint}"
            session.emit(Note(text, warning=True))
        said = []
        for verb, units in (("disable", self.disable), ("enable", self.enable), ("mask", self.mask)):
            if units:
                self._systemctl(session, verb, units)
                said.append(f"{len(units)} {verb}{'' if verb.endswith('e') else 'e'}d")
        return ", ".join(said)

    def _systemctl(self, session: Session, verb: str, units: Sequence[str]) -> None:
        program = run(session, self.KEY, systemctl(verb, units), env=OFFLINE, timeout=TIMEOUT)
        if program.returncode != 0:
            lines = tail(program.output, 1)
            why = lines[0] if lines else f"systemctl {ended(program)}"
            raise failure(f"{self.KEY}: {verb} {', '.join(units)}: {why}", program)


def _unknown(session: Session, units: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Units that no file of the guest makes, each with what may be meant: systemctl masks whatever it is told to."""
    if not units:
        return
    index = session.guest.index(UNIT_FOLDERS)
    folders = {folder for path in UNIT_FOLDERS if (folder := index.resolve(path)) is not None}
    names = {entry.name for folder in folders for entry in index.children(folder)}
    for unit in units:
        name = full_name(unit)
        stem, at, rest = name.partition("@")
        template = f"{stem}@.{rest.rpartition('.')[2]}" if at else name
        script = name.removesuffix(".service")
        if {name, template, script} & names or name.endswith(MADE_AT_BOOT):
            continue
        kind = name[name.rindex(".") :]
        close = get_close_matches(
            name.removesuffix(kind), sorted(each.removesuffix(kind) for each in names if each.endswith(kind)), n=1
        )
        yield unit, f"; did you mean {printable(close[0])}{kind}?" if close else ""


def systemctl(verb: str, units: Sequence[str]) -> tuple[str, ...]:
    """The whole argument list."""
    return ("systemctl", "--no-ask-password", verb, "--", *units)


def full_name(unit: str) -> str:
    """A unit's name with its type: `ssh` means ssh.service."""
    known = ("service", "socket", "timer", "target", "path", "mount", "automount", "swap", "slice", "scope", "device")
    return unit if unit.rpartition(".")[2] in known and "." in unit else f"{unit}.service"
