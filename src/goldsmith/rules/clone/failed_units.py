"""GS426: no unit failed, but those that the recipe allows to."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.clone.excuses import package_error_excused
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import UNSAID, Judgment, fails, holds, tree_rule, unproven
from goldsmith.rules.facts import Facts

EXPECTED = "no unit that failed"
# In a container these cannot do what they are for, and do it in a machine.
REHEARSALS = {
    "systemd-remount-fs.service": "the root file system has no device there",
    "systemd-udevd.service": "there is no /sys to write to",
    "systemd-udev-trigger.service": "there is no /sys to write to",
    "systemd-modules-load.service": "no modules are loaded there",
    "systemd-sysctl.service": "the kernel's settings are the host's",
    "systemd-binfmt.service": "the kernel's settings are the host's",
    "systemd-growfs-root.service": "the root file system has no device there",
    "dev-hugepages.mount": "the kernel's settings are the host's",
    "auditd.service": "audit is the host's",
}
# Of a clone without a network that leads anywhere.
NETWORK = frozenset({
    "systemd-networkd-wait-online.service", "NetworkManager-wait-online.service", "apt-daily.service",
    "apt-daily-upgrade.service", "dnf-makecache.service", "unbound-anchor.service",
})  # fmt: skip
CLOUD_FINAL = "cloud-final.service"
# Of a name that a console cut: fewer characters could be any unit's.
SHORTEST = 8


@tree_rule("GS426", "failed-units", why="A unit that fails at the first boot fails in every clone.")
def failed_units(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    if facts.system is None or case.clone.failed is None:
        yield unproven(EXPECTED, UNSAID)
        return
    # journald starts after the first units, and a console shows no unit that fails in silence.
    journal = facts.system.journal
    failed = tuple(dict.fromkeys([*(journal.failed if journal is not None else ()), *case.clone.failed]))
    where = "journal and console" if journal is not None else "the console"
    left = [unit for unit in failed if not _excused(unit, case, facts)]
    if left:
        message = f"failed: {', '.join(left)}"
        hint = f"read the console: {case.clone.console}; what may fail goes to `verify.expect.services.failed`"
        yield fails(EXPECTED, ", ".join(left), message, hint=hint)
    else:
        excused = f" here: {', '.join(failed)}" if failed else ""
        yield holds(EXPECTED, f"none but what may{excused}" if failed else f"none in {where}")


def _excused(unit: str, case: CloneCase, facts: Facts) -> bool:
    allowed = {*case.expectation.may_fail, *(f"{name}.service" for name in case.expectation.may_fail)}
    if not case.clone.networked:
        allowed |= NETWORK
    if not case.clone.hardware:
        allowed |= REHEARSALS.keys()
    errors = facts.result.errors if facts.result is not None else ()
    # cloud-init's last stage ends with an error where a module of it did.
    if any(package_error_excused(error, case, facts) for error in errors):
        allowed.add(CLOUD_FINAL)
    begin, cut, _ = unit.partition("…")
    return unit in allowed or (bool(cut) and len(begin) > SHORTEST and any(each.startswith(begin) for each in allowed))
