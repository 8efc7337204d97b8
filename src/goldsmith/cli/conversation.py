"""One verb's talk with a person or a program: progress, the result as text or one JSON document, errors, exit code."""

from __future__ import annotations

import errno
import json
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from goldsmith.cli.progress import Progress
from goldsmith.cli.streams import silence_closed_pipes
from goldsmith.errors import GoldsmithError, HostError, InputError, ProcessError, RecipeError, Stopped
from goldsmith.events import Event, as_json
from goldsmith.findings import Finding, printable
from goldsmith.run import signals_as_errors
from goldsmith.settings import state_dir

if TYPE_CHECKING:
    from goldsmith.sarif import Descriptor

# What the system says when the host, not the input, is at fault.
HOST_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENOMEM}
)
WIDTH_OF_STEP = 12


@dataclass
class Conversation:
    """What a verb talks through. `emit` is given to the library; `finish` says the result."""

    verb: str
    json: bool
    progress: Progress
    events: IO[str] | None

    def emit(self, event: Event) -> None:
        if self.events is not None:
            print(json.dumps({"time": time.time(), **as_json(event)}), file=self.events, flush=True)
        self.progress.show(event)

    def finish(self, document: Mapping[str, object], text: Sequence[str], *, code: int = 0) -> None:
        """Say the result on standard output and end with an exit code."""
        self.progress.stop()
        if self.json:
            print(json.dumps({"schema": f"goldsmith.{self.verb}/1", **document}, indent=2))
        else:
            for line in text:
                print(line)
        sys.stdout.flush()
        if code:
            raise typer.Exit(code)


@contextmanager
def conversation(
    verb: str, *, json: bool = False, events: str | None = None, quiet: bool = False
) -> Iterator[Conversation]:
    """Everything between parsing and the exit code. Errors raised inside become lines on standard error (and a JSON
    document with an `error` where one was asked for) and end the command with their documented code.
    """
    with ExitStack() as stack:
        progress = stack.enter_context(Progress.on(sys.stderr, quiet=quiet))
        talk = Conversation(verb, json, progress, None)
        try:
            talk.events = stack.enter_context(_open_events(events)) if events is not None else None
            with signals_as_errors():
                yield talk
        except (GoldsmithError, Stopped) as error:
            _fail(talk, error)
        except BrokenPipeError:
            # The reader of our output is gone (`goldsmith … | head`): nobody is left to tell.
            silence_closed_pipes()
            raise typer.Exit(1) from None
        except OSError as error:
            if error.errno not in HOST_ERRNOS:
                _crash(talk, error)
            where = f": {error.filename}" if error.filename else ""
            _fail(talk, HostError(f"{(error.strerror or str(error)).lower()}{where}", hint=_host_hint(error.errno)))
        except (typer.Exit, typer.Abort, SystemExit):
            raise
        except Exception as error:  # noqa: BLE001  the last line of defense: a person never sees a traceback
            _crash(talk, error)


def _open_events(target: str) -> IO[str]:
    try:
        return (
            open(int(target), "w", encoding="utf-8", closefd=False)
            if target.isdigit()
            else Path(target).open("w", encoding="utf-8")
        )
    except OSError as error:
        raise InputError(
            f"--events {target}: {error.strerror}", hint="give a writable path or an open descriptor"
        ) from error


def _host_hint(number: int | None) -> str | None:
    match number:
        case errno.ENOSPC | errno.EDQUOT:
            return "free some space (`goldsmith gc` removes what nothing uses) or choose another folder"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "choose a folder that you may write to"
        case _:
            return None


def _fail(talk: Conversation, error: GoldsmithError | Stopped) -> None:
    talk.progress.stop()
    findings: Sequence[Finding] = error.findings if isinstance(error, RecipeError) else ()
    log_tail = error.log_tail if isinstance(error, ProcessError) else ()
    if findings:
        for line in finding_lines(findings):
            print(line, file=sys.stderr)
    for line in log_tail:
        print(f"  | {printable(line)}", file=sys.stderr)
    print(f"error: {printable(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"hint: {printable(error.hint)}", file=sys.stderr)
    if talk.json:
        said = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code, "log": list(log_tail)}
        document = {"error": said, "findings": [finding.as_json() for finding in findings]}
        print(json.dumps({"schema": f"goldsmith.{talk.verb}/1", **document}, indent=2))
    raise typer.Exit(error.exit_code)


def _crash(talk: Conversation, error: BaseException) -> None:
    try:
        report = state_dir() / "crash.log"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        where = f"the details are in {report}; please report them"
    except (OSError, HostError):
        where = "please report it"
    _fail(talk, GoldsmithError(f"goldsmith itself failed: {type(error).__name__}: {error}", hint=where))


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """`place: severity CODE: message` and a hint line for each finding."""
    lines = []
    for finding in findings:
        place = f"{printable(str(finding.place))}: " if finding.place is not None else ""
        level = finding.severity.value if finding.waived is None else "waived"
        lines.append(f"{place}{level} {finding.code}: {printable(finding.message)}")
        if finding.waived is not None:
            lines.append(f"  because: {printable(finding.waived)}")
        elif finding.hint:
            lines.append(f"  hint: {printable(finding.hint)}")
    return lines


def explain_rule(talk: Conversation, code: str, lines: Sequence[str]) -> None:
    """Say why a rule is there."""
    talk.finish({"code": code, "explanation": "\n".join(lines)}, lines)


def list_rules(talk: Conversation, rules: Sequence[Descriptor]) -> None:
    """Say which rules there are, and what each holds."""
    width = max(len(rule.name) for rule in rules)
    document = [{"code": rule.code, "name": rule.name, "holds": rule.holds} for rule in rules]
    talk.finish({"rules": document}, [f"{rule.code}  {rule.name:<{width}}  {rule.holds}" for rule in rules])
