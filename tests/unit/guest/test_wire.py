"""What is said between goldsmith and a worker arrives as it was said."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.errors import BuildError
from goldsmith.guest.change import Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.guest import GuestProgram
from goldsmith.guest.index import Entry, FileType, Index
from goldsmith.guest.worker import wire

Channel = tuple[socket.socket, socket.socket]


@pytest.fixture
def channel() -> Iterator[Channel]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    theirs.settimeout(10)
    with ours, theirs:
        yield ours, theirs


def over_a_socket(message: wire.Message) -> wire.Message:
    """What the other side receives; small messages only, which the socket's buffer holds."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, message)
        received = wire.receive(theirs)
        assert received is not None
        return received


# A guest's names are any bytes but NUL and slash.
names = st.binary(min_size=1, max_size=12).filter(lambda name: not {0, 47} & set(name)).map(os.fsdecode)
paths = st.lists(names, max_size=3).map(lambda parts: "/" + "/".join(parts))
numbers = st.integers(0, 2**63)
optional = st.none() | st.integers(0, 2**32 - 1)
content = st.binary(max_size=64)
kinds = st.sampled_from(FileType)
digests = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64)
shared: dict[str, Any] = {
    "path": paths,
    "seen": st.builds(Seen, st.none() | kinds, numbers, digests),
    "operation": st.text(max_size=8),
    "reason": st.text(st.characters(exclude_categories=["Cs"]), max_size=16),
    "bytes": numbers,
}
changes: dict[str, st.SearchStrategy[Change]] = {
    "Remove": st.builds(Remove, **shared),
    "Write": st.builds(
        Write, content=content, mode=optional, uid=optional, gid=optional, label=st.none() | content, **shared
    ),
    "MakeDirectory": st.builds(MakeDirectory, mode=numbers, uid=numbers, gid=numbers, **shared),
    "SetAttributes": st.builds(
        SetAttributes, mode=optional, uid=optional, gid=optional, label=st.none() | content, **shared
    ),
    "Link": st.builds(Link, target=names, **shared),
}
entries = st.builds(
    Entry,
    path=paths,
    type=kinds,
    mode=st.integers(0, 0o7777),
    uid=numbers,
    gid=numbers,
    size=numbers,
    mtime=st.integers(-(2**63), 2**63),
    inode=numbers,
    links=numbers,
    target=st.none() | names,
    xattrs=st.dictionaries(names, content, max_size=2),
    digest=digests,
)


def test_every_kind_of_change_is_known() -> None:
    assert {kind.__name__ for kind in Change.__subclasses__()} == set(changes) == set(wire.CHANGES)


@given(st.lists(st.one_of(*changes.values()), max_size=4))
def test_a_plan_arrives_as_it_was(several: list[Change]) -> None:
    plan = Plan(tuple(several))
    received = wire.unpack_plan(over_a_socket({"plan": wire.pack_plan(plan)})["plan"])
    assert received == plan
    assert [type(change) for change in received] == [type(change) for change in plan]
    assert all(isinstance(change.seen.type, FileType | None) for change in received)


@given(st.lists(entries, max_size=4))
def test_an_index_arrives_as_it_was(several: list[Entry]) -> None:
    index = Index(several)
    received = wire.unpack_index(over_a_socket({"index": wire.pack_index(index)})["index"])
    assert list(received.values()) == list(index.values())


@given(st.lists(names, min_size=1, max_size=3), st.integers(-64, 255), content)
def test_a_programs_end_arrives_as_it_was(argv: list[str], returncode: int, output: bytes) -> None:
    program = GuestProgram(tuple(argv), returncode, output)
    assert wire.unpack_program(over_a_socket({"program": wire.pack_program(program)})["program"]) == program


def test_messages_keep_their_borders(channel: Channel) -> None:
    ours, theirs = channel
    wire.send(ours, {"do": "sync"})
    wire.send(ours, {"do": "close"})
    ours.close()
    assert [wire.receive(theirs), wire.receive(theirs), wire.receive(theirs)] == [
        {"do": "sync"},
        {"do": "close"},
        None,
    ]


@pytest.mark.parametrize("sent", [b"", b"\0" * 7, b"\0" * 7 + b"\x05" + b"{}"])
def test_the_end_amid_a_message_is_the_end(channel: Channel, sent: bytes) -> None:
    ours, theirs = channel
    ours.sendall(sent)
    ours.close()
    assert wire.receive(theirs) is None


@pytest.mark.parametrize("frame", [b"{", b"[]", b"1", b"\xff\xfe\xfd"])
def test_what_is_no_message_is_refused(channel: Channel, frame: bytes) -> None:
    ours, theirs = channel
    ours.sendall(wire.HEADER.pack(len(frame)) + frame)
    with pytest.raises(BuildError, match="no message"):
        wire.receive(theirs)


def test_a_message_without_measure_is_refused_before_it_is_read(channel: Channel) -> None:
    ours, theirs = channel
    ours.sendall(wire.HEADER.pack(2**63))
    with pytest.raises(BuildError, match="9223372036854775808 bytes"):
        wire.receive(theirs)
