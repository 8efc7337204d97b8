"""One self-contained HTML page of a verification: it needs no network, works on paper and without JavaScript.

Everything from a guest goes through `printable` and through the template engine's escaping; only this package's own
script and style reach the page as they are, and the page's own policy forbids every other script.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from goldsmith import __version__
from goldsmith.cloudinit.analyze import Link
from goldsmith.findings import printable
from goldsmith.rules.evidence import CloneEvidence, Evidence
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.verification.report.chain import chain_of
from goldsmith.verification.report.console import Excerpt, read_excerpt
from goldsmith.verification.report.differences import clone_differences
from goldsmith.verification.report.names import rules, subject_of
from goldsmith.verification.report.timeline import chain_offset, starts, timeline
from goldsmith.verification.verification import MEANING, Verification

# Bytes that all consoles of a page may take, so that a page stays below 2 MiB.
CONSOLE_ROOM = 1_200_000
# A screen of text takes a few KiB.
SCREEN_ROOM = 200_000
PNG = b"\x89PNG\r\n\x1a\n"
TEXT_LIMIT = 600
ROWS_SHOWN = 200
NAME_LIMIT = 30
CLONES_IN_FULL = 40
WORST_FIRST = (Verdict.FAIL, Verdict.UNPROVEN, Verdict.PASS)
SAID = {
    Verdict.PASS: ("Proven", "Every check on every clone holds."),
    Verdict.FAIL: ("Not proven: checks failed", "At least one check on the clones does not hold."),
    Verdict.UNPROVEN: ("Not proven: nothing looked at all of it", "No check failed, but some could not be made."),
}
AGREES = {Verdict.PASS: "as predicted", Verdict.FAIL: "otherwise", Verdict.UNPROVEN: "not compared"}
MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNPROVEN: "?"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the checks: an outcome, or several that are unproven for one reason. `about` is a part of a clone."""

    verdict: Verdict
    rules: tuple[str, ...]
    about: str
    expected: str
    seen: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Group:
    """The checks of one clone, or of all together: those that are no pass first, passed ones apart."""

    title: str
    anchor: str
    detail: str
    bad: tuple[Row, ...]
    passed: tuple[Row, ...]
    bad_left_out: int = 0
    passed_left_out: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of cloud-init by its own clock: seconds after its first stage began, and how long it took."""

    name: str
    start: float
    seconds: float
    slowest: bool


@dataclass(frozen=True, slots=True)
class Console:
    """The log of one start; `excerpt` is None where there is none beside the page. `screen` is a picture of the screen,
    as a data URL; None where none was taken.
    """

    title: str
    anchor: str
    file: str
    excerpt: Excerpt | None
    screen: str | None


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a clone's machine. `chain` is what the boot waited for in cloud-init, by cloud-init's own clock;
    `offset` is when that clock began, in seconds since the machine was started, None where nothing tells it.
    """

    title: str
    clone: CloneEvidence
    stages: tuple[Stage, ...]
    chain: tuple[Link, ...]
    offset: float | None


def render_page(verification: Verification, folder: Path) -> str:
    """The page. `folder` holds the consoles, which are shown as far as they are there."""
    evidence = verification.evidence
    all_starts = tuple(each for clone in evidence.clones for each in starts(clone))
    shown = tuple(
        Start(title, each, _stages(each), chain_of(each), chain_offset(each))
        for title, each in all_starts[:CLONES_IN_FULL]
    )
    circumstances = evidence.circumstances
    verdict = verification.verdict
    script = _environment().get_template("page.js").render()
    return (
        _environment()
        .get_template("page.html")
        .render(
            script=Markup(script),  # noqa: S704  this package's own file
            style=Markup(_environment().get_template("page.css").render()),  # noqa: S704
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
            verdict=verdict,
            said=SAID[verdict],
            marks=MARKS,
            agreement=AGREES,
            counts={each: sum(outcome.verdict is each for outcome in verification.outcomes) for each in WORST_FIRST},
            image=(circumstances.image if circumstances else "") or f"image {evidence.digest_before[:12]}",
            evidence=evidence,
            circumstances=circumstances,
            created=_when(circumstances.created) if circumstances else "",
            proved_by=_proved_by(evidence),
            groups=tuple(_groups(verification)),
            rules=_explained(verification.outcomes),
            names={code: each.name for code, each in rules().items()},
            timeline=timeline(evidence.clones[:CLONES_IN_FULL]),
            starts=shown,
            left_out=len(all_starts) - len(shown),
            differences=clone_differences(evidence),
            predicted=tuple(_predicted(evidence)),
            consoles=_consoles(shown, folder),
            meaning=MEANING,
            again=shlex.join(("goldsmith", "verify", *circumstances.again))
            if circumstances and circumstances.again
            else "",
            version=__version__,
        )
        + "\n"
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("goldsmith.verification.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["seconds"] = lambda value: f"{value:.1f} s"
    made.filters["label"] = _label
    made.filters["n"] = lambda value: f"{value:.1f}"
    return made


def _shown(value: Any) -> Any:
    """What an expression of a template becomes before it is escaped: text without controls, and not too long."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    cut = f"{value[:TEXT_LIMIT]} … ({len(value) - TEXT_LIMIT} more)" if len(value) > 2 * TEXT_LIMIT else value
    return printable(str(cut))


def _label(name: str) -> str:
    """The last word of a path, as far as there is room beside a bar."""
    word = name.rpartition("/")[2]
    return word if len(word) <= NAME_LIMIT else f"{word[: NAME_LIMIT - 1]}…"


def _when(created: str) -> str:
    try:
        return datetime.fromisoformat(created).strftime("%d %B %Y, %H:%M UTC")
    except ValueError:
        return created


def _proved_by(evidence: Evidence) -> str:
    machines = sum(clone.hardware for clone in evidence.clones)
    rehearsed = len(evidence.clones) - machines
    said = []
    if machines:
        said.append(f"{machines} by a machine")
    if rehearsed:
        said.append(f"{rehearsed} by a rehearsal, which proves neither boot loader, kernel, initramfs nor udev")
    return ", ".join(said) or "no clone was booted"


def _groups(verification: Verification) -> Iterator[Group]:
    by_subject: dict[str, list[Outcome]] = {clone.name: [] for clone in verification.clones}
    for outcome in verification.outcomes:
        by_subject.setdefault(subject_of(outcome) or "other", []).append(outcome)
    clones = {clone.name: clone for clone in verification.clones}
    made = []
    for number, (name, outcomes) in enumerate(by_subject.items(), 1):
        clone = clones.get(name)
        bad = _rows(outcome for outcome in outcomes if outcome.verdict is not Verdict.PASS)
        passed = _rows(outcome for outcome in outcomes if outcome.verdict is Verdict.PASS)
        made.append(
            Group(
                title="All clones together" if name == "clones" else name,
                anchor=f"checks-{number}",
                detail=_detail(clone) if clone else "",
                bad=bad[:ROWS_SHOWN],
                passed=passed[:ROWS_SHOWN],
                bad_left_out=max(0, len(bad) - ROWS_SHOWN),
                passed_left_out=max(0, len(passed) - ROWS_SHOWN),
            )
        )
    yield from sorted(made, key=lambda group: not group.bad)


def _rows(outcomes: Iterable[Outcome]) -> tuple[Row, ...]:
    """The worst first. One boot that stalls blinds most rules: what is unproven for one reason is one row."""
    alike: dict[tuple[object, ...], list[Outcome]] = {}
    for number, outcome in enumerate(sorted(outcomes, key=lambda each: WORST_FIRST.index(each.verdict))):
        own = (outcome.subject, outcome.message) if outcome.verdict is Verdict.UNPROVEN else (number,)
        alike.setdefault(own, []).append(outcome)
    return tuple(
        Row(
            verdict=first.verdict,
            rules=tuple(dict.fromkeys(each.rule for each in together)),
            about=first.subject.partition(": ")[2],
            expected=", ".join(dict.fromkeys(each.expected for each in together)),
            seen=first.seen,
            message=first.message,
            hint=(first.finding.hint if first.finding else None) or "",
        )
        for together in alike.values()
        for first in together[:1]
    )


def _detail(clone: CloneEvidence) -> str:
    how = (
        f"machine ({clone.driver}, {clone.firmware.value.upper()})" if clone.hardware else f"rehearsal ({clone.driver})"
    )
    return f"{MEANING.get(clone.seed, clone.seed.value)} · {how} · {clone.seconds:.1f} s"


def _explained(outcomes: Sequence[Outcome]) -> tuple[tuple[str, str, str], ...]:
    """Code, name and reason of every rule that was asked."""
    known = rules()
    return tuple(
        (code, known[code].name, known[code].why) for code in sorted({each.rule for each in outcomes} & set(known))
    )


def _stages(clone: CloneEvidence) -> tuple[Stage, ...]:
    status = clone.facts.status if clone.facts is not None else None
    times = [
        (each.name, each.start, each.finished)
        for each in (status.stages if status else ())
        if each.start is not None and each.finished is not None and each.ended
    ]
    if not times:
        return ()
    first = min(start for _, start, _ in times)
    longest = max(finished - start for _, start, finished in times)
    return tuple(
        Stage(name, start - first, finished - start, slowest=finished - start == longest)
        for name, start, finished in sorted(times, key=lambda each: each[1])
    )


def _predicted(evidence: Evidence) -> Iterator[tuple[str, str, str, Verdict]]:
    """Of each clone: its name, which datasource was predicted and why, which one it has, and whether they agree."""
    seeds = {each.seed: each for each in evidence.prediction.seeds}
    for clone in evidence.clones:
        wanted = seeds.get(clone.seed)
        status = clone.facts.status if clone.facts is not None else None
        seen = (status.datasource_class if status else None) or "no datasource"
        if wanted is None:
            yield clone.name, "nothing for this seed", seen, Verdict.UNPROVEN
            continue
        source = (wanted.datasource if wanted.enabled else None) or "no datasource"
        agrees = (Verdict.PASS if source == seen else Verdict.FAIL) if clone.ended else Verdict.UNPROVEN
        yield clone.name, f"{source}: {wanted.why}", seen, agrees


def _consoles(all_starts: Sequence[Start], folder: Path) -> tuple[Console, ...]:
    room = CONSOLE_ROOM // max(1, len(all_starts))
    return tuple(
        Console(
            title=each.title,
            anchor=f"console-{number}",
            file=Path(each.clone.console).name,
            excerpt=_console(folder, each.clone.console, room),
            screen=_screen(folder, each.clone.screenshot),
        )
        for number, each in enumerate(all_starts, 1)
    )


def _console(folder: Path, name: str, room: int) -> Excerpt | None:
    path = _beside(folder, name)
    return read_excerpt(path, room) if path is not None else None


def _screen(folder: Path, name: str | None) -> str | None:
    path = _beside(folder, name or "")
    if path is None or path.stat().st_size > SCREEN_ROOM:
        return None
    content = path.read_bytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}" if content.startswith(PNG) else None


def _beside(folder: Path, name: str) -> Path | None:
    """The name is from recorded evidence: only a plain name of a file of this folder is read."""
    try:
        path = folder / Path(name).name
        return path if name and path.is_file() and not path.is_symlink() else None
    except OSError:  # a name that no file can have
        return None
