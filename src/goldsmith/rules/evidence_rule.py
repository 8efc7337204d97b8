"""What rules over booted clones share: the words they answer with, and what they are spared.

A rule about a clone's tree is not asked where the boot did not end cleanly (its disk proves nothing then: unproven),
and a rule about cloud-init not where it did not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from goldsmith.cloudinit.datasource import Choice, Seed
from goldsmith.findings import Finding, Severity
from goldsmith.rules.evidence import CloneCase, CloneEvidence, Evidence
from goldsmith.rules.expectation import NOCLOUD
from goldsmith.rules.facts import Facts
from goldsmith.rules.probe import Probe
from goldsmith.rules.rule import Needs, Outcome, Rule, Verdict, rule
from goldsmith.rules.system import System

UNSAID = "the evidence does not say: an older goldsmith gathered it"

ONCE = "does not apply: this clone was booted once"


@dataclass(frozen=True, slots=True)
class Judgment:
    """An outcome before it knows whose it is; `about` names a part of the subject, such as a user."""

    verdict: Verdict
    expected: str
    seen: str
    message: str = ""
    hint: str | None = None
    about: str = ""


def holds(expected: str, seen: str, *, about: str = "") -> Judgment:
    """It is as expected; or `seen` says that the rule does not apply."""
    return Judgment(Verdict.PASS, expected, seen, about=about)


def fails(expected: str, seen: str, message: str, *, hint: str | None = None, about: str = "") -> Judgment:
    """It is not as expected; `message` is one line for the person who has to mend it."""
    return Judgment(Verdict.FAIL, expected, seen, message, hint, about)


def unproven(expected: str, reason: str, *, about: str = "") -> Judgment:
    """Nothing could look at it."""
    return Judgment(Verdict.UNPROVEN, expected, "", reason, about=about)


def clone_rule(code: str, name: str, *, why: str) -> Callable[[Callable[[CloneCase], Iterable[Judgment]]], Rule]:
    """Register a rule about one clone."""

    def register(judge: Callable[[CloneCase], Iterable[Judgment]]) -> Rule:
        def run(case: CloneCase) -> Iterator[Outcome]:
            yield from (_outcome(code, case.clone.name, judgment) for judgment in judge(case))

        return rule(code, name, needs=Needs.CLONE, why=why)(run)

    return register


def tree_rule(
    code: str, name: str, *, why: str, cloud_init: bool = False
) -> Callable[[Callable[[CloneCase, Facts], Iterable[Judgment]]], Rule]:
    """Register a rule about the tree that one clone's boot left; with `cloud_init` one about cloud-init's run."""

    def register(judge: Callable[[CloneCase, Facts], Iterable[Judgment]]) -> Rule:
        def guarded(case: CloneCase) -> Iterable[Judgment]:
            clone = case.clone
            if clone.facts is None or not clone.ended:
                return [unproven(name, _blind(clone))]
            if cloud_init and not runs_cloud_init(case):
                return [holds(name, "does not apply: the recipe leaves cloud-init off without a seed")]
            if cloud_init and clone.facts.status is None:
                return [unproven(name, "cloud-init did not run")]
            return judge(case, clone.facts)

        return clone_rule(code, name, why=why)(guarded)

    return register


def system_rule(
    code: str, name: str, *, why: str, cloud_init: bool = False
) -> Callable[[Callable[[CloneCase, System], Iterable[Judgment]]], Rule]:
    """Register a rule about the running system that one clone's boot left."""

    def register(judge: Callable[[CloneCase, System], Iterable[Judgment]]) -> Rule:
        def guarded(case: CloneCase, facts: Facts) -> Iterable[Judgment]:
            return [unproven(name, UNSAID)] if facts.system is None else judge(case, facts.system)

        return tree_rule(code, name, why=why, cloud_init=cloud_init)(guarded)

    return register


def probe_rule(code: str, name: str, *, why: str) -> Callable[[Callable[[Facts, Probe], Iterable[Judgment]]], Rule]:
    """Register a rule about a clone whose user-data adds a user. It does not apply where user-data reaches nobody."""

    def register(judge: Callable[[Facts, Probe], Iterable[Judgment]]) -> Rule:
        def guarded(case: CloneCase, facts: Facts) -> Iterable[Judgment]:
            probe, predicted = case.clone.probe, case.prediction.of(case.clone.seed)
            if probe is None:
                return [holds(name, "does not apply: this clone was given no user-data")]
            if predicted.datasource != NOCLOUD:
                return [holds(name, f"does not apply: the image takes no NoCloud seed ({predicted.why})")]
            return judge(facts, probe)

        return tree_rule(code, name, why=why, cloud_init=True)(guarded)

    return register


def second_boot_rule(
    code: str, name: str, *, why: str
) -> Callable[[Callable[[CloneEvidence], Iterable[Judgment]]], Rule]:
    """Register a rule about the second boot of a clone. It does not apply to one that was booted once."""

    def register(judge: Callable[[CloneEvidence], Iterable[Judgment]]) -> Rule:
        def guarded(case: CloneCase) -> Iterable[Judgment]:
            clone = case.clone
            if not clone.ended:
                return [unproven(name, _blind(clone))]
            return [holds(name, ONCE)] if clone.again is None else judge(clone.again)

        return clone_rule(code, name, why=why)(guarded)

    return register


def again_rule(
    code: str, name: str, *, why: str, cloud_init: bool = False
) -> Callable[[Callable[[Facts, Facts], Iterable[Judgment]]], Rule]:
    """Register a rule about the trees that the first and the second boot of a clone left, in this order; with
    `cloud_init` one about its two runs.
    """

    def register(judge: Callable[[Facts, Facts], Iterable[Judgment]]) -> Rule:
        def guarded(case: CloneCase, first: Facts) -> Iterable[Judgment]:
            again = case.clone.again
            if again is None:
                return [holds(name, ONCE)]
            if again.facts is None or not again.ended:
                return [unproven(name, _blind(again))]
            if cloud_init and again.facts.status is None:
                return [unproven(name, "cloud-init did not run")]
            return judge(first, again.facts)

        return tree_rule(code, name, why=why, cloud_init=cloud_init)(guarded)

    return register


def left_to_machines(case: CloneCase, expected: str, why: str) -> Judgment:
    """What a rehearsal cannot show, `why` in words: proven where a machine of the same image booted beside it."""
    machine = next((each.name for each in case.evidence.clones if each.hardware and each.ended), None)
    if machine is None:
        return unproven(expected, f"{case.clone.driver} only rehearses: {why}")
    return holds(expected, f"does not apply to a rehearsal: {why}; see {machine}")


def runs_cloud_init(case: CloneCase) -> bool:
    """Whether cloud-init has to run in this clone: always, but where the recipe chose to leave the base as it is, and
    the base's own configuration keeps it off in a machine without a seed.
    """
    as_base = case.expectation.datasource is Choice.AS_BASE and case.clone.seed is Seed.NONE
    return not (
        as_base and not case.prediction.of(Seed.NONE).enabled and case.prediction.of(Seed.EMPTY_NOCLOUD).enabled
    )


def replaced_by_user_data(case: CloneCase) -> frozenset[str]:
    """The users that the image's configuration makes, but not where user-data has a list of users of its own."""
    with_seed = {user.name for user in case.prediction.users_with(case.clone.seed)}
    return frozenset(user.name for user in case.prediction.users if user.name not in with_seed)


def clones_rule(code: str, name: str, *, why: str) -> Callable[[Callable[[Evidence], Iterable[Judgment]]], Rule]:
    """Register a rule about all clones together."""

    def register(judge: Callable[[Evidence], Iterable[Judgment]]) -> Rule:
        def run(evidence: Evidence) -> Iterator[Outcome]:
            yield from (_outcome(code, "clones", judgment) for judgment in judge(evidence))

        return rule(code, name, needs=Needs.CLONES, why=why)(run)

    return register


@dataclass(frozen=True, slots=True)
class Booted:
    """A clone whose disk proves something."""

    clone: CloneEvidence
    facts: Facts


def booted(evidence: Evidence) -> tuple[Booted, ...]:
    """The clones that booted and ended cleanly."""
    return tuple(Booted(each, each.facts) for each in evidence.clones if each.ended and each.facts is not None)


def differing(
    evidence: Evidence,
    expected: str,
    value: Callable[[Booted], frozenset[str]],
    *,
    may_lack: Callable[[Booted], bool] = lambda _: False,
) -> Iterator[Judgment]:
    """One judgment: no two clones have a value in common. Unproven with fewer than two that booted cleanly, and where
    only some have one, of those that may not lack it.
    """
    clones = booted(evidence)
    if len(clones) < 2:
        yield unproven(expected, f"{len(clones)} of {len(evidence.clones)} clones ended cleanly: nothing to compare")
        return
    owners: dict[str, str] = {}
    for each in clones:
        for item in sorted(value(each)):
            if item in owners:
                yield fails(
                    expected,
                    f"{item} in {owners[item]} and {each.clone.name}",
                    f"{owners[item]} and {each.clone.name} have the same: {item}",
                    hint="it was sealed into the image, or made from something that all clones share",
                )
                return
            owners[item] = each.clone.name
    without = [each.clone.name for each in clones if not value(each) and not may_lack(each)]
    if without and owners:
        yield unproven(expected, f"{without[0]} has none")
    else:
        yield holds(expected, f"{len(owners)} different in {len(clones)} clones")


def equal(expected: str, values: Mapping[str, frozenset[str]]) -> Judgment:
    """All values, by whose they are, are the same. Unproven with fewer than two."""
    if len(values) < 2:
        return unproven(expected, f"{len(values)} clones ended cleanly: nothing to compare")
    (first, wanted), *others = values.items()
    for name, value in others:
        if value != wanted:
            odd = min(value ^ wanted)
            owner = name if odd in value else first
            return fails(expected, f"only in {owner}: {odd}", f"{first} and {name} differ: only in {owner}: {odd}")
    return holds(expected, f"{len(wanted)} equal in {len(values)}")


def _blind(clone: CloneEvidence) -> str:
    """Why the disk after a boot says nothing."""
    return f"the clone's disk proves nothing: {clone.unreadable or clone.problem or 'the boot did not end cleanly'}"


def _outcome(code: str, subject: str, judgment: Judgment) -> Outcome:
    full = f"{subject}: {judgment.about}" if judgment.about else subject
    finding = None
    if judgment.verdict is Verdict.FAIL:
        finding = Finding(code, Severity.ERROR, judgment.message, hint=judgment.hint, subject=full)
    return Outcome(code, full, judgment.verdict, judgment.expected, judgment.seen, judgment.message, finding)
