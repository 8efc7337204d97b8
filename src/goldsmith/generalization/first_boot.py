"""What a *first boot*, as systemd means it, would do to a guest: the units that wait for it, and those that presets
would switch.

Sources: machine-id(5), systemd.unit(5) on ConditionFirstBoot=, systemd.preset(5); manager_preset_all() of systemd.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from goldsmith.generalization.view import View

# The strongest first: a unit or a preset file of one name hides those behind it.
PLACES = ("/etc/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd")
UNITS = tuple(f"{place}/system" for place in PLACES)
PRESETS = tuple(f"{place}/system-preset" for place in PLACES)
LIBRARIES = (
    "/usr/lib/systemd",
    "/lib/systemd",
    "/usr/lib/x86_64-linux-gnu/systemd",
    "/usr/lib/aarch64-linux-gnu/systemd",
)
FIRST_BOOT_ROOTS = tuple(dict.fromkeys((*UNITS, *PRESETS, *LIBRARIES)))
LIBRARY = re.compile(r"libsystemd-shared-(\d{1,4})\b.*\.so")
WAITS = re.compile(r"^\s*ConditionFirstBoot\s*=\s*\|?(?:1|yes|true|on|y|t)\s*$", re.MULTILINE | re.IGNORECASE)
INSTALLS = re.compile(r"^\s*(?:WantedBy|RequiredBy|UpheldBy|Alias|Also)\s*=\s*\S", re.MULTILINE)
# machine-id(5): the word has its meaning since this version.
KNOWS_THE_WORD = 247
ASKS = "systemd-firstboot.service"
UNIT_LIMIT = 1 << 16


class State(StrEnum):
    """What /etc/machine-id is left as."""

    EMPTY = "empty"
    UNINITIALIZED = "uninitialized"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file, or what a link makes of one: its name and canonical path."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Switched:
    """A unit that presets would switch at a first boot."""

    unit: Unit
    on: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The right state for a guest, why, and the units that wait for a first boot."""

    state: State
    why: str
    waiting: tuple[Unit, ...] = ()


def choose(view: View) -> Choice:
    """Empty, unless units of others than systemd wait for a first boot and such a boot would do nothing else."""
    if view.info.init != "systemd":
        return Choice(State.ABSENT, "without systemd only D-Bus reads it, and makes a missing one")
    waiting = waiting_units(view)
    if not waiting:
        return Choice(State.EMPTY, "no unit waits for a first boot")
    version = systemd_version(view)
    if version is None or version < KNOWS_THE_WORD:
        return Choice(State.EMPTY, "this systemd does not know the word `uninitialized`", waiting)
    if any(unit.name == ASKS for unit in _wanted(view)):
        return Choice(State.EMPTY, "a first boot may ask on the console (systemd-firstboot)", waiting)
    switched = switched_units(view)
    if switched:
        verb = "on" if switched[0].on else "off"
        more = f" and {len(switched) - 1} more" if len(switched) > 1 else ""
        return Choice(State.EMPTY, f"a first boot would switch {verb} {switched[0].unit.name}{more}", waiting)
    return Choice(State.UNINITIALIZED, "units wait for a first boot, and presets would change nothing", waiting)


def systemd_version(view: View) -> int | None:
    """The guest's systemd, by the name of the library that only its own programs use; None where it is not found."""
    for directory in LIBRARIES:
        for entry in view.index.children(directory):
            if found := LIBRARY.fullmatch(entry.name):
                return int(found[1])
    return None


def waiting_units(view: View) -> tuple[Unit, ...]:
    """Units that something wants and that run at a first boot only; systemd's own wait for it in vain without harm."""
    found = [unit for unit in _wanted(view) if not unit.name.startswith("systemd-")]
    return tuple(unit for unit in found if WAITS.search(_text(view, unit)))


def switched_units(view: View) -> tuple[Switched, ...]:
    """What presets would switch, sorted by name: on everywhere, off only where systemd is built to apply them in full
    (`first-boot-full-preset`: Fedora since 37, RHEL and its kin since 10).
    """
    rules = tuple(_rules(view))
    enabled = {unit.name for unit in _linked(view, UNITS[0])}
    switched = []
    for unit in _units(view).values():
        if "@." in unit.name or not INSTALLS.search(_text(view, unit)):
            continue
        wanted = next((verb for verb, pattern in rules if fnmatch.fnmatchcase(unit.name, pattern)), "enable")
        if wanted == "enable" and unit.name not in enabled:
            switched.append(Switched(unit, on=True))
        elif wanted == "disable" and unit.name in enabled and applies_in_full(view):
            switched.append(Switched(unit, on=False))
    return tuple(sorted(switched, key=lambda each: each.unit.name))


def applies_in_full(view: View) -> bool:
    """Whether a first boot disables what presets do not enable."""
    major = view.info.version.partition(".")[0]
    number = int(major) if major.isascii() and major.isdigit() else 0
    if view.info.distro == "fedora":
        return number >= 37
    return view.info.family == "rhel" and view.info.distro != "amzn" and number >= 10


def _units(view: View) -> dict[str, Unit]:
    """Unit files by name; one that is masked (a link to /dev/null, or empty) is none."""
    found: dict[str, Unit] = {}
    masked: set[str] = set()
    for directory in UNITS:
        for entry in view.index.children(directory):
            if entry.name in found or entry.name in masked or entry.is_directory:
                continue
            if entry.is_regular and entry.size:
                found[entry.name] = Unit(entry.name, entry.path)
            elif entry.is_regular or entry.target == "/dev/null":
                masked.add(entry.name)
    return found


def _wanted(view: View) -> Iterator[Unit]:
    """Units that a link of /etc or of a package makes part of the boot, each once."""
    seen: set[str] = set()
    for directory in UNITS:
        for unit in _linked(view, directory):
            if unit.name not in seen:
                seen.add(unit.name)
                yield unit


def _linked(view: View, directory: str) -> Iterator[Unit]:
    """What the links in NAME.wants and NAME.requires name; the file is found by its name, as systemd does."""
    for wants in view.index.children(directory):
        if wants.is_directory and wants.name.endswith((".wants", ".requires")):
            for link in view.index.children(wants.path):
                yield Unit(link.name, _file(view, link.name) or link.path)


def _file(view: View, name: str) -> str | None:
    base, at, rest = name.partition("@")
    names = (name, f"{base}@.{rest.rpartition('.')[2]}") if at else (name,)
    paths = (posixpath.join(directory, each) for each in names for directory in UNITS)
    return next((path for path in paths if path in view.index), None)


def _text(view: View, unit: Unit) -> str:
    return (view.read(unit.path, limit=UNIT_LIMIT) or b"").decode("utf-8", "replace")


def _rules(view: View) -> Iterator[tuple[str, str]]:
    """Verb and pattern of all preset files, in the order in which they are asked: the first that matches counts."""
    files: dict[str, str] = {}
    for directory in PRESETS:
        for entry in view.index.children(directory):
            if entry.name.endswith(".preset"):
                files.setdefault(entry.name, entry.path)
    for name in sorted(files):
        for line in view.lines(files[name]):
            words = line.split()
            if len(words) >= 2 and words[0] in {"enable", "disable", "ignore"}:
                yield words[0], words[1]
