"""The regular expressions of file_contexts, for RE2: linear in time and bounded in memory, whatever a guest wrote.

libselinux compiles them by PCRE without Unicode, with DOTALL, as `^…$` (regex.c, label_file.h). RE2 does not backtrack,
and reads a common part of that syntax. All 13,000 expressions of Debian's and Fedora's policies lie in it. What could
mean something else there is not compiled at all.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

import re2

# libselinux 3.8 and newer refuse longer ones.
MAX_LENGTH = 4096
# Bytes for the automaton of one expression, and how many are held. Those of Debian and Fedora need less.
MEMORY, HELD = 64 << 10, 4096

META = frozenset(".^$?*+|[({")
QUANTIFIER = re.compile(r"[?*+]|\{[0-9]+(?:,[0-9]*)?\}")
POSIX_CLASS = re.compile(
    r"\[:(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]"
)
# \s is RE2's without the vertical tab.
SPACES = r"\x09-\x0d\x20"
# PCRE's $ also stands before a newline at the end; the key of a look-up may be a hostile name.
END = r"\n?\z"


class Expression:
    """One compiled expression."""

    def __init__(self, translated: str) -> None:
        self._source = translated.encode("ascii")

    def matches(self, path: bytes) -> bool:
        return _compiled(self._source).search(path) is not None


def expression(text: str) -> Expression | None:
    """The expression, anchored as libselinux does it; None where RE2 cannot say what PCRE would."""
    translated = translate(text)
    if translated is None:
        return None
    made = Expression(translated)
    try:
        made.matches(b"/")
    except re2.error:
        return None
    return made


def translate(text: str) -> str | None:
    """An anchored RE2 expression of the same meaning as PCRE's; None where there may be none."""
    if len(text) >= MAX_LENGTH or not text.isascii():
        return None
    found = ["^"]
    at, repeated = 0, False
    while at < len(text):
        quantifier = QUANTIFIER.match(text, at)
        if quantifier is not None:
            # Twice is possessive in PCRE; but `?` makes the first lazy in both.
            if repeated and quantifier.group() != "?":
                return None
            found.append(quantifier.group())
            at, repeated = quantifier.end(), True
            continue
        piece, at = _piece(text, at)
        if piece is None:
            return None
        found.append(piece)
        repeated = False
    return "".join(found) + END


def has_meta(text: str) -> bool:
    """Whether libselinux takes it for an expression: what has no such character outranks everything that has one."""
    return any(character in META for character, escaped in _characters(text) if not escaped)


def unescaped(text: str) -> str | None:
    """The one path that a text without meta characters stands for; None where an escape is not that of a character."""
    if any(escaped and (character.isalnum() or not character) for character, escaped in _characters(text)):
        return None
    return "".join(character for character, _ in _characters(text))


def literal_prefix(text: str) -> str:
    """What every path that matches begins with; empty where that cannot be said."""
    if _has_alternatives(text):
        return ""
    found: list[str] = []
    for character, escaped in _characters(text):
        if not escaped and character in META:
            # A quantifier makes what stands before it optional.
            return "".join(found[:-1] if character in "?*{" else found)
        if escaped and (character.isalnum() or not character):
            return "".join(found)
        found.append(character)
    return "".join(found)


@lru_cache(maxsize=HELD)
def _compiled(source: bytes) -> re2._Regexp:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY
    return re2.compile(source, options)


def _piece(text: str, at: int) -> tuple[str | None, int]:
    """One part that is no quantifier, translated, and where the next begins."""
    character = text[at]
    match character:
        case "\\":
            return _escape(text[at + 1 : at + 2], in_set=False), at + 2
        case "[":
            return _set(text, at + 1)
        case "$":
            # Only the last one: elsewhere PCRE's and RE2's differ before a newline.
            return ("" if at == len(text) - 1 else None), at + 1
        case "(":
            if text.startswith("(?", at):
                return ("(?:", at + 3) if text.startswith("(?:", at) else (None, at)
            return ("(" if not text.startswith("(*", at) else None), at + 1
        case "{":
            return (_literal(character) if not text.startswith("{,", at) else None), at + 1
        case "." | "^" | "|" | ")":
            return character, at + 1
        case _:
            return _literal(character), at + 1


def _set(text: str, at: int) -> tuple[str | None, int]:
    """A set from behind its opening bracket to behind its closing one."""
    found = ["["]
    if text.startswith("^", at):
        found.append("^")
        at += 1
    first = True
    while at < len(text):
        character = text[at]
        if character == "]" and not first:
            return "".join(found) + "]", at + 1
        first = False
        named = POSIX_CLASS.match(text, at)
        piece: str | None
        if named is not None:
            piece, at = named.group(), named.end()
        elif text.startswith(("[:", "[.", "[="), at):
            return None, at
        elif character == "\\":
            piece, at = _escape(text[at + 1 : at + 2], in_set=True), at + 2
        else:
            piece, at = "-" if character == "-" else _literal(character), at + 1
        if piece is None:
            return None, at
        found.append(piece)
    return None, at


def _escape(character: str, *, in_set: bool) -> str | None:
    if character in {"d", "D", "w", "W"}:
        return f"\\{character}"
    if character == "s":
        return SPACES if in_set else f"[{SPACES}]"
    if character == "S" and not in_set:
        return f"[^{SPACES}]"
    return _literal(character) if character and not character.isalnum() else None


def _literal(character: str) -> str:
    return character if character in string.ascii_letters + string.digits + "/" else f"\\x{ord(character):02x}"


def _characters(text: str) -> list[tuple[str, bool]]:
    """Each character and whether a backslash stands before it; a backslash at the end escapes nothing: ("", True)."""
    found = []
    at = 0
    while at < len(text):
        escaped = text[at] == "\\"
        found.append((text[at + 1 : at + 2] if escaped else text[at], escaped))
        at += 2 if escaped else 1
    return found


def _has_alternatives(text: str) -> bool:
    """Whether a `|` may stand outside of all groups; brackets inside of sets count as groups do, to be safe."""
    depth = 0
    for character, escaped in _characters(text):
        if escaped:
            continue
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "|" and depth <= 0:
            return True
    return False
