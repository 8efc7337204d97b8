"""A command inside a clone that is ready: how it ends and what it prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from goldsmith.errors import ProcessError
from goldsmith.machine.inside import ProgramEnd
from goldsmith.recipe.check import CommandCheck
from goldsmith.rules.check_result import CheckResult, as_asked, not_seen, otherwise
from goldsmith.verification.check import Live, looks_for
from goldsmith.verification.text import missed


@looks_for(CommandCheck)
def look(check: CommandCheck, live: Live) -> Iterator[CheckResult]:
    """One result; one that nothing ran is not seen."""
    try:
        ended = live.inside.run(as_user(check.argv, check.user), timeout=check.timeout / live.speed)
    except ProcessError as error:
        yield not_seen(check, error.message)
        return
    yield compared(check, ended)


def as_user(argv: Sequence[str], user: str | None) -> tuple[str, ...]:
    """runuser(1) of util-linux, which sets HOME, USER and the groups, becomes the program by way of a shell that reads
    nothing; its option -u would leave root's HOME.
    """
    if user is None:
        return tuple(argv)
    return ("runuser", "-s", "/bin/sh", "-c", 'exec "$0" "$@"', "--", user, *argv)


def compared(check: CommandCheck, ended: ProgramEnd) -> CheckResult:
    """What its end says about what the recipe asks."""
    printed = (ended.stdout if ended.stdout.strip() else ended.stderr).decode("utf-8", "replace").strip()
    if ended.status is None:
        return otherwise(check, f"still running: {printed}" if printed else "still running", "it did not end in time")
    seen = f"exit code {ended.status}" + (f", {printed}" if printed else "")
    wrong = [f"it ended with {ended.status}, not {check.status}"] if ended.status != check.status else []
    missing = list(missed(check.stdout, ended.stdout))
    if missing and ended.cut:
        return not_seen(check, "it printed more than is kept")
    wrong += [f"its output {each}" for each in missing]
    return otherwise(check, seen, ", ".join(wrong)) if wrong else as_asked(check, seen)
