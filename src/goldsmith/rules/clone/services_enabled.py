"""GS425: the units that the recipe demands start by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, system_rule
from goldsmith.rules.system import System


@system_rule("GS425", "services-enabled", why="A service that nothing starts is missed after the first reboot.")
def services_enabled(case: CloneCase, system: System) -> Iterator[Judgment]:
    wanted = [name if "." in name else f"{name}.service" for name in case.expectation.enabled]
    missing = [name for name in wanted if name not in system.enabled]
    if not wanted:
        yield holds("units that the recipe demands", "does not apply: it demands none")
    elif missing:
        message = f"not enabled: {', '.join(missing)}"
        hint = "`systemctl enable` it in `customize`; a unit that another name is an alias of counts by its own"
        yield fails(", ".join(wanted), f"without {', '.join(missing)}", message, hint=hint)
    else:
        yield holds(", ".join(wanted), f"{len(system.enabled)} units, these among them")
