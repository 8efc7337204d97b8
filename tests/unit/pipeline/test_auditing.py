"""The audit of a tree: errors stop a build, warnings are told."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from tests.golden.trees import opened, show

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import InputError, ProofError
from goldsmith.events import Event, Note, StepFailed, StepFinished, StepStarted, ignore
from goldsmith.findings import Finding, Severity
from goldsmith.generalization.generalize import select
from goldsmith.generalization.sparing import Keep
from goldsmith.pipeline.existing.audit import audit_existing
from goldsmith.pipeline.steps.audit import Audited, Intent, audit_guest, audit_sealed, judge_bytes
from goldsmith.rules.rule import Verdict
from goldsmith.rules.waiver import Waiver
from goldsmith.secrets import Secret

DEFAULTS = Intent(select("defaults"))
KEPT = Intent(
    select("defaults"), (Keep("/etc/machine-id", "one machine only"), Keep("/root/.bash_history", "a lesson"))
)


def told(audited: Audited) -> set[tuple[str, Severity, str]]:
    return {(found.code, found.severity, str(found.place)) for found in audited.findings}


def sealed(tree: Path, intent: Intent, events: list[Event], scratch: Path) -> Audited:
    """The step on a directory in place of a disk: no engine for disks works without processes."""
    where: Disk = tree  # type: ignore[assignment]
    return audit_sealed(events.append, where, intent, engine="tree", scratch=scratch, accelerated=False)


def test_a_clean_tree(clean: Path) -> None:
    with opened(clean) as guest:
        audited = audit_guest(guest, DEFAULTS)
    assert (audited.findings, audited.errors, audited.failed) == ((), (), False)
    assert audited.summary == "0 errors, 0 warnings and notes"
    assert audited.as_json() == {"findings": [], "canaries": [], "idle_waivers": []}
    assert audited.outcomes != ()


def test_residue_is_found_and_the_tree_stays_as_it_is(dirty: Path) -> None:
    before = show(dirty)
    with opened(dirty) as guest:
        audited = audit_guest(guest, DEFAULTS)
    assert told(audited) == {
        ("GS301", Severity.ERROR, "/etc/machine-id"),
        ("GS304", Severity.ERROR, "/etc/machine-id"),
        ("GS304", Severity.ERROR, "/root/.bash_history"),
    }
    assert audited.failed
    assert audited.summary == "3 errors, 0 warnings and notes"
    assert show(dirty) == before


def test_an_error_fails_the_step(dirty: Path, tmp_path: Path, events: list[Event]) -> None:
    with pytest.raises(ProofError) as caught:
        sealed(dirty, DEFAULTS, events, tmp_path)
    assert caught.value.message.startswith("the sealed image does not pass the audit: GS301 every clone would have")
    assert caught.value.hint is not None
    assert "generalize.keep" in caught.value.hint
    assert [type(event) for event in events] == [StepStarted, Note, Note, Note, StepFailed]
    assert all(note.warning for note in events if isinstance(note, Note))


def test_warnings_pass_and_are_told(dirty: Path, tmp_path: Path, events: list[Event]) -> None:
    audited = sealed(dirty, KEPT, events, tmp_path)
    assert told(audited) == {("GS301", Severity.WARNING, "/etc/machine-id")}
    assert audited.summary == "0 errors, 1 warning or note"
    assert [type(event) for event in events] == [StepStarted, Note, StepFinished]
    assert [note for note in events if isinstance(note, Note)] == [
        Note(f"GS301 /etc/machine-id: {audited.findings[0].message}", warning=True)
    ]


def test_what_was_declared_is_meant_to_be_there(dirty: Path, tmp_path: Path, events: list[Event]) -> None:
    declared = Intent(select("defaults"), declared=frozenset({"/etc/machine-id", "/root/.bash_history"}))
    assert not sealed(dirty, declared, events, tmp_path).failed


def test_at_most_three_errors_are_named(dirty: Path, tmp_path: Path, events: list[Event]) -> None:
    (dirty / "etc/ssh").mkdir()
    (dirty / "etc/ssh/ssh_host_rsa_key").write_text("key")
    with pytest.raises(ProofError) as caught:
        sealed(dirty, DEFAULTS, events, tmp_path)
    assert caught.value.message.count("GS30") == 3


def test_text_of_the_guest_is_escaped_in_notes(
    clean: Path, tmp_path: Path, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = Audited((), (Finding("GS301", Severity.WARNING, "an id of \x1b[2J"),))
    monkeypatch.setattr("goldsmith.pipeline.steps.audit.judged", lambda *_: hostile)
    sealed(clean, DEFAULTS, events, tmp_path)
    assert Note("GS301: an id of \\x1b[2J", warning=True) in events


def test_a_directory_that_is_there_already(dirty: Path, own_folders: Path) -> None:
    before = show(dirty)
    audited = audit_existing(dirty, DEFAULTS, engine=None, emit=ignore)
    with opened(dirty) as guest:
        assert audited == audit_guest(guest, DEFAULTS)
    assert show(dirty) == before
    assert list(own_folders.rglob(".goldsmith-*")) == []


@pytest.mark.usefixtures("own_folders")
def test_only_selected_operations_are_errors(dirty: Path) -> None:
    operations = select("defaults,-machine-id,-bash-history")
    audited = audit_existing(dirty, Intent(operations), engine=None, emit=ignore)
    assert told(audited) == {("GS301", Severity.WARNING, "/etc/machine-id")}


@pytest.mark.usefixtures("own_folders")
def test_a_kept_path_is_no_residue(dirty: Path) -> None:
    audited = audit_existing(dirty, KEPT, engine="tree", emit=ignore)
    assert not audited.failed


def test_an_engine_for_disks_opens_no_directory(dirty: Path) -> None:
    with pytest.raises(InputError, match="opens a disk, not a directory"):
        audit_existing(dirty, DEFAULTS, engine="guestfs", emit=ignore)


@pytest.mark.usefixtures("own_folders")
def test_a_directory_without_an_operating_system(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no operating system found"):
        audit_existing(tmp_path / "empty", DEFAULTS, engine=None, emit=ignore)


WAIVERS = (
    Waiver("GS301", "one machine only", "/etc/machine-id"),
    Waiver("GS304", "a lesson"),
    Waiver("GS399", "nothing has it"),
)


def test_waived_errors_do_not_fail_the_step(dirty: Path, tmp_path: Path, events: list[Event]) -> None:
    audited = sealed(dirty, replace(DEFAULTS, waivers=WAIVERS), events, tmp_path)
    assert not audited.failed
    assert {found.waived for found in audited.findings} == {"one machine only", "a lesson"}
    assert audited.summary == "0 errors, 0 warnings and notes, 3 waived"
    notes = [note for note in events if isinstance(note, Note)]
    assert [note.warning for note in notes] == [False, False, False, True]
    assert notes[0].text.endswith("(waived: one machine only)")
    assert notes[3].text == "the waiver of GS399 covers nothing"


def test_one_error_that_is_not_waived_fails_the_step(dirty: Path, tmp_path: Path, events: list[Event]) -> None:
    with pytest.raises(ProofError, match="does not pass the audit: GS304 ") as caught:
        sealed(dirty, replace(DEFAULTS, waivers=WAIVERS[:1]), events, tmp_path)
    assert "GS301" not in caught.value.message


def test_what_nothing_could_look_at_is_an_error(clean: Path, tmp_path: Path, events: list[Event]) -> None:
    os.mkfifo(clean / "etc/shadow")
    with pytest.raises(ProofError, match="GS311 not proven: no password hashes: /etc/shadow cannot be read"):
        sealed(clean, DEFAULTS, events, tmp_path)
    waived = replace(DEFAULTS, waivers=(Waiver("GS311", "looked at by hand", "/etc/shadow"),))
    assert not sealed(clean, waived, events, tmp_path).failed


def test_a_tree_without_accounts_is_no_error(clean: Path) -> None:
    (clean / "etc/passwd").unlink()
    with opened(clean) as guest:
        assert audit_guest(guest, DEFAULTS).findings == ()


CANARY = Secret("token", b"s3cr3t of the build")


@pytest.mark.parametrize("form", [b"s3cr3t of the build", b64encode(b"x" + CANARY.value), b"s3cr3t%20of%20the%20build"])
def test_all_bytes_of_a_disk_are_searched_for_secrets(form: bytes, tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    with path.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(33 << 20)
        file.write(form)
    disk = Disk(path, DiskFormat.RAW, 64 << 20)
    (outcome,) = judge_bytes(ignore, disk, (CANARY,), tmp_path)
    assert (outcome.rule, outcome.verdict) == ("GS350", Verdict.FAIL)
    assert "token is in the image: byte 3460" in outcome.message
    assert judge_bytes(ignore, disk, (Secret("other", b"another secret"),), tmp_path)[0].verdict is Verdict.PASS
    assert judge_bytes(ignore, disk, (), tmp_path) == []


def test_every_file_of_an_selinux_guest_is_looked_at(clean: Path) -> None:
    if "security.selinux" in os.listxattr(clean):
        pytest.skip("this host labels what tests make")
    contexts = clean / "etc/selinux/targeted/contexts/files/file_contexts"
    contexts.parent.mkdir(parents=True)
    contexts.write_text("/.*  system_u:object_r:default_t:s0\n")
    (clean / "etc/selinux/config").write_text("SELINUX=enforcing\n")
    (clean / "usr/share/doc").mkdir(parents=True)
    with opened(clean) as guest:
        (found,) = (found for found in audit_guest(guest, DEFAULTS).findings if found.code == "GS323")
    listed = sum(1 for _ in clean.rglob("*")) + 1
    assert found.message.startswith(f"{listed} paths have no SELinux label: ")
