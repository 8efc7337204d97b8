"""What must hold of plans on any tree, hostile ones above all. The trees are real; every example is applied."""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden.trees import make, opened, show

from goldsmith.generalization.generalize import Keep, generalize, look, plan, select
from goldsmith.guest.change import Remove

# Accounts are precious here: the operation that removes them has tests of its own.
OPERATIONS = select("all,-user-account")
PRECIOUS = """
guest debian
f 0644 /etc/passwd = "root:x:0:0:root:/root:/bin/bash\\nu:x:1000:1000::/home/u:/bin/sh\\nbad:x:1:1::../../etc:/\\n"
f 0600 /etc/shadow = "root:!:\\n"
f 0644 /etc/ssh/sshd_config = "UsePAM yes\\n"
f 0644 /opt/precious/data = "data"
f 0644 /usr/lib/precious = "data"
f 0644 /var/lib/dpkg/status = "Package: x\\n"
f 0644 /var/www/index.html = "data"
"""
PLACES = (
    "/tmp",
    "/var/tmp",
    "/var/log",
    "/var/log/journal",
    "/var/lib/cloud",
    "/var/cache/apt/archives",
    "/var/spool/cron",
    "/var/lib/dhcp",
    "/home/u",
    "/home/u/.ssh",
    "/home/u/.cache",
    "/root",
    "/etc/netplan",
    "/etc/systemd/network",
    "/etc/ssh",
    "/srv",
)
NAMES = st.one_of(
    st.sampled_from(
        ["a", "b.bak", ".bash_history", "wtmp", "x.log", "ssh_host_rsa_key", "instance", ".SEQ", "50-cloud-init.yaml"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=6),
    st.binary(min_size=1, max_size=6).map(os.fsdecode),
).filter(lambda name: "/" not in name and "\0" not in name and name not in {".", ".."})
TARGETS = st.sampled_from(
    [
        "/",
        "/etc",
        "/opt/precious",
        "..",
        "../../..",
        "../../../../../../etc",
        "/usr",
        "/var/www",
        "loop",
        "/tmp",
        "/x",
    ]
)
NODES = st.lists(
    st.tuples(
        st.sampled_from(PLACES),
        st.lists(NAMES, min_size=1, max_size=3),
        st.sampled_from(["file", "directory", "link", "fifo", "hard link"]),
        TARGETS,
        st.binary(max_size=20),
    ),
    max_size=25,
)
LINKED = st.dictionaries(st.sampled_from(PLACES), TARGETS, max_size=3)
SLOW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Nodes = list[tuple[str, list[str], str, str, bytes]]


@contextmanager
def tree(nodes: Nodes, linked: dict[str, str]) -> Iterator[Path]:
    """A guest with something precious in it, places that are links, and random nodes in the others."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        make(top, PRECIOUS)
        for place, target in sorted(linked.items()):
            link = reached(top, posixpath.dirname(place)) / posixpath.basename(place)
            if not os.path.lexists(link):
                link.symlink_to(target)
        for place, names, kind, target, content in nodes:
            parent = reached(top, posixpath.join(place, *names[:-1]))
            make_node(parent / names[-1], kind, target, content)
        yield top


def reached(top: Path, directory: str) -> Path:
    """Make a directory of the guest, as far as nothing is in the way: links are."""
    path = top
    for part in directory.strip("/").split("/"):
        step = path / part
        if not os.path.lexists(step):
            step.mkdir()
        if step.is_symlink() or not step.is_dir():
            break
        path = step
    return path


def make_node(path: Path, kind: str, target: str, content: bytes) -> None:
    if os.path.lexists(path):
        return
    match kind:
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to(target)
        case "fifo":
            os.mkfifo(path)
        case "hard link":
            original = path.with_name("original")
            if not os.path.lexists(original):
                original.write_bytes(b"linked")
            if original.is_file() and not original.is_symlink() and original != path:
                path.hardlink_to(original)
        case _:
            path.write_bytes(content)


def precious(top: Path) -> str:
    return "".join(show(top / kept) for kept in ("opt", "usr", "var/www", "var/lib/dpkg")) + "".join(
        (top / kept).read_text() for kept in ("etc/passwd", "etc/shadow", "etc/ssh/sshd_config", "etc/os-release")
    )


@given(nodes=NODES, linked=LINKED)
@SLOW
def test_one_pass_is_enough_and_nothing_precious_goes(nodes: Nodes, linked: dict[str, str]) -> None:
    with tree(nodes, linked) as top, opened(top) as guest:
        before = precious(top)
        done = generalize(guest, OPERATIONS)
        assert done.second.changes == ()
        assert precious(top) == before


@given(nodes=NODES, linked=LINKED)
@SLOW
def test_a_plan_names_only_what_was_listed_and_directories_last(nodes: Nodes, linked: dict[str, str]) -> None:
    with tree(nodes, linked) as top, opened(top) as guest:
        view = look(guest, OPERATIONS)
        planned = plan(view, OPERATIONS)
    gone: set[str] = set()
    for change in planned:
        if isinstance(change, Remove):
            assert all(child.path in gone for child in view.index.children(change.path))
            gone.add(change.path)
        else:
            assert posixpath.dirname(change.path) in view.index
        assert change.path in view.index or not isinstance(change, Remove)


@given(nodes=NODES, linked=LINKED, which=st.lists(st.integers(0, 1000), max_size=4))
@SLOW
def test_what_is_declared_or_kept_is_never_planned(nodes: Nodes, linked: dict[str, str], which: list[int]) -> None:
    with tree(nodes, linked) as top, opened(top) as guest:
        view = look(guest, OPERATIONS)
        paths = [change.path for change in plan(view, OPERATIONS) if change.path in view.index]
        chosen = {paths[number % len(paths)] for number in which if paths}
        declared = plan(view, OPERATIONS, declared=chosen)
        keep = [Keep("/tmp/**", "all of it"), *(Keep(path, "") for path in chosen if path.isalnum())]
        kept = plan(view, OPERATIONS, keep=keep)
    assert chosen.isdisjoint(change.path for change in declared)
    assert chosen <= {each.path for each in declared.kept}
    assert not any(change.path.startswith("/tmp/") for change in kept)


@given(nodes=NODES)
@SLOW
def test_the_order_of_operations_does_not_matter(nodes: Nodes) -> None:
    with tree(nodes, {}) as top, opened(top) as guest:
        view = look(guest, OPERATIONS)
        assert plan(view, OPERATIONS) == plan(view, OPERATIONS[::-1])
