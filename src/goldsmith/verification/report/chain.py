"""cloud-init's critical chain on the time axis of a boot. Pure.

Its log has the guest's wall clock, a console's milestones have seconds since the machine was started. Both know when
cloud-init said its last word: the module final_message prints it. Without it, what both know is how stages begin: none
begins before the console shows it, so that the chain is put where the closest of them meet. On 14 starts the two ways
differed by less than two seconds. The begin of one certain stage would not do: under emulation systemd said that it
starts cloud-init-local up to 40 s before the Python of that stage ran.
"""

from __future__ import annotations

import math

from goldsmith.cloudinit.analyze import Kind, Link, Span, critical_chain
from goldsmith.rules.evidence import CloneEvidence

# Parts of stages that are shown of one start.
PARTS = 8
# How far the console and the log may be apart: a clock that was set, or the log of another start, is further off.
SLACK = 2.0
BEGINS = {
    "init-local": "cloud-init-local",
    "init-network": "cloud-init-network",
    "modules-config": "cloud-init-config",
    "modules-final": "cloud-init-final",
}
# 22.4 and newer.
LAST_WORDS = {"modules-final/config-final-message", "modules-final/config-final_message"}


def chain_of(clone: CloneEvidence) -> tuple[Link, ...]:
    """By cloud-init's own clock: seconds after its first event. Empty where nothing was recorded."""
    return critical_chain(_analyzed(clone), PARTS)


def offset(clone: CloneEvidence, end: float) -> float | None:
    """The seconds between the machine's start and cloud-init's first event, None where nothing tells them. `end`: when
    the start ended, before which the chain has to.
    """
    chain = chain_of(clone)
    if not chain:
        return None
    boot = max((each.boot for each in clone.milestones), default=1)
    shown = {each.name: each.seconds for each in clone.milestones if each.boot == boot and math.isfinite(each.seconds)}
    begins = [
        (stage.start, shown[BEGINS[stage.name]])
        for stage in chain
        if stage.kind is Kind.STAGE and BEGINS[stage.name] in shown
    ]
    said = [each.start + each.seconds for each in _analyzed(clone) if each.name in LAST_WORDS]
    if said and "finished" in shown:
        found = shown["finished"] - said[-1]
    elif begins:
        found = max(seconds - start for start, seconds in begins)
    else:
        return None
    fits = all(start + found >= seconds - SLACK for start, seconds in begins)
    fits = fits and chain[0].start + found >= 0 and max(each.end for each in chain) + found <= end + SLACK
    return found if fits else None


def _analyzed(clone: CloneEvidence) -> tuple[Span, ...]:
    return clone.facts.analyzed if clone.facts is not None else ()
