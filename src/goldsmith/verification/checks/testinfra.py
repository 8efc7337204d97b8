"""Tests of testinfra: pytest runs them on this host, and what they ask of their host runs in a clone that is ready."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from goldsmith.errors import HostError, ProcessError
from goldsmith.recipe.check import Checks, InfraCheck
from goldsmith.rules.check_result import CheckResult, Sight, as_asked, not_seen, otherwise
from goldsmith.run import Running, running
from goldsmith.verification.check import MOST_RESULTS, Live, looks_for
from goldsmith.verification.testinfra.line import HOST, VARIABLE, Came, Command, Told, answer, hear

PLUGIN = "goldsmith.verification.testinfra.plugin"
# The tests' own configuration is none, so that they mean the same everywhere; a conftest.py counts.
PYTEST = (sys.executable, "-B", "-P", "-m", "pytest", "-c", "/dev/null", "-p", "no:cacheprovider", "-p", PLUGIN)
SHORT = ("-q", "--tb=short", "--show-capture=no", "--continue-on-collection-errors")
LOG = "pytest.log"
HELD = "it holds"
ELSEWHERE = "its tests are programs of this host, which only the recipe itself can name: verify with --recipe"
# Seconds. Where pytest asks for nothing so long, the clone is looked at: it may have gone down.
REST = 10.0
# Seconds for pytest to end, once its line is closed.
FAREWELL = 20.0
# Exit codes of pytest: every test passed; there was none.
PASSED, NO_TESTS = 0, 5


def require_testinfra(checks: Checks) -> None:
    """Raises HostError where checks need testinfra and goldsmith's Python has none."""
    if checks.testinfra and (find_spec("testinfra") is None or find_spec("pytest") is None):
        raise HostError(
            "the recipe has tests of testinfra, and it is not installed",
            hint="install goldsmith with its extra: pip install 'goldsmith[testinfra]'",
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """What pytest told of its tests, its exit code, None where it was ended, and the last line that it printed."""

    told: tuple[Told, ...]
    status: int | None
    last: str = ""


@looks_for(InfraCheck)
def look(check: InfraCheck, live: Live) -> Iterator[CheckResult]:
    """A result for each test, or one that says why none was made."""
    if live.recipe_folder is None:
        yield not_seen(check, ELSEWHERE)
        return
    try:
        ended = _run(check, live, live.recipe_folder)
    except (ProcessError, HostError) as error:
        yield not_seen(check, error.message)
        return
    yield from judged(check, ended)


def judged(check: InfraCheck, ended: Ended) -> Iterator[CheckResult]:
    """What pytest told, test by test."""
    found = [_judged(check, each) for each in ended.told[:MOST_RESULTS]]
    yield from found
    if len(ended.told) > MOST_RESULTS:
        yield not_seen(check, f"only the first {MOST_RESULTS} tests are kept", part="all others")
    missing = _missing(ended, failed=any(each.sight is not Sight.AS_ASKED for each in found))
    if missing:
        yield not_seen(check, missing, part="pytest" if found else "")


def _judged(check: InfraCheck, told: Told) -> CheckResult:
    # pytest names a test by its file, relative to the folder of all.
    part = told.test.removeprefix(f"{Path(check.file).name}::")
    match told.came:
        case Came.PASSED:
            return as_asked(check, HELD, expected=HELD, part=part)
        case Came.FAILED:
            return otherwise(check, told.why, told.why or "it failed", expected=HELD, part=part)
        case Came.SKIPPED:
            return not_seen(check, f"it was skipped: {told.why}", expected=HELD, part=part)
        case Came.BROKEN:
            return not_seen(check, f"it cannot be read: {told.why}", expected=HELD, part=part)


def _missing(ended: Ended, *, failed: bool) -> str | None:
    """What the tests themselves do not tell."""
    if ended.status is None:
        return "the tests did not end in time"
    if ended.status in {PASSED, NO_TESTS} and not ended.told:
        return "it has no test"
    if ended.status in {PASSED, NO_TESTS} or failed:
        return None
    return f"pytest ended with {ended.status}" + (f": {ended.last}" if ended.last else "")


def _run(check: InfraCheck, live: Live, folder: Path) -> Ended:
    until = time.monotonic() + check.timeout / live.speed
    told: list[Told] = []
    with tempfile.TemporaryDirectory(prefix="tests-", dir=live.scratch) as made:
        scratch, (ours, theirs) = Path(made), Pipe()
        with ours, _pytest(check, folder, theirs, scratch) as process:
            status = process.wait(FAREWELL) if _serve(ours, live, told, until) else None
        return Ended(tuple(told), status, _last(scratch / LOG))


@contextmanager
def _pytest(check: InfraCheck, folder: Path, line: Connection, scratch: Path) -> Iterator[Running]:
    """Start pytest with the tests of a check, in the folder of the recipe. Temporary files go to `scratch`."""
    tests = folder.absolute() / check.file
    root = str(tests if tests.is_dir() else tests.parent)
    argv = [*PYTEST, *SHORT, "--hosts", HOST, "--rootdir", root, "--confcutdir", root, str(tests)]
    with line, (scratch / LOG).open("wb") as log:
        seen = {VARIABLE: str(line.fileno()), "TMPDIR": str(scratch)}
        with running(argv, log=log, env=seen, cwd=folder, pass_fds=(line.fileno(),)) as process:
            # Only pytest holds it now: its end is the end of the line.
            line.close()
            yield process


def _serve(line: Connection, live: Live, told: list[Told], until: float) -> bool:
    """Run what pytest asks for, and note what it tells, until it ends: whether it did in time.

    Raises ProcessError where the clone goes down.
    """
    while (left := until - time.monotonic()) > 0:
        if not line.poll(min(REST, left)):
            live.inside.run(("true",), timeout=REST / live.speed)
            continue
        try:
            match hear(line):
                case Command(words):
                    answer(line, live.inside.run(("/bin/sh", "-c", words), timeout=left))
                case Told() as one:
                    told.append(one)
        except EOFError:
            return True
    return False


def _last(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
