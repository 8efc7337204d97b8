"""Which mirror of a distribution's archive a bootstrap uses: the host's own, if it has one, and no other source of it.

Third-party sources never count. What counts is signed by the archive's keyring on the host, and mmdebstrap is told to
accept no other key, so a mirror that is taken by mistake fails; it cannot add anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

from goldsmith.base.distro import Distro

SOURCES = Path("/etc/apt/sources.list")
SOURCES_FOLDER = Path("/etc/apt/sources.list.d")
COMPONENT = "main"
ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)")


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite of one mirror, as apt names both."""

    uri: str
    name: str


@dataclass(frozen=True, slots=True)
class _Listed:
    """One archive that the host's apt knows. `signed_by` is the option's text, empty where it has none."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str


def find_suites(distro: Distro, files: Mapping[str, str]) -> tuple[Suite, ...]:
    """The suites to use: release, updates and security, from the host's mirrors; () where it has none of them.

    `files` are apt's source files, name → text. The host may run another release: only its mirrors are taken.
    """
    main = updates = security = None
    for listed in (entry for name in sorted(files) for entry in _parse(name, files[name])):
        if not _is_of_archive(distro, listed):
            continue
        if listed.suite.endswith("-security"):
            security = security or listed.uri
        elif listed.suite.endswith("-updates"):
            updates = updates or listed.uri
        elif "-" not in listed.suite:
            main = main or listed.uri
    if main is None:
        return ()
    suites = [Suite(main, distro.suite)]
    if updates is not None:
        suites.append(Suite(updates, f"{distro.suite}-updates"))
    if security is not None:
        suites.append(Suite(security, f"{distro.suite}-security"))
    return tuple(suites)


def host_files() -> dict[str, str]:
    """Apt's source files of this host; what cannot be read is left out."""
    found = {}
    for path in (SOURCES, *sorted(SOURCES_FOLDER.glob("*"))):
        if path == SOURCES or path.suffix in {".list", ".sources"}:
            try:
                found[path.name] = path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
    return found


def mirror_lines(suites: tuple[Suite, ...], keyring: Path) -> list[str]:
    """Mmdebstrap's MIRROR arguments; none where it is to use the distribution's default."""
    return [f"deb [signed-by={keyring}] {suite.uri} {suite.name} {COMPONENT}" for suite in suites]


def guest_sources(suites: tuple[Suite, ...], keyring: Path) -> str:
    """The image's own /etc/apt/sources.list.d/debian.sources: the mirrors that were used, without credentials."""
    by_uri: dict[str, list[str]] = {}
    for suite in suites:
        by_uri.setdefault(without_credentials(suite.uri), []).append(suite.name)
    return "\n".join(
        f"Types: deb\nURIs: {uri}\nSuites: {' '.join(names)}\nComponents: {COMPONENT}\nSigned-By: {keyring}\n"
        for uri, names in by_uri.items()
    )


def without_credentials(uri: str) -> str:
    """An address without user and password."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def credentials(suites: tuple[Suite, ...]) -> tuple[str, ...]:
    """What must not be shown: the users and passwords of the mirrors' addresses."""
    found = {urlsplit(suite.uri).netloc.rpartition("@")[0] for suite in suites}
    return tuple(sorted(found - {""}))


def _is_of_archive(distro: Distro, listed: _Listed) -> bool:
    try:
        parts = urlsplit(listed.uri)
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not parts.netloc or COMPONENT not in listed.components:
        return False
    vendor = distro.name.partition("/")[0]
    if not listed.signed_by:
        # Installers before Debian 13 write no signed-by. The folder's name is a guess that the keyring checks.
        return PurePosixPath(parts.path).name in {vendor, f"{vendor}-security"}
    return PurePosixPath(listed.signed_by).name.startswith(f"{vendor}-archive-") and listed.signed_by.startswith("/")


def _parse(name: str, text: str) -> Iterator[_Listed]:
    yield from _deb822(text) if name.endswith(".sources") else _one_line(text)


def _deb822(text: str) -> Iterator[_Listed]:
    for stanza in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        fields: dict[str, str] = {}
        current = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[current] = f"{fields.get(current, '')} {line.strip()}"
            elif ":" in line:
                current, _, value = line.partition(":")
                current = current.strip().lower()
                fields[current] = value.strip()
        if fields.get("enabled", "yes").lower() in {"no", "false", "without", "off", "disable"}:
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield _Listed(uri, suite, tuple(fields.get("components", "").split()), fields.get("signed-by", ""))


def _one_line(text: str) -> Iterator[_Listed]:
    for line in text.splitlines():
        match = ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        suite, *components = match["rest"].split()
        options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
        yield _Listed(match["uri"], suite, tuple(components), options.get("signed-by", ""))
