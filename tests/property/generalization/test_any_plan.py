"""Whatever a plan says, nothing outside of the guest's tree is touched; and operations may come one by one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden.trees import make, opened, show

from goldsmith.errors import GoldsmithError
from goldsmith.generalization.generalize import generalize, select
from goldsmith.guest.change import ABSENT, Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.index import FileType

from .test_plan_properties import NODES, OPERATIONS, Nodes, tree

OUTSIDE = 'f 0644 /victim = "precious"\nd 0755 /directory\nf 0600 /directory/key = "secret"\nl /link -> victim\n'
# Ways into and out of the guest; {out} is the directory beside it, by its real path.
INSIDE = """\
f 0644 /file = "x"
d 0755 /d
f 0644 /d/f = "x"
l /up -> ../outside
l /top -> /
l /host -> {out}
l /victim -> {out}/victim
l /d/up -> ../../outside
"""
PATHS = st.sampled_from(
    [
        "/file",
        "/d",
        "/d/f",
        "/new",
        "/up",
        "/up/victim",
        "/up/directory/key",
        "/host",
        "/host/victim",
        "/host/new",
        "/victim",
        "/d/up/victim",
        "/../outside/victim",
        "/d/../../outside/victim",
        "/./d/f",
        "//d//f",
        "/",
        "/..",
        "outside/victim",
        "/top/file",
        "/d/f/../../../outside/victim",
        "/d/f\0",
        "/proc/self/root/victim",
    ]
)
SEEN = st.one_of(st.just(ABSENT), st.sampled_from([Seen(kind) for kind in FileType]))


def changes() -> st.SearchStrategy[Change]:
    said = {"path": PATHS, "seen": SEEN, "operation": st.just("any"), "reason": st.just("any")}
    mode = st.one_of(st.none(), st.integers(0, 0o7777))
    return st.one_of(
        st.builds(Remove, **said),
        st.builds(Write, content=st.binary(max_size=8), mode=mode, **said),
        st.builds(MakeDirectory, **said),
        st.builds(SetAttributes, mode=mode, **said),
        st.builds(Link, target=st.sampled_from(["/", "../outside", "/file", "victim"]), **said),
    )


@given(planned=st.lists(changes(), max_size=12))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_plan_reaches_out_of_the_guest(planned: list[Change]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outside, inside = Path(folder) / "outside", Path(folder) / "inside"
        outside.mkdir()
        inside.mkdir()
        make(outside, OUTSIDE)
        make(inside, INSIDE.format(out=outside))
        before, looked = show(outside), sorted(Path(folder).iterdir())
        with opened(inside) as guest:
            for change in planned:
                try:
                    guest.apply(Plan((change,)))
                except GoldsmithError:
                    continue
        assert show(outside) == before
        assert sorted(Path(folder).iterdir()) == looked


@given(nodes=NODES, order=st.permutations(range(len(OPERATIONS))))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_operations_one_by_one_in_any_order_leave_what_all_together_leave(nodes: Nodes, order: list[int]) -> None:
    with tree(nodes, {}) as together, opened(together) as guest:
        generalize(guest, OPERATIONS)
        expected = show(together)
    with tree(nodes, {}) as alone, opened(alone) as guest:
        for number in order:
            generalize(guest, (OPERATIONS[number],))
        assert show(alone) == expected


@given(nodes=NODES, dropped=st.sets(st.sampled_from([each.name for each in OPERATIONS]), max_size=30))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_choice_of_operations_is_done_after_one_pass(nodes: Nodes, dropped: set[str]) -> None:
    chosen = select(",".join(["all", "-user-account", *(f"-{name}" for name in sorted(dropped))]))
    with tree(nodes, {}) as top, opened(top) as guest:
        assert generalize(guest, chosen).second.changes == ()
