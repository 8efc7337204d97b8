"""Which paths get a label, and that all others keep theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.guest.change import ABSENT, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.index import Entry, FileType, Index
from goldsmith.guest.labels.file_contexts import FileContexts
from goldsmith.guest.labels.places import unlabelable
from goldsmith.guest.labels.plan import ATTRIBUTE, foreseen, plan_labels
from goldsmith.guest.labels.policy import Policy

from .conftest import entry, listing

CONTEXTS = FileContexts([b"/.* u:r:default_t:s0\n/etc(/.*)? u:r:etc_t:s0\n/proc/.* <<none>>\n/odd(?=x) u:r:odd_t:s0\n"])
POLICY = Policy("targeted", CONTEXTS, frozenset({"by_hand_t"}))


def labeled(index: Index, labels: Mapping[str, str]) -> Index:
    """The same with labels; what is not named has default_t."""
    return Index(
        replace(
            each,
            xattrs={ATTRIBUTE: value.encode() + b"\0"} if (value := labels.get(each.path, "u:r:default_t:s0")) else {},
        )
        for each in index.values()
    )


def planned(index: Index, **more: object) -> dict[str, bytes | None]:
    plan = plan_labels(index, POLICY, **more).plan  # type: ignore[arg-type]
    return {change.path: change.label for change in plan if isinstance(change, SetAttributes)}


def test_only_what_lacks_a_label_gets_one() -> None:
    index = labeled(listing("/etc/new", "/etc/kept", "/home/x -> y"), {"/etc/new": "", "/home/x": ""})
    assert planned(index) == {"/etc/new": b"u:r:etc_t:s0\0", "/home/x": b"u:r:default_t:s0\0"}


@pytest.mark.parametrize("placeholder", ["system_u:object_r:unlabeled_t:s0", "u:r:file_t"])
def test_a_placeholder_is_no_label(placeholder: str) -> None:
    assert planned(labeled(listing("/etc/x"), {"/etc/x": placeholder})) == {"/etc/x": b"u:r:etc_t:s0\0"}


def test_a_path_that_keeps_its_inode_keeps_its_label() -> None:
    before = labeled(listing("/etc/x"), {"/etc/x": "u:r:chosen_t:s0"})
    assert planned(before, before=before).keys() == set()


def test_what_is_new_gets_the_policys_label_even_if_it_has_another() -> None:
    index = labeled(listing("/etc/x", "/etc/y"), {"/etc": "u:r:etc_t:s0", "/etc/y": "other:r:etc_t:s0"})
    before = Index([each for each in index.values() if each.path not in {"/etc/x", "/etc/y"}])
    assert planned(index, before=before) == {"/etc/x": b"u:r:etc_t:s0\0", "/etc/y": b"u:r:etc_t:s0\0"}


def test_another_inode_or_type_is_new() -> None:
    index = labeled(Index([entry("/", type=FileType.DIRECTORY), entry("/a", inode=2), entry("/b", "x")]), {})
    before = Index([entry("/", type=FileType.DIRECTORY), entry("/a", inode=3), entry("/b")])
    odd = labeled(index, {"/a": "u:r:other_t:s0", "/b": "u:r:other_t:s0"})
    assert planned(odd, before=before).keys() == {"/a", "/b"}


def test_a_customizable_type_was_chosen_by_hand() -> None:
    index = labeled(listing("/etc/x"), {"/etc/x": "u:r:by_hand_t:s0"})
    assert planned(index, before={}) == {"/etc": b"u:r:etc_t:s0\0"}


def test_relabeling_looks_at_types_only_as_restorecon_does() -> None:
    index = labeled(
        listing("/etc/x", "/etc/y", "/etc/z"),
        {
            "/etc": "u:r:etc_t:s0",
            "/etc/x": "other:r:etc_t:s1",
            "/etc/y": "u:r:wrong_t:s0",
            "/etc/z": "u:r:by_hand_t:s0",
        },
    )
    assert planned(index, relabel=True).keys() == {"/etc/y"}


def test_no_label_where_the_policy_gives_none_and_undecided_paths_are_named() -> None:
    index = labeled(listing("/proc/x", "/oddity"), {"/proc/x": "", "/oddity": ""})
    labeling = plan_labels(index, POLICY)
    assert (labeling.plan.changes, labeling.undecided) == ((), ("/oddity",))


def test_names_of_one_inode_get_one_label() -> None:
    index = Index([replace(entry(path, inode=7), links=2) for path in ("/etc/a", "/zzz")])
    assert planned(index) == {"/etc/a": b"u:r:etc_t:s0\0", "/zzz": b"u:r:etc_t:s0\0"}


def test_file_systems_without_attributes_are_left_out() -> None:
    fstab = (
        b"# x\nUUID=1 /boot/efi vfat defaults 0 0\nUUID=2 /efi auto\nUUID=3 / xfs\nLABEL=d /with\\040space msdos\nbad\n"
    )
    places = unlabelable(fstab)
    assert places == {"/boot/efi", "/efi", "/with space"}
    index = labeled(
        listing("/boot/efi/EFI/x", "/boot/efix"),
        dict.fromkeys(("/boot/efi", "/boot/efi/EFI", "/boot/efi/EFI/x", "/boot/efix"), ""),
    )
    assert planned(index, unlabelable=places).keys() == {"/boot/efix"}


def test_the_change_says_what_was_seen_and_why() -> None:
    (change,) = plan_labels(labeled(listing("/etc/x"), {"/etc/x": ""}), POLICY).plan
    assert (change.seen, change.operation) == (Seen(FileType.REGULAR, 1), "selinux-labels")
    assert change.reason == "no label; the policy gives u:r:etc_t:s0"


def test_a_dry_run_foresees_what_a_plan_makes() -> None:
    index = labeled(
        listing("/etc/gone", "/etc/link -> a"), {"/etc": "u:r:etc_t:s0", "/etc/gone": "", "/etc/link": "u:r:etc_t:s0"}
    )
    why: Mapping[str, Any] = {"operation": "o", "reason": "r"}
    plan = Plan(
        (
            Remove(path="/etc/gone", seen=Seen(FileType.REGULAR), **why),
            Write(path="/etc/new", seen=ABSENT, content=b"", **why),
            MakeDirectory(path="/etc/d", seen=ABSENT, **why),
            Link(path="/etc/link", seen=Seen(FileType.SYMLINK), target="b", **why),
            Link(path="/etc/other", seen=ABSENT, target="b", **why),
        )
    )
    assert planned(foreseen(index, plan)).keys() == {"/etc/new", "/etc/d", "/etc/other"}


def test_a_second_plan_is_empty() -> None:
    index = labeled(listing("/etc/x", "/etc/y -> x", "/odd"), dict.fromkeys(("/", "/etc", "/etc/x", "/etc/y"), ""))
    labels = planned(index)

    def after(each: Entry) -> Entry:
        label = labels.get(each.path)
        return replace(each, xattrs={ATTRIBUTE: label}) if label is not None else each

    assert planned(Index(map(after, index.values())), before={}) == {}


NAMES = [f"{folder}/{name}" for folder in ("", "/etc", "/odd") for name in ("a", "b", "c")]
LABELS = st.sampled_from(["", "u:r:etc_t:s0", "x:r:etc_t:s0", "u:r:default_t:s0", "u:r:by_hand_t:s0", "u:r:file_t:s0"])


@given(
    given_files=st.dictionaries(st.sampled_from(NAMES), st.tuples(st.integers(1, 4), LABELS)),
    known=st.none() | st.sets(st.sampled_from(NAMES)),
    relabel=st.booleans(),
)
def test_after_any_plan_nothing_is_left_to_plan(
    given_files: Mapping[str, tuple[int, str]], known: set[str] | None, *, relabel: bool
) -> None:
    """Names of one inode have one label: what is given to one of them is given to all."""
    labels = dict(given_files.values())
    links = Counter(inode for inode, _ in given_files.values())

    def tree() -> Index:
        return Index(
            replace(entry(path, inode=inode), links=links[inode], xattrs={ATTRIBUTE: labels[inode].encode()})
            for path, (inode, _) in given_files.items()
        )

    before = {path: each for path, each in tree().items() if path in known} if known is not None else None
    first = plan_labels(tree(), POLICY, before=before, relabel=relabel)
    for change in first.plan:
        assert isinstance(change, SetAttributes)
        labels[given_files[change.path][0]] = (change.label or b"").rstrip(b"\0").decode()
    assert plan_labels(tree(), POLICY, before=before, relabel=relabel).plan.changes == ()
