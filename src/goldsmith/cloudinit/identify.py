"""What ds-identify, the shell script that decides at boot whether cloud-init runs, makes of an image and a machine.

Sources: tools/ds-identify and the systemd generator that starts it, 22.4.2 (Debian's) to 26.2. The decisions are
compared with the scripts of both Debian packages on made-up roots in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from goldsmith.cloudinit.probes import DEFAULT_ORDER, SINCE, VAR, Answer, Probe
from goldsmith.cloudinit.shell_config import (
    BLANK,
    GREP_SINCE,
    SPACE,
    check_config,
    glob_order,
    read_lines,
    sorts_last,
    unquote,
)
from goldsmith.cloudinit.surroundings import Surroundings
from goldsmith.cloudinit.version import Version

__all__ = [
    "DISABLED",
    "DS_IDENTIFY_CFG",
    "Identified",
    "Policy",
    "glob_order",
    "identify",
    "read_list",
    "read_policy",
    "sorts_last",
]

DS_IDENTIFY_CFG = "/etc/cloud/ds-identify.cfg"
DISABLED = "/etc/cloud/cloud-init.disabled"
ENABLED = "/etc/cloud/cloud-init.enabled"
MANUAL_CLEAN = f"{VAR}/instance/manual-clean"
KEY = "datasource_list"
# Before, the generator looked for the marker and the command line's word, in the order of precedence that it names.
DISABLED_BY_ITSELF_SINCE: Version = (23, 4)
# 25.1.4, to be exact; Debian's and Ubuntu's older packages keep what they had.
STRICT_SINCE: Version = (25, 1)
DS_WORD_SINCE: Version = (23, 2)


@dataclass(frozen=True, slots=True)
class Policy:
    """ds-identify's policy and the datasource that its file or the kernel's command line names."""

    mode: str = "search"
    notfound: str = "disabled"
    datasource: str | None = None
    found: str = "all"
    maybe: str = "none"


@dataclass(frozen=True, slots=True)
class Identified:
    """A decision: `why` is one line; `datasources` is the list that it hands to cloud-init, None where it hands on
    none and the image's own counts.
    """

    enabled: bool
    why: str
    datasources: tuple[str, ...] | None = None


def identify(files: Mapping[str, bytes], version: Version, around: Surroundings) -> Identified:
    """The decision about a machine with these surroundings; `files` are the image's, by guest path."""
    if (why := _disabled(files, version, around)) is not None:
        return Identified(enabled=False, why=why)
    policy = read_policy(files, version, arch=around.arch, cmdline=around.words)
    match policy.mode:
        case "disabled":
            return Identified(enabled=False, why=f"the policy in {_place(around)} is disabled")
        case "enabled":
            return Identified(enabled=True, why=f"the policy in {_place(around)} is enabled")
        case _:
            pass
    decision = _search(files, version, around, policy)
    if policy.mode != "report":
        return decision
    # What it finds is only reported then.
    why = decision.why if decision.enabled else "the policy is report: cloud-init runs whatever is found"
    return Identified(enabled=True, why=why)


def _search(files: Mapping[str, bytes], version: Version, around: Surroundings, policy: Policy) -> Identified:
    if policy.datasource is not None:
        return _with(f"{_place(around)} names the datasource {policy.datasource}", (policy.datasource,))
    if MANUAL_CLEAN in files:
        return Identified(enabled=True, why="an instance with manual_cache_clean is there")
    listed = _from_cmdline(around.cmdline) or read_list(files, version)
    shown = f"[{', '.join(listed)}]" if listed else "no one-line list"
    if listed and (len(listed) == 1 or (len(listed) == 2 and listed[1] == "None")):
        why = f"{KEY} is {shown}"
        # Since 24.2 a single name is handed on as it is, without None behind it.
        single = len(listed) == 1 and version >= GREP_SINCE
        return Identified(enabled=True, why=why, datasources=listed) if single else _with(why, listed)
    probe = Probe(files, version, around)
    names = listed or tuple(name for name in DEFAULT_ORDER if SINCE.get(name, (0, 0)) <= version)
    answers = [(name, probe.ask(name)) for name in names]
    found = tuple(name for name, answer in answers if answer is Answer.FOUND)
    if found:
        return _with(f"ds-identify finds {', '.join(found)}", found[:1] if policy.found == "first" else found)
    maybe = tuple(name for name, answer in answers if answer is Answer.MAYBE)
    if maybe and policy.maybe != "none":
        return _with(f"ds-identify may have found {', '.join(maybe)}", maybe)
    if policy.notfound == "enabled":
        return Identified(enabled=True, why="no seed is found, and the policy enables cloud-init anyway")
    why = f"ds-identify finds no datasource ({shown}) and the policy is notfound=disabled"
    return Identified(enabled=False, why=why)


def _with(why: str, names: tuple[str, ...]) -> Identified:
    return Identified(enabled=True, why=why, datasources=names if "None" in names else (*names, "None"))


def _place(around: Surroundings) -> str:
    keys = {word.partition("=")[0] for word in around.words}
    return "the kernel's command line" if keys & {"ci.di.policy", "ci.ds", "ci.datasource", "ds"} else "ds-identify.cfg"


def _disabled(files: Mapping[str, bytes], version: Version, around: Surroundings) -> str | None:
    marker, word = f"{DISABLED} is there", "the kernel's command line says cloud-init=disabled"
    if version >= DISABLED_BY_ITSELF_SINCE:
        if DISABLED in files:
            return marker
        return word if "cloud-init=disabled" in around.cmdline else None
    said = [value for key, _, value in (each.partition("=") for each in around.words) if key == "cloud-init"]
    if said and said[-1] in {"enabled", "disabled"}:
        return word if said[-1] == "disabled" else None
    return marker if DISABLED in files and ENABLED not in files else None


def read_list(files: Mapping[str, bytes], version: Version) -> tuple[str, ...] | None:
    """The datasource list that ds-identify sees in the files, None where it sees none. `version` is cloud-init's."""
    found = check_config(files, KEY, version)
    if found is None:
        return None
    if version >= GREP_SINCE:
        # Its get_value keeps what stands behind the last colon.
        return _array(found.rpartition(":")[2].strip(SPACE), SPACE) or None
    return _array(found, BLANK) or None


def _from_cmdline(line: str) -> tuple[str, ...] | None:
    """`cc:{'datasource_list': ['NoCloud']}` on the kernel's command line."""
    head, key, rest = line.rpartition(KEY)
    if not key or "cc:" not in head:
        return None
    return _array(rest.partition("]")[0].rpartition("[")[2], SPACE) or None


def _array(value: str, space: str) -> tuple[str, ...]:
    # The older reading cuts off a `]` only at the very end: a comment or CRLF behind it spoils the last name.
    bare = value.removeprefix("[").removesuffix("]")
    items = " ".join(unquote(item.strip(space)) for item in bare.split(","))
    return tuple(item for item in re.split(r"[ \t]", items) if item)


def read_policy(
    files: Mapping[str, bytes], version: Version, *, arch: str = "x86_64", cmdline: Iterable[str] = ()
) -> Policy:
    """The policy that is in force: ds-identify.cfg, then the words of the kernel's command line.

    Without a word about it a machine whose architecture has no DMI was kept enabled until 25.1.
    """
    policy: str | None = None
    datasource: str | None = None
    # The last line counts only with its newline, in every version.
    for line in read_lines(files.get(DS_IDENTIFY_CFG, b"").decode("utf-8", "surrogateescape")):
        key, colon, value = line.partition("#")[0].partition(":")
        if not colon:
            continue
        match " ".join(key.split()):
            case "policy":
                policy = unquote(" ".join(value.split()))
            case "datasource":
                datasource = unquote(" ".join(value.split()))
            case _:
                pass
    naming = {"ci.ds", "ci.datasource"} if version < DS_WORD_SINCE else {"ci.ds", "ci.datasource", "ds"}
    for word in cmdline:
        key, equals, value = word.partition("=")
        # A word without `=` counts as its own value.
        value = value if equals else key
        if version >= DS_WORD_SINCE:
            value = value.partition(";")[0]
        if key == "ci.di.policy":
            policy = value
        elif key in naming:
            datasource = value
    strict = Surroundings(arch=arch).has_dmi or version >= STRICT_SINCE
    chosen = {"mode": "search", "found": "all", "maybe": "none", "notfound": "disabled" if strict else "enabled"}
    for token in (policy or "").split(","):
        key, _, value = token.partition("=")
        if token in {"enabled", "disabled", "search", "report"}:
            chosen["mode"] = token
        elif value in _VALUES.get(key, ()):
            chosen[key] = value
    return Policy(datasource=datasource or None, **chosen)


_VALUES = {"found": ("all", "first"), "maybe": ("all", "none"), "notfound": ("enabled", "disabled")}
