"""GS424: the host name is the one that is configured, or none: not the name of the machine that built the image."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.datasource import Seed
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, runs_cloud_init, system_rule
from goldsmith.rules.system import System

# What distributions ship where a machine has no name yet; besides, their own name.
GENERIC = frozenset({"localhost", "localhost.localdomain", "localhost6", "localhost.localdomain6", "(none)", "linux"})


@system_rule("GS424", "hostname", why="Clones that share a name collide in DNS, DHCP and every log that is collected.")
def hostname(case: CloneCase, system: System) -> Iterator[Judgment]:
    seen = system.hostname or ""
    configured = case.prediction.hostname
    sealed = (case.sealed.system.hostname if case.sealed.system is not None else None) or ""
    ran = runs_cloud_init(case) and case.clone.facts is not None and case.clone.facts.status is not None
    if configured is not None and ran and case.clone.seed in {Seed.NONE, Seed.EMPTY_NOCLOUD}:
        expected = f"{configured}, as configured"
        if seen.partition(".")[0] == configured.partition(".")[0]:
            yield holds(expected, seen)
        else:
            yield fails(
                expected, seen or "none", f"the host name is {seen or 'not set'}, but {configured} is configured"
            )
        return
    expected = "no name of another machine"
    if seen and seen == sealed and not case.prediction.keeps_hostname and seen not in GENERIC | {system.distro}:
        message = f"the host name {seen} was sealed into the image: all clones have it"
        yield fails(
            expected, seen, message, hint="generalize with net-hostname and customize, or set `preserve_hostname`"
        )
    else:
        yield holds(expected, seen or "none")
