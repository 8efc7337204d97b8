"""The result of a verification: outcomes, and what they are worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from goldsmith.cloudinit.datasource import Seed
from goldsmith.findings import printable
from goldsmith.rules.evidence import CloneEvidence, Evidence
from goldsmith.rules.rule import Outcome, Verdict

PAGE_FILE = "index.html"
MEANING = {
    Seed.NONE: "no seed at all",
    Seed.EMPTY_NOCLOUD: "an empty NoCloud seed",
    Seed.USER_DATA: "user-data that adds a user with a key",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """`record` is the folder that keeps the evidence and the consoles, or None; `shown_at` is the page where it is not
    in that folder.
    """

    evidence: Evidence
    outcomes: tuple[Outcome, ...]
    record: Path | None = None
    shown_at: Path | None = None

    @property
    def page(self) -> Path | None:
        """The page for people."""
        return self.shown_at or (self.record / PAGE_FILE if self.record is not None else None)

    @property
    def verdict(self) -> Verdict:
        """Pass only if every outcome is one."""
        verdicts = {outcome.verdict for outcome in self.outcomes}
        if Verdict.FAIL in verdicts:
            return Verdict.FAIL
        return Verdict.PASS if verdicts == {Verdict.PASS} else Verdict.UNPROVEN

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS

    @property
    def clones(self) -> tuple[CloneEvidence, ...]:
        return self.evidence.clones

    def proved(self, clone: CloneEvidence) -> bool:
        """Whether everything that was asked about one clone holds."""
        own = [each for each in self.outcomes if each.subject.split(":")[0] == clone.name]
        return bool(own) and all(outcome.verdict is Verdict.PASS for outcome in own)

    def meanings(self) -> tuple[str, ...]:
        """One line for each clone: what it was given, whether it was only rehearsed, and whether it is proven."""
        return tuple(self._meaning(clone) for clone in self.clones)

    def _meaning(self, clone: CloneEvidence) -> str:
        status = clone.facts.status if clone.facts is not None else None
        source = (status.datasource_class if status else None) or "no datasource"
        proved = "proved" if self.proved(clone) else "not proved"
        how = "" if clone.hardware else ", rehearsed"
        twice = ", started twice" if clone.again is not None else ""
        return f"{clone.name}: {MEANING.get(clone.seed, clone.seed.value)} ({source}){how}{twice}: {proved}"

    def as_json(self) -> dict[str, object]:
        """The document of `verify --json`, without its schema."""
        return {
            "verdict": self.verdict.value,
            "judged": "recipe" if self.evidence.expectation.stated else "invariants",
            "sha256": self.evidence.digest_before,
            "outcomes": [outcome.as_json() for outcome in self.outcomes],
            "clones": [self._clone(clone) for clone in self.clones],
            "evidence": str(self.record) if self.record is not None else None,
            "page": str(self.page) if self.page is not None else None,
        }

    def _clone(self, clone: CloneEvidence) -> dict[str, object]:
        return {
            "name": clone.name,
            "driver": clone.driver,
            "proved_by": "machine" if clone.hardware else "rehearsal",
            "firmware": clone.firmware.value if clone.hardware else None,
            "machine": asdict(clone.machine) if clone.machine is not None else None,
            "seed": clone.seed.value,
            **self._start(clone),
            "proved": self.proved(clone),
            "meaning": MEANING.get(clone.seed, clone.seed.value),
            "second_boot": self._start(clone.again) if clone.again is not None else None,
        }

    def _start(self, start: CloneEvidence) -> dict[str, object]:
        """What is said of the first boot of a clone, and of its second."""
        return {
            "milestones": [{"name": each.name, "seconds": each.seconds} for each in start.milestones],
            "seconds": start.seconds,
            "console": self._kept(start.console),
            "screenshot": self._kept(start.screenshot),
            "problem": start.problem,
            "causes": [
                {"name": each.name, "line": each.line, "cause": each.cause, "hint": each.hint, "ends": each.ends}
                for each in start.causes
            ],
        }

    def _kept(self, name: str | None) -> str | None:
        """A file beside the evidence, where that is kept."""
        return str(self.record / name) if self.record is not None and name is not None else None

    def as_text(self) -> str:
        """The report for people: what was proved, and each outcome that is no pass with its reason."""
        lines = [f"{self.verdict.value}: {self._counted()}"]
        if not self.evidence.expectation.stated:
            lines.append("only invariants were judged: there is no manifest and no recipe")
        lines.extend(self.meanings())
        for outcome in self.outcomes:
            if outcome.verdict is Verdict.FAIL:
                lines.append(f"fail {outcome.rule} {outcome.subject}: {outcome.message}")
                if outcome.finding is not None and outcome.finding.hint:
                    lines.append(f"  hint: {outcome.finding.hint}")
        lines.extend(self._last_words())
        lines.extend(self._unproven())
        if self.record is not None:
            lines.append(f"evidence: {self.record}")
            lines.append(f"page: {self.page}")
        return "\n".join(lines)

    def _last_words(self) -> Iterator[str]:
        """Where a boot failed: its last milestone, the end of its console, and its screen."""
        starts = [
            start
            for clone in self.clones
            for start in ((clone.name, clone), (f"{clone.name}, second boot", clone.again))
        ]
        stuck = [(which, start) for which, start in starts if start is not None and start.problem is not None]
        for which, start in stuck:
            if start.tail:
                yield f"console of {which} at its end, after {start.last_milestone}:"
                yield from (f"  | {printable(line)}" for line in start.tail)
            if start.screenshot is not None and self.record is not None:
                yield f"screen of {which}: {self.record / start.screenshot}"
        if stuck and self.record is None:
            yield "consoles and screens were not kept: verify with --evidence FOLDER"

    def _unproven(self) -> Iterator[str]:
        """One line for each reason, not for each rule: one boot that stalls blinds most of them."""
        blinded: dict[tuple[str, str], list[str]] = {}
        for outcome in self.outcomes:
            if outcome.verdict is Verdict.UNPROVEN:
                blinded.setdefault((outcome.subject, outcome.message), []).append(outcome.rule)
        for (subject, message), rules in blinded.items():
            yield f"unproven {', '.join(dict.fromkeys(rules))} {subject}: {message}"

    def _counted(self) -> str:
        counts = {verdict: sum(outcome.verdict is verdict for outcome in self.outcomes) for verdict in Verdict}
        named = [f"{count} {verdict.value}" for verdict, count in counts.items() if count]
        rehearsed = sum(not clone.hardware for clone in self.clones)
        by = f", {rehearsed} of them rehearsed" if rehearsed else ""
        return f"{', '.join(named)} in {len(self.clones)} clones{by}"
