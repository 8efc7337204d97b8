"""Which users cloud-init makes from a system configuration: `users:`, `user:` and `system_info.default_user`.

Source: cloudinit/distros/ug_util.py. What an entry of `users:` says about the default user was weaker than the
distribution's `default_user` until 26.1, all but its groups; since 26.2 it is stronger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from goldsmith.cloudinit.merging import fold
from goldsmith.cloudinit.version import Version

ENTRY_WINS_SINCE = (26, 2)
_TRUE = frozenset({"true", "1", "on", "yes"})


@dataclass(frozen=True, slots=True)
class User:
    """A user that the configuration makes: `name` is its login; `default`: it is the default user; `locked`: no
    password opens the account; `groups` are supplementary ones; `sudo` are its rules; `shell` and `gecos`, the comment
    in passwd, are None where the configuration does not say them.
    """

    name: str
    default: bool
    locked: bool
    groups: tuple[str, ...]
    shell: str | None
    sudo: tuple[str, ...]
    gecos: str | None = None


def users_of(config: Mapping[Any, Any], version: Version | None = None) -> tuple[User, ...]:
    """The users that the configuration makes, in its order. `version` is cloud-init's; unknown counts as an old one."""
    settings, default_name = settings_of(config, version)
    return tuple(_user(name, own, default=name == default_name) for name, own in settings.items())


def settings_of(
    config: Mapping[Any, Any], version: Version | None = None
) -> tuple[dict[str, dict[str, Any]], str | None]:
    """What the configuration says of each user that it makes, merged, by name; and the name of the default user."""
    system_info = config.get("system_info")
    shipped = system_info.get("default_user") if isinstance(system_info, dict) else None
    shipped = shipped if isinstance(shipped, dict) else {}
    named = config.get("user")
    old: dict[Any, Any] = {"name": named} if isinstance(named, str) and named else {}
    if isinstance(named, dict):
        old = named
    default_user = fold([old, shipped])
    wanted: dict[str, dict[Any, Any]] = {}
    for name, settings in _entries(config.get("users"), adds_default=bool(old)):
        wanted[name] = fold([wanted.get(name, {}), settings])
    wanted = {name: {_key(key): value for key, value in settings.items()} for name, settings in wanted.items()}
    default_name = None
    if "default" in wanted:
        extra = wanted.pop("default")
        if isinstance(default_user.get("name"), str):
            default_name = default_user.pop("name")
            base_groups = default_user.pop("groups", [])
            own = wanted.pop(default_name, {})
            own["groups"] = sorted({*_words(own.get("groups")), *_words(base_groups)})
            entry_wins = version is not None and version >= ENTRY_WINS_SINCE
            wanted[default_name] = fold([own, extra, default_user] if entry_wins else [default_user, extra, own])
    return wanted, default_name


def _entries(users: Any, *, adds_default: bool) -> Iterator[tuple[str, dict[Any, Any]]]:
    match users:
        case str():
            yield from ((name, {}) for name in sorted(_words(users)))
        case dict():
            adds_default = adds_default and "default" not in users
            for name, value in users.items():
                if isinstance(value, dict):
                    yield str(name), value
                elif name and str(value).strip().lower() in _TRUE:
                    yield str(name), {}
        case list():
            for entry in users:
                if isinstance(entry, dict):
                    yield str(entry.get("name", "default")), {k: v for k, v in entry.items() if k != "name"}
                elif isinstance(entry, str | list):
                    yield from ((name, {}) for name in _words(entry))
    if adds_default:
        yield "default", {}


def _user(name: str, settings: Mapping[str, Any], *, default: bool) -> User:
    # Without a password of its own an account has none that opens it, whatever lock_passwd says.
    opens = any(settings.get(key) for key in ("passwd", "hashed_passwd", "plain_text_passwd"))
    locked = bool(settings.get("lock_passwd", True)) or not opens
    shell, gecos = settings.get("shell"), settings.get("gecos")
    return User(
        name=name,
        default=default,
        locked=locked,
        groups=tuple(_words(settings.get("groups"))),
        shell=shell if isinstance(shell, str) else None,
        sudo=tuple([sudo] if isinstance(sudo := settings.get("sudo"), str) else _words(sudo)),
        gecos=gecos if isinstance(gecos, str) else None,
    )


def _key(key: Any) -> str:
    return str(key).replace("-", "_").strip()


def _words(value: Any) -> list[str]:
    """A comma-separated string or a list of strings; a dictionary of groups gives its keys."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    if isinstance(value, list | dict):
        return [str(word) for word in value if isinstance(word, str | int)]
    return []
