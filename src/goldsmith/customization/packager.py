"""Packagers: what a guest's own package manager is told, and what it says. Pure: the step that uses one runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module

from goldsmith.customization.customization import Session
from goldsmith.customization.programs import ended, failure, require_programs, run
from goldsmith.errors import InputError
from goldsmith.events import Note
from goldsmith.findings import printable
from goldsmith.guest.guest import Guest, GuestProgram
from goldsmith.guest.index import Index
from goldsmith.guest.info import GuestInfo
from goldsmith.guest.packages import Package, installed

# A slow mirror under emulation; a package manager that waits for input would wait forever.
TIMEOUT = 3600.0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a package manager's output means: one line, and what to do."""

    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Packager:
    """One package manager. The argument lists are whole; `env` is added to every run.

    `sources` are the guest paths that decide what is known, `lists` is where what is known is kept and `is_list` tells
    such a file by name.
    """

    name: str
    env: Mapping[str, str]
    refresh: tuple[str, ...]
    install: Callable[[Sequence[str]], tuple[str, ...]]
    uninstall: Callable[[Sequence[str]], tuple[str, ...]]
    update: tuple[str, ...]
    sources: tuple[str, ...]
    lists: str
    is_list: Callable[[str], bool]
    explain: Callable[[str], Explanation | None]


_REGISTRY: dict[str, Packager] = {}


def register(packager: Packager) -> Packager:
    """Make a packager known under its name, which is a value of `guest.info.PackageManager`."""
    if packager.name in _REGISTRY:
        raise ValueError(f"two packagers are named {packager.name}")
    _REGISTRY[packager.name] = packager
    return packager


def packager_of(info: GuestInfo, step: str) -> Packager:
    """The packager of a guest. Raises InputError where its package manager is not supported."""
    import_module("goldsmith.customization.packagers")
    found = _REGISTRY.get(info.package_manager.value)
    if found is None:
        raise InputError(
            f"{step}: packages are not yet supported for {printable(info.pretty_name or info.distro)} "
            f"({info.package_manager})",
            hint=f"works for guests with {', '.join(sorted(_REGISTRY))}; elsewhere use a `run` step with network: true",
        )
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """What a run did to the installed packages: names, sorted; one for each architecture."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Packages:
    """A packager at work in a session, for the step named `step`."""

    session: Session
    packager: Packager
    step: str

    def refresh(self) -> None:
        """Refresh the package lists, once per session unless the sources changed or the lists are gone."""
        current = sources_digest(self.session.guest, self.packager)
        if current is not None and current == self.session.lists.refreshed_from:
            return
        self.run(self.packager.refresh, "refreshing the package lists", network=True)
        self.session.lists.refreshed_from = sources_digest(self.session.guest, self.packager)

    def change(self, argv: Sequence[str], doing: str, *, network: bool) -> Difference:
        """Run the package manager and say what it changed. Raises ProcessError."""
        before = installed(self.session.guest)
        self.run(argv, doing, network=network)
        return difference(before, installed(self.session.guest))

    def run(self, argv: Sequence[str], doing: str, *, network: bool) -> GuestProgram:
        """Run the package manager. Raises ProcessError with what its output means and its last lines."""
        program = run(self.session, self.step, argv, env=self.packager.env, network=network, timeout=TIMEOUT)
        if program.returncode == 0:
            return program
        said = self.packager.explain(program.output.decode("utf-8", "replace"))
        why = said.message if said is not None else f"{argv[0]} {ended(program)}"
        raise failure(f"{self.step}: {doing}: {printable(why)}", program, hint=said.hint if said is not None else None)

    def warn(self, text: str) -> None:
        self.session.emit(Note(f"{self.step}: {text}", warning=True))


def packages(session: Session, step: str) -> Packages:
    """The guest's package manager, ready. Raises InputError where guest or engine cannot."""
    found = packager_of(session.info, step)
    require_programs(session, step)
    return Packages(session, found, step)


def difference(before: Iterable[Package], after: Iterable[Package]) -> Difference:
    """What differs between two sets of installed packages."""
    old = {(package.name, package.arch): package.version for package in before}
    new = {(package.name, package.arch): package.version for package in after}
    return Difference(
        added=tuple(name for name, _ in sorted(new.keys() - old.keys())),
        removed=tuple(name for name, _ in sorted(old.keys() - new.keys())),
        changed=tuple(name for name, arch in sorted(old.keys() & new.keys()) if old[name, arch] != new[name, arch]),
    )


def sources_digest(guest: Guest, packager: Packager) -> str | None:
    """A digest of all that decides which packages are known; None where there are no lists."""
    index = guest.index([*packager.sources, packager.lists], digests=True)
    directory = index.resolve(packager.lists)
    if directory is None or not any(packager.is_list(entry.name) for entry in index.children(directory)):
        return None
    return _digest(index, packager.sources)


def _digest(index: Index, roots: Sequence[str]) -> str:
    seen = sha256()
    for root in roots:
        start = index.resolve(root)
        if start is None:
            continue
        for entry in (*index.below(start), index[start]):
            if entry.is_regular or entry.is_link:
                seen.update(repr((entry.path, entry.digest, entry.target)).encode())
    return seen.hexdigest()
