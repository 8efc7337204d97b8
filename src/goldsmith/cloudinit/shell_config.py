"""How a shell script reads cloud-init's configuration: ds-identify knows no YAML, it looks for lines.

In the order of a shell's glob, and the last line wins. The reading changed in 24.2: before, a shell loop `while read
line`; since then, grep. Sources: tools/ds-identify of 22.4.2 (Debian's), 25.1.4 and 26.2; both readings are compared
with the scripts themselves in the tests.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.version import Version

GREP_SINCE: Version = (24, 2)
BLANK = " \t"
SPACE = " \t\r\v\f"


def glob_order(names: Iterable[str]) -> tuple[str, ...]:
    """File names as `*.cfg` gives them to the shell in the C locale: hidden ones left out, by code point."""
    return tuple(sorted(name for name in names if name.endswith(".cfg") and not name.startswith(".")))


def sorts_last(name: str, others: Iterable[str]) -> bool:
    """Whether a file of cloud.cfg.d is the last of all, for Python's sort and for a shell's glob in every usual locale.

    A shell on EL sorts by the collation of the system's locale: letters count more than case, digits come before
    letters, and punctuation comes before both (glibc since 2.28) or is not looked at (before).
    """
    rivals = [other for other in others if other != name and other.endswith(".cfg")]
    return all(key(name) > key(other) for other in rivals for key in (_by_code_point, _by_collation, _by_letters))


def _by_code_point(name: str) -> tuple[object, ...]:
    return (name,)


def _by_collation(name: str) -> tuple[object, ...]:
    return (tuple((_rank(character), character.lower()) for character in name.removesuffix(".cfg")), name)


def _by_letters(name: str) -> tuple[object, ...]:
    return (tuple((_rank(c), c.lower()) for c in name.removesuffix(".cfg") if c.isalnum()), name)


def _rank(character: str) -> int:
    if character.isdigit():
        return 1
    return 2 if character.isalpha() else 0


def check_config(files: Mapping[str, bytes], key: str, version: Version) -> str | None:
    """What stands behind the key in the last line that has it, comments cut off; None where no line has it."""
    # A backslash may hide the key from this look, not from the script.
    word = key.encode()
    holding = {path: content for path, content in files.items() if word in content or b"\\" in content}
    inside = {posixpath.basename(path): path for path in holding if posixpath.dirname(path) == CLOUD_CFG_D}
    ordered = [CLOUD_CFG, *(inside[name] for name in glob_order(inside))]
    found: str | None = None
    for path in ordered:
        if path in holding:
            text = holding[path].decode("utf-8", "surrogateescape")
            value = _grep(text, key) if version >= GREP_SINCE else _read_lines(text, key)
            found = value if value is not None else found
    return found


def _read_lines(text: str, key: str) -> str | None:
    found = None
    for line in read_lines(text):
        bare = line.partition("#")[0]
        if bare.startswith(f"{key}: ") or bare == f"{key}:":
            found = bare.partition(":")[2].removeprefix(" ")
    return found


def _grep(text: str, key: str) -> str | None:
    """Any line that holds the key before a colon."""
    pattern = re.compile(re.escape(key) + r"[\"']*[ \t\f\v\r]*:")
    found = None
    for line in text.split("\n"):
        if pattern.search(line):
            bare = line.partition("#")[0]
            if bare:
                found = bare.partition(": ")[2] if ": " in bare else bare
    return found


def read_lines(text: str) -> Iterator[str]:
    """Lines as `while read line` gives them: without the blanks around them; a backslash takes the next character as
    it is, and joins lines at their end; a last line without its newline is not seen.
    """
    for line in re.sub(r"\\\n", "", text).split("\n")[:-1]:
        yield re.sub(r"\\(.?)", r"\1", line.strip(BLANK))


def unquote(value: str) -> str:
    """A value without the quotes around it."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
