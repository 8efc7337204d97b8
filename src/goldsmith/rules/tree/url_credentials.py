"""GS315: no URL carries a password.

As package sources, proxies, git remotes and settings of package managers have them: `https://user:secret@host/`.
Placeholders of documentation (`user:password@example.org`) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import printable
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.contents import Text, is_placeholder
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS315"
EXPECTED = "no credentials in URLs"
URL = re.compile(
    rb"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,20})://"
    rb"(?P<user>[^\s/:@'\"<>`|\\]{0,200}):(?P<secret>[^\s/:@'\"<>`|\\]{3,200})@(?P<host>[A-Za-z0-9\[][A-Za-z0-9.:-]{0,200})"
)
DOCUMENTATION = re.compile(
    rb"(?i)(?:.*\.)?(?:example(?:\.\w+)?|test|invalid|host(?:name)?|server|proxy|localhost)(?::.*)?"
)


@rule(
    CODE,
    "credentials in URLs",
    needs=Needs.TREE,
    why="A password in a package source or proxy of the build is in every clone, readable by all of its users.",
    roots=("/etc",),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for text in subject.texts:
        for match in _credentials(text):
            clean = False
            shown = printable(f"{_text(match['scheme'])}://{_text(match['user'])}:…@{_text(match['host'])}")
            yield leaked(
                subject,
                CODE,
                text.path,
                EXPECTED,
                shown,
                f"a URL carries a password: {shown}",
                hint="take the user and password out of the URL; give them to the build as a secret",
                line=text.line_of(match.start()),
            )
    if clean:
        yield passed(CODE, "/", EXPECTED, "none")


def _credentials(text: Text) -> Iterator[re.Match[bytes]]:
    """The first of each file that is no placeholder."""
    for match in text.search(URL):
        if not is_placeholder(match["secret"]) and not DOCUMENTATION.fullmatch(match["host"]):
            yield match
            return


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
