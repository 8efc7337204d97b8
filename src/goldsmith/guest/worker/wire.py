"""What goldsmith and a worker say to each other: length-prefixed JSON over a stream socket, and nothing that executes.

A frame is eight bytes of length (big endian) and so much JSON. Bytes are base64. Paths are text whose undecodable bytes
are surrogate escapes, which JSON carries as they are.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

from goldsmith.errors import BuildError
from goldsmith.guest.change import Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.guest import GuestProgram
from goldsmith.guest.index import Entry, FileType, Index

Message = dict[str, Any]
HEADER = struct.Struct(">Q")
# A million entries, or a file of 700 MB: more is a worker gone mad.
MAX_FRAME = 1 << 30
CHANGES: Mapping[str, type[Change]] = {
    kind.__name__: kind for kind in (Remove, Write, MakeDirectory, SetAttributes, Link)
}


def send(channel: socket.socket, message: Message) -> None:
    """Raises OSError (broken pipe, timeout) where the other side is gone."""
    frame = json.dumps(message, separators=(",", ":")).encode("ascii")
    channel.sendall(HEADER.pack(len(frame)) + frame)


def receive(channel: socket.socket) -> Message | None:
    """The next message, None at end of file. Raises BuildError for bytes that are no message."""
    header = _exactly(channel, HEADER.size)
    if header is None:
        return None
    (length,) = HEADER.unpack(header)
    if length > MAX_FRAME:
        raise BuildError(f"the guest's worker sent a message of {length} bytes")
    frame = _exactly(channel, length)
    if frame is None:
        return None
    try:
        message = json.loads(frame)
    except ValueError as error:
        raise BuildError("the guest's worker sent something that is no message") from error
    if not isinstance(message, dict):
        raise BuildError("the guest's worker sent something that is no message")
    return message


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    blocks: list[bytes] = []
    missing = size
    while missing:
        block = channel.recv(min(missing, 1 << 20))
        if not block:
            return None
        blocks.append(block)
        missing -= len(block)
    return b"".join(blocks)


def pack_bytes(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def unpack_bytes(text: str) -> bytes:
    return base64.b64decode(text)


def pack_index(index: Index) -> list[list[Any]]:
    return [
        [
            entry.path,
            entry.type.value,
            entry.mode,
            entry.uid,
            entry.gid,
            entry.size,
            entry.mtime,
            entry.inode,
            entry.links,
            entry.target,
            {name: pack_bytes(value) for name, value in entry.xattrs.items()},
            entry.digest,
        ]
        for entry in index.values()
    ]


def unpack_index(rows: list[list[Any]]) -> Index:
    return Index(
        Entry(
            path=path,
            type=FileType(kind),
            mode=mode,
            uid=uid,
            gid=gid,
            size=size,
            mtime=mtime,
            inode=inode,
            links=links,
            target=target,
            xattrs={name: unpack_bytes(value) for name, value in xattrs.items()},
            digest=digest,
        )
        for path, kind, mode, uid, gid, size, mtime, inode, links, target, xattrs, digest in rows
    )


def pack_plan(plan: Plan) -> list[Message]:
    return [_pack_change(change) for change in plan]


def unpack_plan(rows: list[Message]) -> Plan:
    return Plan(tuple(_unpack_change(row) for row in rows))


def _pack_change(change: Change) -> Message:
    packed: Message = {"change": type(change).__name__}
    for name in _fields(type(change)):
        value = getattr(change, name)
        if isinstance(value, Seen):
            value = [value.type, value.inode, value.digest]
        packed[name] = {"b64": pack_bytes(value)} if isinstance(value, bytes) else value
    return packed


def _unpack_change(row: Message) -> Change:
    kind = CHANGES[row["change"]]
    values: Message = {}
    for name in _fields(kind):
        value = row[name]
        if name == "seen":
            seen_type, inode, digest = value
            value = Seen(None if seen_type is None else FileType(seen_type), inode, digest)
        values[name] = unpack_bytes(value["b64"]) if isinstance(value, dict) else value
    return kind(**values)


def _fields(kind: type[Change]) -> tuple[str, ...]:
    return tuple(kind.__dataclass_fields__)


def pack_program(program: GuestProgram) -> Message:
    return {"argv": program.argv, "returncode": program.returncode, "output": pack_bytes(program.output)}


def unpack_program(row: Message) -> GuestProgram:
    return GuestProgram(tuple(row["argv"]), row["returncode"], unpack_bytes(row["output"]))
