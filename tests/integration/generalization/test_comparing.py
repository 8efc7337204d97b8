"""The table of residues, and the comparison of trees that the differential test rests on."""

from __future__ import annotations

import tarfile

import pytest
from tests.integration.generalization.difference import Node, left, survives, taken
from tests.integration.generalization.dirty import Family, How, Residue, residues

FAMILIES = pytest.mark.parametrize("family", list(Family))
DIRECTORY = Node(tarfile.DIRTYPE, b"", ())


def file(content: bytes, *attributes: str) -> Node:
    return Node(tarfile.REGTYPE, content, attributes)


@FAMILIES
def test_every_residue_has_a_path_and_a_canary_of_its_own(family: Family) -> None:
    planted = residues(family)
    assert len({each.path for each in planted}) == len({each.canary for each in planted}) == len(planted) > 250


@FAMILIES
def test_what_goldsmith_leaves_has_a_reason(family: Family) -> None:
    assert [each.path for each in residues(family) if each.goldsmith in "-k" and not each.why] == []


@FAMILIES
def test_goldsmith_takes_all_that_another_tool_takes_but_what_it_is_told_to_keep(family: Family) -> None:
    """A default of theirs is a default here."""
    lagging = [
        each.path
        for each in residues(family)
        if each.goldsmith != "k" and (each.sysprep == "s" or each.cloud_init == "c") and each.goldsmith != "g"
    ]
    assert lagging == []


@pytest.mark.parametrize(
    ("theirs", "ours", "found"),
    [
        ({}, {"/a": file(b"x\n")}, ["/a"]),
        ({}, {}, []),
        ({}, {"/a": file(b"")}, []),
        ({}, {"/a": file(b"", "canary")}, ["/a"]),
        ({}, {"/a": DIRECTORY}, []),
        ({"/a": file(b"x\n")}, {"/a": file(b"x\n")}, []),
        ({"/a": file(b"")}, {"/a": file(b"x\n")}, ["/a"]),
        ({"/a": file(b"y\n")}, {"/a": file(b"new\n")}, []),
        ({"/a": file(b"y\n")}, {"/a": file(b"new\nx\n")}, ["/a"]),
    ],
    ids=["left", "gone", "emptied", "attribute-left", "directory", "untouched", "truncated", "rewritten", "line-left"],
)
def test_what_is_left(theirs: dict[str, Node], ours: dict[str, Node], found: list[str]) -> None:
    assert list(left({"/a": file(b"x\n")}, theirs, ours)) == found


def test_what_is_taken() -> None:
    before = {"/a": file(b"x\ny\n"), "/b": file(b"x\n"), "/c": file(b"x\n"), "/d": DIRECTORY}
    assert taken(before, {"/a": file(b"y\n"), "/b": file(b"x\n")}) == {"/a", "/c"}


def test_a_canary_survives_in_name_content_and_attribute() -> None:
    residue = Residue("-", "-", "-", "/a", How.CONTENT, "word", "word", "")
    assert survives(residue, {"/a": file(b"a word\n")})
    assert survives(residue, {"/a": file(b"", "word")})
    assert not survives(residue, {"/a": file(b"")})
    assert not survives(residue, {"/b": file(b"word")})
