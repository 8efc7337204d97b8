"""Guest trees as text: made in a real directory, read back from it, one line per path.

    d 0755 /path                    a directory; parents that are not written are made with 0755
    f 0644 /path = "content\\n"      a regular file; the content is a Python string, undecodable bytes as escapes
    l /path -> target               a symbolic link
    p 0644 /path                    a FIFO
    guest debian|rocky|sysv         the few files by which a guest is known
    declare /path                   the recipe put it there
    keep /pattern: reason           the recipe wants it kept

A path with spaces or control characters is written as a Python string.
"""

from __future__ import annotations

import ast
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from goldsmith.generalization.sparing import Keep
from goldsmith.guest.engines.tree import TreeGuest
from goldsmith.guest.worker.posix_tree import PosixTree

SYSTEMD = 'f 0755 /usr/lib/systemd/systemd = ""\nl /sbin/init -> ../usr/lib/systemd/systemd\n'
GUESTS = {
    "debian": 'f 0644 /etc/os-release = "ID=debian\\nVERSION_ID=12\\n"\n' + SYSTEMD,
    "rocky": 'f 0644 /etc/os-release = "ID=rocky\\nVERSION_ID=10\\nID_LIKE=\\"rhel centos fedora\\"\\n"\n' + SYSTEMD,
    "sysv": 'f 0644 /etc/os-release = "ID=devuan\\nVERSION_ID=5\\n"\nf 0755 /sbin/init = ""\n',
}
PATH = r"""("(?:[^"\\]|\\.)*"|\S+)"""
NODE = rf"(?P<kind>[dfp]) (?P<mode>[0-7]+) (?P<path>{PATH[1:-1]})(?: = (?P<content>.*))?"
LINK = rf"l (?P<link>{PATH[1:-1]}) -> (?P<target>.*)"
LINE = re.compile(f"{NODE}|{LINK}")


@dataclass
class Text:
    """A tree's text, read: entries to make, and what the recipe said."""

    entries: list[str] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    keep: list[Keep] = field(default_factory=list)


def read(text: str) -> Text:
    """The lines of a tree's text, directives apart."""
    found = Text()
    for line in text.splitlines():
        if line.startswith("guest "):
            found.entries.extend(GUESTS[line.removeprefix("guest ").strip()].splitlines())
        elif line.startswith("declare "):
            found.declared.add(line.removeprefix("declare ").strip())
        elif line.startswith("keep "):
            pattern, _, reason = line.removeprefix("keep ").partition(": ")
            found.keep.append(Keep(pattern, reason))
        elif line and not line.startswith("#"):
            found.entries.append(line)
    return found


def make(top: Path, text: str) -> Text:
    """Make the tree of a text in a directory."""
    found = read(text)
    for line in found.entries:
        match = LINE.fullmatch(line)
        assert match is not None, f"not a line of a tree: {line}"
        path = _place(top, match["path"] or match["link"])
        _make_parents(top, path)
        match match["kind"]:
            case "d":
                path.mkdir(exist_ok=True)
            case "f":
                path.write_bytes(ast.literal_eval(match["content"]).encode("utf-8", "surrogateescape"))
            case "p":
                os.mkfifo(path)
            case None:
                path.symlink_to(match["target"])
        if match["mode"]:
            path.chmod(int(match["mode"], 8))
    return found


def show(top: Path) -> str:
    """The text of a directory's tree."""
    return "".join(f"{line}\n" for line in _lines(top, top))


@contextmanager
def opened(top: Path) -> Iterator[TreeGuest]:
    """The tree in a directory as a guest; starts no process."""
    tree = PosixTree(str(top))
    try:
        yield TreeGuest(tree, read_only=False)
    finally:
        tree.close()


def _make_parents(top: Path, path: Path) -> None:
    for parent in reversed(path.relative_to(top).parents):
        if not (top / parent).is_dir():
            (top / parent).mkdir()
            (top / parent).chmod(0o755)


def _place(top: Path, written: str) -> Path:
    path = ast.literal_eval(written) if written.startswith('"') else written
    return top / path.lstrip("/")


def _lines(top: Path, directory: Path) -> Iterator[str]:
    for child in sorted(directory.iterdir(), key=lambda child: os.fsencode(child.name)):
        status = child.lstat()
        guest = f"/{child.relative_to(top)}"
        shown = guest if guest.isprintable() and " " not in guest else '"' + ascii(guest)[1:-1] + '"'
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        if stat.S_ISLNK(status.st_mode):
            yield f"l {shown} -> {child.readlink()}"
        elif stat.S_ISDIR(status.st_mode):
            yield f"d {mode} {shown}"
            yield from _lines(top, child)
        elif stat.S_ISREG(status.st_mode):
            content = ascii(child.read_bytes().decode("utf-8", "surrogateescape"))
            yield f"f {mode} {shown} = {content}"
        else:
            yield f"p {mode} {shown}"
