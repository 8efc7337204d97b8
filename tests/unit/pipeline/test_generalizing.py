"""Generalizing a directory that is there already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.golden.trees import show

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import InputError
from goldsmith.events import Event, Note, StepFinished, ignore
from goldsmith.generalization.generalize import select
from goldsmith.generalization.scripts import Script
from goldsmith.generalization.sparing import Keep
from goldsmith.pipeline.existing.generalize import GeneralizeReport, generalize_existing
from goldsmith.pipeline.steps.generalize import NO_SCRIPTS, Scripts

HISTORY = Keep("/root/.bash_history", "a lesson")


def generalize(
    where: Disk | Path,
    *,
    keep: Sequence[Keep] = (),
    output: Path | None = None,
    in_place: bool = False,
    dry_run: bool = False,
    events: list[Event] | None = None,
    scripts: Scripts = NO_SCRIPTS,
) -> GeneralizeReport:
    return generalize_existing(
        where,
        select("defaults"),
        keep,
        engine=None,
        output=output,
        in_place=in_place,
        dry_run=dry_run,
        emit=events.append if events is not None else ignore,
        scripts=scripts,
    )


def changes(report: GeneralizeReport) -> list[tuple[str, str]]:
    return [(change.operation, change.path) for change in report.plan]


def test_a_dry_run_plans_and_changes_nothing(dirty: Path) -> None:
    before = show(dirty)
    report = generalize(dirty, dry_run=True)
    assert changes(report) == [("bash-history", "/root/.bash_history"), ("machine-id", "/etc/machine-id")]
    assert show(dirty) == before


def test_in_place_applies_the_plan_and_the_second_run_finds_nothing(dirty: Path) -> None:
    planned = generalize(dirty, dry_run=True)
    applied = generalize(dirty, in_place=True)
    assert applied.plan == planned.plan
    assert not (dirty / "root/.bash_history").exists()
    assert (dirty / "etc/machine-id").read_bytes() == b""
    after = show(dirty)
    again = generalize(dirty, in_place=True)
    assert changes(again) == []
    assert show(dirty) == after


def test_nothing_is_left_beside_the_directory(dirty: Path) -> None:
    before = sorted(dirty.parent.iterdir())
    generalize(dirty, dry_run=True)
    generalize(dirty, in_place=True)
    assert sorted(dirty.parent.iterdir()) == before


def test_what_is_kept_stays_and_is_told(dirty: Path) -> None:
    report = generalize(dirty, keep=(HISTORY,), in_place=True)
    assert (dirty / "root/.bash_history").read_text() == "passwd\n"
    assert report.as_json()["kept"] == [
        {"operation": "bash-history", "path": "/root/.bash_history", "reason": "a lesson"}
    ]


def test_a_keep_that_spares_nothing_is_told(dirty: Path, events: list[Event]) -> None:
    generalize(dirty, keep=(Keep("/root/.bash_histroy", "mistyped"),), in_place=True, events=events)
    assert [event for event in events if isinstance(event, Note)] == [
        Note("keep /root/.bash_histroy spared nothing", warning=True)
    ]


def test_a_dry_run_tells_it_too(dirty: Path, events: list[Event]) -> None:
    generalize(dirty, keep=(Keep("/root/.bash_histroy", "mistyped"),), dry_run=True, events=events)
    assert Note("keep /root/.bash_histroy spared nothing", warning=True) in events


def test_a_plain_directory_runs_no_scripts_and_stays_as_it_is(dirty: Path) -> None:
    before = show(dirty)
    with pytest.raises(InputError, match="--script forget: the engine tree cannot run programs of the guest"):
        generalize(dirty, in_place=True, scripts=Scripts((Script("forget", ("/bin/sh",), b"true\n"),)))
    assert show(dirty) == before


def test_a_dry_run_says_that_it_runs_no_scripts(dirty: Path, events: list[Event]) -> None:
    generalize(dirty, dry_run=True, scripts=Scripts(clean_d=True), events=events)
    assert Note("a dry run runs no scripts: what they would leave is not in the plan", warning=True) in events


def test_steps_are_told(dirty: Path, events: list[Event]) -> None:
    generalize(dirty, in_place=True, events=events)
    assert [(event.step, event.summary) for event in events if isinstance(event, StepFinished)] == [
        ("open", "tree: it is a directory"),
        ("generalize", "2 changes, 0.0 MiB freed, second plan empty"),
    ]


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"in_place": True, "dry_run": True},
        {"output": Path("out"), "in_place": True},
        {"output": Path("out"), "dry_run": True},
        {"output": Path("out"), "in_place": True, "dry_run": True},
    ],
)
def test_exactly_one_way_has_to_be_said(dirty: Path, ways: dict[str, Any]) -> None:
    before = show(dirty)
    with pytest.raises(InputError) as caught:
        generalize(dirty, **ways)
    assert caught.value.message == "say what shall be changed"
    assert show(dirty) == before


def test_a_directory_is_not_sealed_to_a_disk(dirty: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a directory is not sealed to a disk"):
        generalize(dirty, output=tmp_path / "out.qcow2")
    assert not (tmp_path / "out.qcow2").exists()


def test_an_output_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "out.qcow2"
    output.write_text("mine")
    with pytest.raises(InputError) as caught:
        generalize(Disk(tmp_path / "disk.raw", DiskFormat.RAW, 1 << 20), output=output)
    assert caught.value.message == f"{output} is there already"
    assert output.read_text() == "mine"


def test_the_documents_of_a_dry_run(dirty: Path) -> None:
    report = generalize(dirty, keep=(HISTORY,), dry_run=True)
    (change,) = report.plan
    assert report.as_json() == {
        "plan": [
            {
                "operation": "machine-id",
                "action": "write",
                "path": "/etc/machine-id",
                "reason": change.reason,
                "bytes": 33,
            }
        ],
        "kept": [{"operation": "bash-history", "path": "/root/.bash_history", "reason": "a lesson"}],
        "operations": [
            {"operation": "bash-history", "changes": 0, "bytes": 0, "kept": 1},
            {"operation": "machine-id", "changes": 1, "bytes": 33, "kept": 0},
        ],
        "notes": [],
        "output": None,
    }
    assert report.as_text() == [
        "bash-history: 0 changes, 0 B, 1 kept",
        "machine-id: 1 changes, 33 B, 0 kept",
        f"  write          /etc/machine-id  33 B  {change.reason}",
        "kept /root/.bash_history (bash-history): a lesson",
        "1 changes would be made, nothing was changed; 33 B",
    ]


def test_the_documents_of_what_was_done(dirty: Path) -> None:
    report = generalize(dirty, in_place=True)
    document = report.as_json()
    assert (document["second_plan"], "plan" in document, document["output"]) == ([], False, None)
    assert report.as_text() == [
        "bash-history: 1 changes, 7 B, 0 kept",
        "machine-id: 1 changes, 33 B, 0 kept",
        "2 changes made, the second plan is empty; 40 B",
    ]
