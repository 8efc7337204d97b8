"""Checks of running clones: kept by the clone's name, and by nothing that goes wrong lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from goldsmith.errors import ProcessError
from goldsmith.machine.driver import Machine
from goldsmith.machine.inside import Inside, ProgramEnd
from goldsmith.recipe.check import Checks, CommandCheck, FileCheck
from goldsmith.verification.live import LiveChecks

CHECKS = Checks(
    files=(FileCheck("/etc/motd"),),
    commands=(CommandCheck("true", ("true",), timeout=10.0), CommandCheck("false", ("false",), timeout=20.0)),
)


class Echo:
    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        return ProgramEnd(int(argv[0] == "false"), b"", b"")


def machine(name: str, inside: Inside | None) -> Machine:
    @contextmanager
    def way(within: float) -> Iterator[Inside]:
        if inside is None:
            raise ProcessError(f"nobody answers within {within:.0f} s")
        yield inside

    return cast("Machine", SimpleNamespace(spec=SimpleNamespace(name=name, folder=Path(name)), inside=way))


def test_each_clone_has_its_own_results() -> None:
    live = LiveChecks(CHECKS)
    visit = live.visit(0.5)
    assert visit is not None
    visit.pay(machine("clone-1", Echo()))
    visit.pay(machine("clone-2", None))
    assert [(each.check, each.sight.value) for each in live.of("clone-1")] == [
        ("true", "as-asked"),
        ("false", "otherwise"),
    ]
    assert [(each.check, each.message) for each in live.of("clone-2")] == [
        ("true", "nobody answers within 30 s"),
        ("false", "nobody answers within 30 s"),
    ]
    assert live.of("clone-3") == ()


def test_a_visit_has_as_long_as_its_checks() -> None:
    visit = LiveChecks(CHECKS).visit(0.5)
    assert visit is not None
    assert visit.seconds == (15 + 10 + 30 + 20 + 30) / 0.5


def test_nobody_is_visited_for_files_alone() -> None:
    assert LiveChecks(Checks(files=CHECKS.files)).visit() is None
