"""GS324: no setting leads clones to the network of the build.

Proxies of the build in the settings of package managers, of all programs (/etc/environment, /etc/profile.d), of systemd
and of container engines. apt files that set nothing but a proxy, and name servers in resolv.conf, are removed by the
operation build-residue. What the recipe wrote is meant to be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS324"
EXPECTED = "no proxies but those that the recipe sets"
PLACES = (
    "/etc/apt/apt.conf",
    "/etc/apt/apt.conf.d/*",
    "/etc/dnf/dnf.conf",
    "/etc/yum.conf",
    "/etc/yum.repos.d/*.repo",
    "/etc/zypp/zypp.conf",
    "/etc/sysconfig/proxy",
    "/etc/environment",
    "/etc/environment.d/*",
    "/etc/profile",
    "/etc/profile.d/*",
    "/etc/bash.bashrc",
    "/etc/systemd/system.conf",
    "/etc/systemd/system.conf.d/*",
    "/etc/systemd/system/*.d/*.conf",
    "/etc/docker/daemon.json",
    "/etc/pip.conf",
    "/etc/npmrc",
    "/etc/wgetrc",
    "/etc/gitconfig",
    "~/.bashrc",
    "~/.profile",
    "~/.gitconfig",
    "~/.wgetrc",
    "~/.curlrc",
    "~/.config/pip/pip.conf",
    "~/.pip/pip.conf",
    "~/.docker/config.json",
)
PROXY = re.compile(
    rb"^(?![ \t]*(?:#|//))[^\n#]{0,200}?(?:\b(?:https?|ftp|all)[_-]?proxy\b|::Proxy\b|^[ \t]*proxy\b)[\"']?"
    rb"[ \t]{0,8}[=: \t][ \t\"']{0,8}(?P<url>(?:https?|socks\w*)://[^\s\"';]{3,300})",
    re.MULTILINE | re.IGNORECASE,
)
LONGEST_LINE = 64 << 10


@rule(
    CODE,
    "proxies of the build",
    needs=Needs.TREE,
    why="A proxy that only the build could reach leaves every clone without packages, and tells of your network.",
    roots=("/etc",),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for entry in subject.files(*PLACES):
        content = subject.content(entry.path, limit=LONGEST_LINE) or b""
        match = PROXY.search(content)
        if match is None or subject.why_meant(entry.path):
            continue
        clean = False
        # GS315 tells of a password in it.
        shown = printable(re.sub(r"//[^/@]*@", "//…@", match["url"].decode("utf-8", "replace")))
        yield failed(
            CODE,
            entry.path,
            EXPECTED,
            shown,
            f"clones would use the proxy {shown}",
            hint="remove it, or write it with a step of the recipe where clones shall have it",
            severity=Severity.WARNING,
            line=content.count(b"\n", 0, match.start("url")) + 1,
        )
    if clean:
        yield passed(CODE, "/etc", EXPECTED, "none")
