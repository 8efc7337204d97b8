"""Every operation on a tree of its own: before + plan = after, the report, and nothing left to plan."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened, show

from goldsmith.findings import printable
from goldsmith.generalization.generalize import generalize, look, plan, select
from goldsmith.generalization.operation import Operation, registered
from goldsmith.generalization.report import action
from goldsmith.guest.change import Plan

FOLDERS = Path(__file__).parent / "operations"
# New UUIDs are no change of a tree: the tests of sealing show them.
NAMES = [each.name for each in select("all,-fs-uuids")]


def report(applied: Plan) -> str:
    """What the plan does, a line per path, in its order."""
    done = [f"{action(change)} {printable(change.path)} {change.bytes} ({change.reason})" for change in applied]
    kept = [f"kept {printable(each.path)} ({each.reason})" for each in applied.kept]
    return "".join(f"{line}\n" for line in (*done, *kept))


def named(name: str) -> tuple[Operation, ...]:
    return tuple(each for each in registered() if each.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_operation(name: str, tmp_path: Path) -> None:
    folder = FOLDERS / name
    tree, expected = tmp_path / "tree", tmp_path / "expected"
    tree.mkdir()
    expected.mkdir()
    said = make(tree, (folder / "before.txt").read_text())
    make(expected, (folder / "after.txt").read_text())
    with opened(tree) as guest:
        done = generalize(guest, named(name), keep=said.keep, declared=said.declared)
        again = plan(look(guest, named(name)), named(name), keep=said.keep, declared=said.declared)
    assert show(tree) == show(expected)
    assert report(done.applied) == (folder / "report.txt").read_text()
    assert again.changes == ()


def test_every_operation_has_a_golden_tree() -> None:
    assert {folder.name for folder in FOLDERS.iterdir()} == set(NAMES)


def test_every_golden_tree_is_changed() -> None:
    unchanged = [folder.name for folder in FOLDERS.iterdir() if not (folder / "report.txt").read_text()]
    assert unchanged == []
