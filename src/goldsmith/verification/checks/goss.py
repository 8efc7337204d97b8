"""A goss file: the host's `goss` and the file are put into a clone that is ready, and each of its tests is a result."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from goldsmith.errors import HostError, ProcessError
from goldsmith.machine.inside import Inside, ProgramEnd
from goldsmith.recipe.check import Checks, GossCheck
from goldsmith.rules.check_result import CheckResult, Sight, as_asked, not_seen, otherwise
from goldsmith.run import search_path
from goldsmith.verification.check import MOST_RESULTS, Live, looks_for

PROGRAM = "goss"
# The first folder in memory from which programs can be started: Debian's /run is mounted noexec, hardened systems
# mount /dev/shm so. /tmp may be on the disk; it is emptied again.
FOLDERS = ("/dev/shm", "/run", "/tmp")
PREPARE = """
umask 077
for top in "$@"; do
  folder=$(mktemp -d "$top/goldsmith.XXXXXX") || continue
  printf '#!/bin/sh\\nexit 0\\n' >"$folder/probe" && chmod 700 "$folder/probe"
  "$folder/probe" && echo "$folder" && exit 0
  rm -rf "$folder"
done
exit 1
"""
FOLDER = re.compile(rf"(?:{'|'.join(FOLDERS)})/goldsmith\.\w{{6}}")
APPEND = 'cat >>"$0"'
VALIDATE = 'chmod 700 "$0/goss" && exec "$0/goss" --gossfile "$0/goss.yaml" validate --format json --no-color'
# A guest agent takes a whole message into memory.
CHUNK = 1 << 20
# Seconds on a host with KVM for one chunk.
CHUNK_SECONDS = 20.0
# goss/outputs: 1 where a test failed, others where no test ran.
PASSED, FAILED = 0, 1
SKIPPED = 2


def require_goss(checks: Checks) -> None:
    """Raises HostError where checks need goss and this host has none."""
    if checks.goss:
        _program()


@looks_for(GossCheck)
def look(check: GossCheck, live: Live) -> Iterator[CheckResult]:
    """A result for each test of the file, or one that says why none was made."""
    try:
        folder = _prepare(live)
        try:
            _put(live, f"{folder}/goss", _program().read_bytes())
            _put(live, f"{folder}/goss.yaml", check.text.encode("utf-8"))
            ended = _shell(live.inside, VALIDATE, folder, timeout=check.timeout / live.speed)
        finally:
            live.inside.run(("rm", "-rf", folder), timeout=CHUNK_SECONDS / live.speed)
    except (ProcessError, HostError, OSError) as error:
        yield not_seen(check, error.message if isinstance(error, (ProcessError, HostError)) else str(error))
        return
    yield from judged(check, ended)


def judged(check: GossCheck, ended: ProgramEnd) -> Iterator[CheckResult]:
    """What goss printed, test by test."""
    try:
        said = json.loads(ended.stdout) if not ended.cut else None
    except (ValueError, RecursionError):
        said = None
    tests = said.get("results", []) if isinstance(said, dict) else ""
    if ended.status not in {PASSED, FAILED} or not isinstance(tests, list | None):
        yield not_seen(check, _why_none(ended))
        return
    found = [_judged(check, each) for each in (tests or ())[:MOST_RESULTS] if isinstance(each, dict)]
    if not found:
        yield not_seen(check, "the goss file has no test")
    yield from found
    if len(tests or ()) > MOST_RESULTS:
        yield not_seen(check, f"only the first {MOST_RESULTS} tests are kept", part="all others")
    if ended.status == FAILED and not any(each.sight is Sight.OTHERWISE for each in found):
        yield not_seen(check, "goss says that a test failed, and names none", part="exit code")


def _judged(check: GossCheck, test: Mapping[str, Any]) -> CheckResult:
    part = " ".join(str(test.get(key, "?")) for key in ("resource-type", "resource-id", "property"))
    matcher = test.get("matcher-result")
    inner: Mapping[str, Any] = matcher if isinstance(matcher, dict) else {}
    expected = _text(test.get("expected", inner.get("expected")))
    seen = _text(test.get("found", inner.get("actual")))
    if test.get("skipped") or test.get("result") == SKIPPED:
        return not_seen(check, "goss skipped it", expected=expected, part=part)
    if test.get("successful") is True:
        return as_asked(check, seen, expected=expected, part=part)
    said = str(test.get("summary-line") or test.get("err") or "it failed")
    return otherwise(check, seen, said, expected=expected, part=part)


def _text(value: object) -> str:
    """A list of one is what it holds."""
    if isinstance(value, list) and len(value) == 1:
        return _text(value[0])
    return value if isinstance(value, str) else json.dumps(value)


def _why_none(ended: ProgramEnd) -> str:
    if ended.cut:
        return "goss printed more than is kept"
    if ended.status is None:
        return "goss did not end in time"
    said = (ended.stderr.strip() or ended.stdout.strip()).decode("utf-8", "replace").splitlines()
    return f"goss ended with {ended.status}" + (f": {said[-1]}" if said else "")


def _program() -> Path:
    found = shutil.which(PROGRAM, path=search_path())
    if found is None:
        raise HostError(
            "the recipe has a goss file, and goss is not installed",
            hint="put the program from https://github.com/goss-org/goss/releases into a folder of PATH",
        )
    return Path(found)


def _prepare(live: Live) -> str:
    ended = _shell(live.inside, PREPARE, "sh", *FOLDERS, timeout=CHUNK_SECONDS / live.speed)
    folder = ended.stdout.decode("utf-8", "replace").strip()
    if ended.status != 0 or not FOLDER.fullmatch(folder):
        raise ProcessError(f"no program can be started from {', '.join(FOLDERS)} in the clone")
    return folder


def _put(live: Live, path: str, content: bytes) -> None:
    for start in range(0, len(content), CHUNK):
        part = content[start : start + CHUNK]
        ended = _shell(live.inside, APPEND, path, stdin=part, timeout=CHUNK_SECONDS / live.speed)
        if ended.status != 0:
            raise ProcessError(f"{path} could not be written in the clone")


def _shell(inside: Inside, script: str, *words: str, timeout: float, stdin: bytes = b"") -> ProgramEnd:
    return inside.run(("/bin/sh", "-c", script, *words), stdin=stdin, timeout=timeout)
