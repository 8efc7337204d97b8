"""GS601: cloud-init reads every file, and reads it as it is written."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.document import Effect
from goldsmith.findings import GuestPlace, Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

EFFECTS = {
    Effect.FATAL: Severity.ERROR,
    Effect.DROPPED: Severity.ERROR,
    Effect.SUSPECT: Severity.WARNING,
    Effect.UNKNOWN: Severity.ERROR,
}
HINTS = {
    Effect.FATAL: "correct it: no stage of cloud-init would run, and no log would say why",
    Effect.DROPPED: "correct it: cloud-init goes on without the whole file",
    Effect.SUSPECT: "write what is meant",
    Effect.UNKNOWN: "make it a short file that can be read",
}


@configuration_rule(
    "GS601",
    "every file is read as it is written",
    why="A file with a mistake counts as empty and the others are kept; one that is not UTF-8 ends all of cloud-init; "
    "of two equal keys the last one counts. None of it is said on the console.",
    since="every version; from 23.4 a dropped file also makes the status `degraded`",
    wrong="ssh_pwauth: false\nusers:\n\t- default\n",
    right="ssh_pwauth: false\nusers:\n  - default\n",
)
def readable(subject: CloudConfig) -> Iterator[Fault]:
    for unread in subject.unread:
        hint = "put a file in its place, or remove it" if unread.effect is Effect.SUSPECT else HINTS[unread.effect]
        yield Fault(EFFECTS[unread.effect], unread.place, unread.message, hint)
    told = {unread.path for unread in subject.unread}
    files = {file.path: file for file in subject.files}
    for problem in subject.effective.problems:
        file = files.get(problem.path)
        if file is None:
            if subject.whole and problem.path not in told:
                yield Fault(EFFECTS[problem.effect], GuestPlace(problem.path), problem.message, HINTS[problem.effect])
        elif not file.vendor or problem.effect is not Effect.SUSPECT:
            place = file.at(problem.line or 1, 1)
            yield Fault(EFFECTS[problem.effect], place, problem.message, HINTS[problem.effect])
