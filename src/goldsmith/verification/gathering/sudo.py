"""Whether sudo would take the rules that cloud-init wrote.

What it usually writes is of a plain form, which is recognized here. Of anything else the host's own `visudo` is asked,
with a private copy: never with a file that names other files, which it would open on the host.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from goldsmith.errors import HostError, ProcessError
from goldsmith.findings import printable
from goldsmith.guest.index import Entry
from goldsmith.rules.system import SudoFile
from goldsmith.run import run
from goldsmith.verification.gathering.tree import Tree

FOLDER = "/etc/sudoers.d"
CLOUD_INITS_OWN = f"{FOLDER}/90-cloud-init-users"
LIMIT = 1 << 20
MOST, LINE = 100, 300
# sudoers(5), of its user specifications: names, one list of hosts, whom to run as, tags, commands by absolute path.
_NAME = r"(?:ALL|[%+]?[A-Za-z0-9_][\w.@$-]*|#\d+)"
_NAMES = rf"{_NAME}(?:\s*,\s*{_NAME})*"
_TAGS = r"(?:(?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW)\s*:\s*)*"
_COMMAND = r"!?\s*(?:ALL|/[\w./+*?@-]*(?:[ \t]+[\w./+*?@-]+)*)"
_AS = rf"(?:\(\s*(?:{_NAMES})?\s*(?::\s*{_NAMES}\s*)?\)\s*)?"
_PLAIN = re.compile(rf"{_NAMES}\s+{_NAMES}\s*=\s*{_AS}{_TAGS}{_COMMAND}(?:\s*,\s*{_TAGS}{_COMMAND})*\s*")
_INCLUDE = re.compile(r"\s*[#@]include", re.MULTILINE)
_COMMENT = re.compile(r"\s*(?:#(?!\d|include).*)?")
VISUDO_TIMEOUT = 30.0


def sudo_file(tree: Tree) -> SudoFile | None:
    """cloud-init's file of sudo's folder, None where it is not there."""
    canonical = tree.index.resolve(CLOUD_INITS_OWN)
    if canonical is None:
        return None
    entry = tree.index[canonical]
    text = (tree.text(CLOUD_INITS_OWN, LIMIT) if entry.size <= LIMIT else None) or ""
    rules = [line for line in text.splitlines() if not _COMMENT.fullmatch(line)]
    problem, unproven = _refused(entry), None
    odd = next((rule for rule in rules if not _PLAIN.fullmatch(rule)), None)
    if problem is None and odd is not None:
        problem, unproven = _ask_visudo(text, odd)
    shown = tuple(printable(rule[:LINE]) for rule in rules[:MOST])
    return SudoFile(CLOUD_INITS_OWN, shown, problem, unproven)


def _refused(entry: Entry) -> str | None:
    """What sudo checks before it reads a file."""
    if not entry.is_regular:
        return f"it is a {entry.type}"
    if entry.uid != 0:
        return f"it belongs to uid {entry.uid}, and sudo takes only root's"
    return f"others can write it (mode {entry.mode:04o})" if entry.mode & 0o022 else None


def _ask_visudo(text: str, odd: str) -> tuple[str | None, str | None]:
    shown = printable(odd[:LINE])
    if _INCLUDE.search(text):
        return None, f"it names other files: {shown}"
    with tempfile.TemporaryDirectory(prefix="goldsmith-sudo-") as made:
        copy = Path(made) / "rules"
        copy.write_bytes(text.encode("utf-8", "replace"))
        copy.chmod(0o440)
        try:
            done = run(["visudo", "-c", "-f", str(copy)], timeout=VISUDO_TIMEOUT, check=False)
        except HostError:
            return None, f"this host has no visudo to ask about: {shown}"
        except ProcessError as error:
            return None, error.message
        said = done.log + done.stdout.decode("utf-8", "replace")
    if done.returncode == 0:
        return None, None
    line = next((each for each in said.splitlines() if each.strip()), "it does not parse").replace(str(copy), "it")
    return f"visudo: {printable(line.strip()[:LINE])}", None
