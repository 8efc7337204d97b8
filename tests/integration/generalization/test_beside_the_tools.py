"""A dirty disk after real virt-sysprep, after real `cloud-init clean`, and after goldsmith, side by side."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.integration.generalization.beside import Bench, Sealed
from tests.integration.generalization.difference import Tree, left, survives, taken
from tests.integration.generalization.dirty import Family, How, Residue

from goldsmith import api
from goldsmith.disk.erase import data_extents
from goldsmith.findings import GuestPlace
from goldsmith.pipeline.steps.audit import Audited

pytestmark = [pytest.mark.root, pytest.mark.guestfs, pytest.mark.base, pytest.mark.timeout(600)]

MIB = 1 << 20
CODE = re.compile(r"GS\d{3}")
# Capital letters of the table: what a tool takes only with all of its operations, as they are used on that family.
LETTERS = {Family.DEBIAN: "scg", Family.RHEL: "scgSG"}


def gone(planted: Iterable[Residue], tree: Tree) -> set[str]:
    return {each.path for each in planted if not survives(each, tree)}


def said(bench: Bench, who: Callable[[Residue], str]) -> set[str]:
    """The paths that the table says a tool takes."""
    return {each.path for each in bench.planted if who(each) in LETTERS[bench.family]}


def audited(bench: Bench, sealed: Sealed) -> Audited:
    return api.audit(sealed.disk.path, engine="mount", keep=bench.keep)


def grep(raw: Path, words: Iterable[str], file: Path) -> set[str]:
    """Which words stand anywhere in a raw disk's bytes; holes are left out, which grep would take for one long line."""
    file.write_text("".join(f"{word}\n" for word in words))
    argv = ["grep", "--text", "--only-matching", "--fixed-strings", f"--file={file}"]
    found = file.with_suffix(".found")
    with (
        found.open("wb") as output,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=output, env={"LC_ALL": "C"}) as process,
        raw.open("rb") as disk,
    ):
        assert process.stdin is not None
        for start, end in data_extents(disk.fileno(), 0, raw.stat().st_size):
            disk.seek(start)
            for at in range(start, end, MIB):
                process.stdin.write(disk.read(min(MIB, end - at)))
            process.stdin.write(b"\n")
        process.stdin.close()
    return set(found.read_text().split())


def test_every_residue_was_planted(bench: Bench) -> None:
    assert gone(bench.planted, bench.before) == set()


def test_virt_sysprep_takes_what_the_table_says(bench: Bench) -> None:
    assert gone(bench.planted, bench.sysprep.tree) == said(bench, lambda each: each.sysprep)


def test_cloud_init_clean_takes_what_the_table_says(bench: Bench) -> None:
    assert gone(bench.planted, bench.cloud_init.tree) == said(bench, lambda each: each.cloud_init)


def test_goldsmith_takes_what_the_table_says(bench: Bench) -> None:
    assert said(bench, lambda each: each.goldsmith) - gone(bench.planted, bench.goldsmith.tree) == set()


def test_nothing_is_in_goldsmiths_that_virt_sysprep_removed(bench: Bench) -> None:
    kept = {each.path for each in bench.planted if each.goldsmith == "k"}
    assert set(left(bench.before, bench.sysprep.tree, bench.goldsmith.tree)) - kept == set()


def test_nothing_is_in_goldsmiths_that_cloud_init_clean_removed(bench: Bench) -> None:
    assert set(left(bench.before, bench.cloud_init.tree, bench.goldsmith.tree)) == set()


def test_what_the_operator_put_there_is_kept_although_virt_sysprep_destroys_it(bench: Bench) -> None:
    kept = {each.path for each in bench.planted if each.goldsmith == "k"}
    destroyed = {each.path for each in bench.planted if each.goldsmith == "k" and each.sysprep == "s"}
    assert kept & gone(bench.planted, bench.goldsmith.tree) == set()
    assert destroyed == {"/home/agent/.ssh/authorized_keys", "/var/spool/cron/crontabs/agent"}
    assert destroyed <= gone(bench.planted, bench.sysprep.tree)


def test_the_comparison_finds_what_is_left(bench: Bench) -> None:
    """A comparison that has never found anything proves nothing: the dirty tree itself fails it."""
    assert set(left(bench.before, bench.sysprep.tree, bench.before)) >= said(bench, lambda each: each.sysprep)
    assert set(left(bench.before, bench.cloud_init.tree, bench.before)) >= said(bench, lambda each: each.cloud_init)


def test_no_canary_is_left_in_the_bytes_of_the_sealed_disk(bench: Bench, tmp_path: Path) -> None:
    """Names and targets, attributes and content, free space and journal included: found by grep, not by goldsmith."""
    removed = gone(bench.planted, bench.goldsmith.tree)
    canaries = {each.canary: each.path for each in bench.planted if each.path in removed}
    remaining = next(each for each in bench.planted if each.how is How.CONTENT and each.path not in removed)
    found = grep(bench.goldsmith.disk.path, [*canaries, remaining.canary], tmp_path / "words")
    assert {canaries.get(canary, remaining.path) for canary in found} == {remaining.path}


def test_the_audit_names_what_goldsmith_leaves_for_it(bench: Bench) -> None:
    wanted = {(each.path, match[0]) for each in bench.planted if (match := CODE.match(each.why)) is not None}
    places = {
        (finding.place.path, finding.code)
        for finding in audited(bench, bench.goldsmith).findings
        if isinstance(finding.place, GuestPlace)
    }
    assert wanted - places == set()


def test_the_audit_names_what_virt_sysprep_left(bench: Bench) -> None:
    """The filled machine-id among it, which the tool's own customize wrote."""
    errors = {finding.code: finding for finding in audited(bench, bench.sysprep).errors}
    identity = bench.sysprep.tree["/etc/machine-id"].content.decode().strip()
    assert re.fullmatch(r"[0-9a-f]{32}", identity)
    assert bench.before["/etc/machine-id"].content.decode().strip() != identity
    assert errors["GS301"].message == f"every clone would have the machine-id {identity}"
    assert "GS303" in errors


def test_goldsmith_goes_on_where_virt_sysprep_ended(bench: Bench) -> None:
    done = bench.goldsmith_after_sysprep
    assert done.tree["/etc/machine-id"].content == b""
    # Nobody knows any more whose mark it is, once virt-sysprep removed the account and left the mark.
    orphans = {"/var/lib/systemd/linger/builder"} if bench.family is Family.RHEL else set()
    assert set(left(bench.before, bench.goldsmith.tree, done.tree)) == orphans
    errors = audited(bench, done).errors
    assert [error.code for error in errors if error.code in {"GS301", "GS302", "GS303", "GS304"}] == []


def test_the_table_of_what_only_goldsmith_removed(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    theirs = taken(bench.before, bench.sysprep.tree) | taken(bench.before, bench.cloud_init.tree)
    ours = taken(bench.before, bench.goldsmith.tree)
    only = sorted(ours - theirs)
    assert said(bench, lambda each: each.goldsmith if each.sysprep == each.cloud_init == "-" else "-") <= set(only)
    assert bench.goldsmith.report is not None
    why = {change.path: (change.operation, change.reason) for change in bench.goldsmith.report.plan}
    head = f"{bench.family}: {len(ours)} paths removed by goldsmith, {len(theirs)} by virt-sysprep and cloud-init clean"
    lines = [f"  {path}  ({': '.join(why.get(path, ()))})" for path in only]
    record_property("table", "\n".join([head, f"only by goldsmith: {len(only)}", *lines]))
    assert {path for path in only if path not in why} == set()
