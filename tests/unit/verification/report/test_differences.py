"""The page names what is not alike in the clones, path by path."""

from __future__ import annotations

from dataclasses import replace

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.system import Changed
from goldsmith.verification.report.differences import Row, clone_differences


def test_a_path_that_differs_is_named_in_the_clone_that_has_it(recorded: Evidence) -> None:
    first, second = recorded.clones
    assert second.facts is not None
    assert second.facts.system is not None
    assert second.facts.system.changes is not None
    odd = Changed("/etc/motd", "regular 0644 0:0 sha256 0011223344556677")
    system = replace(second.facts.system, changes=(*second.facts.system.changes, odd), hostname="other")
    other = replace(second, facts=replace(second.facts, system=system))
    shown = clone_differences(replace(recorded, clones=(first, other))).others
    same = clone_differences(recorded).others
    assert [row for row in shown if row not in same] == [
        Row("hostname", ("localhost", "other"), "differs", good=False),
        Row("changes", ("nothing more", f"{odd.path}: {odd.state}"), "differs", good=False),
    ]
