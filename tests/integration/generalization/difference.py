"""What a tool took out of a tree, by comparing the tree before and after it: no knowledge of any tool."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.integration.generalization.dirty import Residue

from goldsmith.guest.guest import Guest

# Everything that a tool may change. The content of /usr comes from packages, and of /boot nothing small is residue.
LEFT_OUT = (
    *("./proc/*", "./sys/*", "./dev/*", "./run/*", "./boot/initrd*", "./boot/vmlinuz-[1-9]*", "./lost+found"),
    *("./usr/bin", "./usr/include", "./usr/lib", "./usr/lib32", "./usr/lib64", "./usr/libexec", "./usr/sbin"),
    "./usr/share",
)
PACK = ("--create", "--xattrs", "--sort=name", *(f"--exclude={each}" for each in LEFT_OUT))


@dataclass(frozen=True, slots=True)
class Node:
    """One path: `content` is a regular file's, or a link's target. Attributes are those of users."""

    kind: bytes
    content: bytes
    attributes: tuple[str, ...]

    @property
    def is_directory(self) -> bool:
        return self.kind == tarfile.DIRTYPE


Tree = Mapping[str, Node]


def read_tree(guest: Guest) -> Tree:
    """A guest's tree, read by the guest's own tar."""
    done = guest.run(["tar", *PACK, "--directory=/", "--file=-", "."])
    assert done.returncode == 0, done.output[-2000:]
    return _unpacked(done.output)


def read_directory(top: Path) -> Tree:
    """The tree in a directory of the host, read by the host's tar."""
    done = subprocess.run(["tar", *PACK, f"--directory={top}", "--file=-", "."], capture_output=True, check=True)
    return _unpacked(done.stdout)


def _unpacked(archive: bytes) -> Tree:
    nodes: dict[str, Node] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() or member.islnk() else None
            content = file.read() if file is not None else member.linkname.encode("utf-8", "surrogateescape")
            kind = tarfile.REGTYPE if member.islnk() else member.type
            attributes = tuple(value for name, value in member.pax_headers.items() if "xattr.user" in name)
            nodes["/" + member.name.removeprefix(".").removeprefix("/")] = Node(kind, content, attributes)
    return nodes


def survives(residue: Residue, tree: Tree) -> bool:
    """Whether a residue's canary is still where it was planted: in name, content, target or attribute."""
    node = tree.get(residue.path)
    if node is None:
        return False
    canary = residue.canary.encode()
    return (
        residue.canary in residue.path
        or canary in node.content
        or any(residue.canary in value for value in node.attributes)
    )


def left(before: Tree, theirs: Tree, ours: Tree) -> Iterator[str]:
    """The paths where they took something out that is still in ours.

    What they removed may be an empty file or a directory in ours (owners and modes are kept on purpose). Of a file
    that they changed no line that they took out may be in ours.
    """
    for path, was in before.items():
        their, our = theirs.get(path), ours.get(path)
        if our is None or their == was:
            continue
        if their is None:
            if not our.is_directory and (our.content or our.attributes):
                yield path
        elif (_lines(was) - _lines(their)) & _lines(our):
            yield path


def taken(before: Tree, after: Tree) -> frozenset[str]:
    """The paths that are gone, or hold less than before. Directories are not counted."""
    return frozenset(
        path
        for path, was in before.items()
        if not was.is_directory and ((now := after.get(path)) is None or _lines(was) - _lines(now))
    )


def _lines(node: Node) -> frozenset[bytes]:
    return frozenset(node.content.splitlines())
