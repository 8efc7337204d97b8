"""What ds-identify, the shell script that decides at boot whether cloud-init runs, reads from an image's files.

It knows no YAML: it looks for lines, in the order of a shell's glob, and the last line wins. Its reading changed in
24.2: before, a shell loop `while read line`; since then, grep. Sources: tools/ds-identify of 22.4.2 (Debian's) and
26.2; both readings are compared with the scripts themselves in the tests' tables.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D
from goldsmith.cloudinit.version import Version

DS_IDENTIFY_CFG = "/etc/cloud/ds-identify.cfg"
DISABLED = "/etc/cloud/cloud-init.disabled"
KEY = "datasource_list"
GREP_SINCE = (24, 2)
STRICT_SINCE = (25, 2)
_BLANK = " \t"
_SPACE = " \t\r\v\f"
_GREP = re.compile(KEY + r"[\"']*[ \t\f\v\r]*:")


@dataclass(frozen=True, slots=True)
class Policy:
    """ds-identify's policy, as far as it decides about a machine without a seed."""

    mode: str = "search"
    notfound: str = "disabled"
    datasource: str | None = None


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


def read_list(files: Mapping[str, bytes], version: Version) -> tuple[str, ...] | None:
    """The datasource list that ds-identify sees, None where it sees none. `version` is cloud-init's."""
    inside = {posixpath.basename(path): path for path in files if posixpath.dirname(path) == CLOUD_CFG_D}
    ordered = [CLOUD_CFG, *(inside[name] for name in glob_order(inside))]
    found: str | None = None
    for path in ordered:
        if path in files:
            text = files[path].decode("utf-8", "surrogateescape")
            value = _grep(text) if version >= GREP_SINCE else _read_lines(text)
            found = value if value is not None else found
    if found is None:
        return None
    if version >= GREP_SINCE:
        # Its get_value keeps what stands behind the last colon.
        return _array(found.rpartition(":")[2].strip(_SPACE), _SPACE) or None
    return _array(found, _BLANK) or None


def _read_lines(text: str) -> str | None:
    """`while read line`: a last line without its newline is not seen; blanks around a line do not count."""
    found = None
    for line in text.split("\n")[:-1]:
        bare = line.strip(" \t").partition("#")[0]
        if bare.startswith(f"{KEY}: ") or bare == f"{KEY}:":
            found = bare.partition(":")[2].removeprefix(" ")
    return found


def _grep(text: str) -> str | None:
    """Any line that holds the key before a colon, comments cut off."""
    found = None
    for line in text.split("\n"):
        if not _GREP.search(line):
            continue
        bare = line.partition("#")[0]
        if bare:
            found = bare.partition(": ")[2] if ": " in bare else bare
    return found


def _array(value: str, space: str) -> tuple[str, ...]:
    # The older reading cuts off a `]` only at the very end: a comment or CRLF behind it spoils the last name.
    bare = value.removeprefix("[").removesuffix("]")
    items = " ".join(_unquote(item.strip(space)) for item in bare.split(","))
    return tuple(item for item in items.split(" ") if item)


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def read_policy(
    files: Mapping[str, bytes], version: Version, *, arch: str = "x86_64", cmdline: Iterable[str] = ()
) -> Policy:
    """The policy that is in force: ds-identify.cfg, then the words of the kernel's command line.

    Without a word about it a machine whose architecture has no DMI was kept enabled until 25.1.
    """
    policy: str | None = None
    datasource: str | None = None
    # The last line counts only with its newline, in every version.
    for line in files.get(DS_IDENTIFY_CFG, b"").decode("utf-8", "surrogateescape").split("\n")[:-1]:
        key, colon, value = line.partition("#")[0].partition(":")
        if not colon:
            continue
        match " ".join(key.split()):
            case "policy":
                policy = _unquote(" ".join(value.split()))
            case "datasource":
                datasource = _unquote(" ".join(value.split()))
            case _:
                pass
    for word in cmdline:
        key, _, value = word.partition("=")
        if key == "ci.di.policy":
            policy = value
        elif key in {"ci.ds", "ci.datasource"}:
            datasource = value
    has_dmi = arch == "x86_64" or re.fullmatch(r"i\d86", arch) is not None
    mode = "search"
    notfound = "disabled" if has_dmi or version >= STRICT_SINCE else "enabled"
    for token in (policy or "").split(","):
        if token in {"enabled", "disabled", "search", "report"}:
            mode = token
        elif token in {"notfound=enabled", "notfound=disabled"}:
            notfound = token.partition("=")[2]
    return Policy(mode=mode, notfound=notfound, datasource=datasource or None)
