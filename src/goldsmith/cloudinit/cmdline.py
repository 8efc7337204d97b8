"""Configuration on the kernel's command line: `cc: YAML end_cc`, any number of times; it is stronger than all files.

Source: util.read_cc_from_cmdline; until 23.3 `cc:` also counted inside of a word.
"""

from __future__ import annotations

from urllib.parse import unquote

from goldsmith.cloudinit.version import NEWEST, Version

WORD_SINCE = (23, 4)
END = "end_cc"


def configuration_of(cmdline: str, version: Version | None) -> str | None:
    """The YAML text that is on a command line, None where there is none."""
    if (version or NEWEST) >= WORD_SINCE:
        cmdline, begin = f" {cmdline}", " cc:"
    else:
        begin = "cc:"
    found = []
    start = cmdline.find(begin)
    while start >= 0:
        end = cmdline.find(END, start + len(begin))
        end = end if end >= 0 else len(cmdline)
        found.append(unquote(cmdline[start + len(begin) : end].lstrip()).replace("\\n", "\n"))
        start = cmdline.find(begin, end + len(END))
    return "\n".join(found) if found else None
