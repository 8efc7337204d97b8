"""The field types that several kinds of recipe steps share: guest paths, modes, owners, names of packages and units.

Each says in its error what a recipe should have instead; a value that passes here can stand in a guest's argument list.
"""

from __future__ import annotations

import posixpath
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StrictInt, StrictStr, WithJsonSchema

# The kernel makes these anew at every boot; nothing that is put there reaches the disk.
VOLATILE = ("/proc", "/sys", "/dev", "/run")
_MODE = re.compile(r"0?[0-7]{3,4}")
# Debian's and RPM's names; what follows is an architecture and a version, never an option or a pattern.
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9+._-]*[A-Za-z0-9+])?(:[a-z0-9-]+)?(=[A-Za-z0-9][A-Za-z0-9.+:~^_-]*)?")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ZONE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_-]*(/[A-Za-z0-9][A-Za-z0-9+_-]*)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


def guest_path(path: str) -> str:
    """A path in the guest, normalized; a slash at its end stays. Raises ValueError."""
    if not path.startswith("/"):
        raise ValueError(f"a path in the guest starts with /: {path!r}")
    if not path.isprintable():
        raise ValueError("a path has no control characters")
    if ".." in path.split("/"):
        raise ValueError(f"write the path without ..: {path!r}")
    normal = "/" + posixpath.normpath(path).lstrip("/")
    for volatile in VOLATILE:
        if normal == volatile or normal.startswith(volatile + "/"):
            raise ValueError(f"{volatile} is made anew at every boot and is not on the disk")
    return normal + "/" if path.endswith("/") and normal != "/" else normal


def _file_path(path: str) -> str:
    normal = guest_path(path)
    if normal.endswith("/"):
        raise ValueError(f"the path of a file does not end in /: {path!r}")
    return normal


def _directory_path(path: str) -> str:
    return guest_path(path).rstrip("/") or "/"


def _octal(mode: object) -> object:
    if isinstance(mode, int):
        raise ValueError('write the mode in quotes, as "0644": YAML reads 0644 as the number 420')  # noqa: TRY004 - pydantic reports ValueError
    if isinstance(mode, str) and not _MODE.fullmatch(mode):
        raise ValueError(f'a mode is three or four octal digits, as "0644": {mode!r}')
    return int(mode, 8) if isinstance(mode, str) else mode


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"not {what}: {text!r}")
        return text

    return AfterValidator(check)


def _account(account: str | int) -> str | int:
    if isinstance(account, int):
        if not 0 <= account < 2**32 - 1:
            raise ValueError(f"not a numeric id: {account}")
    elif not _ACCOUNT.fullmatch(account):
        raise ValueError(f"not the name of an account: {account!r}")
    return account


def _host_name(name: str) -> str:
    if len(name) > 64 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"a host name has letters, digits, hyphens and dots, at most 64: {name!r}")
    return name


def _host_path(path: str) -> str:
    if not path or "\0" in path:
        raise ValueError("the path of a file on the host is empty or holds a NUL")
    return path


FilePath = Annotated[str, AfterValidator(_file_path)]
DirectoryPath = Annotated[str, AfterValidator(_directory_path)]
AnyPath = Annotated[str, AfterValidator(guest_path)]
HostPath = Annotated[str, AfterValidator(_host_path)]
Mode = Annotated[
    int,
    BeforeValidator(_octal),
    WithJsonSchema({"type": "string", "pattern": "^0?[0-7]{3,4}$", "examples": ["0644"]}),
]
Account = Annotated[StrictInt | StrictStr, AfterValidator(_account)]
PackageName = Annotated[str, _matching(_PACKAGE, "the name of a package (name, name:arch or name=version)")]
UnitName = Annotated[str, _matching(_UNIT, "the name of a systemd unit")]
HostName = Annotated[str, AfterValidator(_host_name)]
ZoneName = Annotated[str, _matching(_ZONE, "the name of a time zone, as Europe/Berlin")]
VariableName = Annotated[str, _matching(_VARIABLE, "the name of an environment variable")]
SecretName = Annotated[str, _matching(_SECRET, "the name of a secret (letters, digits, `.`, `_` and `-`)")]
