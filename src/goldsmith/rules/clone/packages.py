"""GS410: the packages that the recipe demands are installed."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import Judgment, fails, holds, tree_rule, unproven
from goldsmith.rules.facts import Facts


@tree_rule("GS410", "packages", why="What the recipe promises to its readers is looked at, not believed.")
def packages(case: CloneCase, facts: Facts) -> Iterator[Judgment]:
    expected = ", ".join(case.expectation.packages)
    missing = sorted(set(case.expectation.packages) - set(facts.packages))
    if not expected:
        yield holds("packages that the recipe demands", "does not apply: it demands none")
    elif not facts.packages:
        yield unproven(expected, "the package manager's records could not be read")
    elif missing:
        yield fails(expected, f"without {', '.join(missing)}", f"not installed: {', '.join(missing)}")
    else:
        yield holds(expected, f"{len(facts.packages)} packages, these among them")
