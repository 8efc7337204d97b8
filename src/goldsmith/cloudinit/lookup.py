"""Find a value of a configuration by what a person types: `system_info.default_user.name`, `users[0]`, `/users/0`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from goldsmith.cloudinit.located import Value, key_text, walk
from goldsmith.errors import InputError

_INDEX = re.compile(r"\[(\d+)\]")


def find(root: Value, key: str) -> tuple[str, Value]:
    """JSON pointer and value of a dotted path or a JSON pointer. Raises InputError with what may have been meant."""
    if key in {"", "/", "."}:
        return "", root
    parts = _pointer_parts(key) if key.startswith("/") else _INDEX.sub(r".\1", key).strip(".").split(".")
    found = next(_descend(root, parts, ""), None)
    if found is not None:
        return found
    raise InputError(f"the configuration has no {key}", hint=_meant(root, key))


def dotted(pointer: str) -> str:
    """A JSON pointer as people write it."""
    text = ""
    for part in _pointer_parts(pointer) if pointer else ():
        text += f"[{part}]" if part.isdigit() and text else f".{part}" if text else part
    return text


def _pointer_parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _descend(value: Value, parts: Sequence[str], pointer: str) -> Iterator[tuple[str, Value]]:
    """Keys may hold dots themselves: every split is tried, the shortest key first."""
    if not parts:
        yield pointer, value
        return
    if isinstance(value.data, list):
        if parts[0].isdecimal() and len(parts[0]) < 10 and int(parts[0]) < len(value.data):
            yield from _descend(value.data[int(parts[0])], parts[1:], f"{pointer}/{int(parts[0])}")
        return
    if not isinstance(value.data, dict):
        return
    by_text = {key_text(key): child for key, child in value.data.items()}
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        if name in by_text:
            escaped = name.replace("~", "~0").replace("/", "~1")
            yield from _descend(by_text[name], parts[length:], f"{pointer}/{escaped}")


def _meant(root: Value, key: str) -> str:
    known = [dotted(pointer) for pointer, _ in walk(root)]
    wanted = dotted(key) if key.startswith("/") else key
    close = difflib.get_close_matches(wanted, known, n=3, cutoff=0.7)
    if not close:
        # The last word may be right and the way to it wrong: `default_user.name`.
        close = [each for each in known if each.endswith(f".{wanted}")][:3]
    if close:
        return f"did you mean {' or '.join(close)}?"
    top = [key_text(each) for each in root.data]
    near = difflib.get_close_matches(wanted.partition(".")[0], top, n=1)
    return f"did you mean {near[0]}?" if near else f"it has: {', '.join(sorted(top))}"
