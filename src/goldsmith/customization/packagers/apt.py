"""The guest's own apt, of Debian and its kin: run without questions, with the guest's own choice of recommends."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from goldsmith.customization.packager import Explanation, Packager, register

ENVIRONMENT: Mapping[str, str] = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBCONF_NONINTERACTIVE_SEEN": "true",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_SUSPEND": "1",
    "UCF_FORCE_CONFFOLD": "1",
}
# Conffiles: the new version where nobody changed the file, else the one that is there.
APT_GET = (
    "apt-get",
    "--yes",
    "--quiet=2",
    "-oDpkg::Options::=--force-confdef",
    "-oDpkg::Options::=--force-confold",
    "-oDpkg::Use-Pty=0",
    "-oDPkg::Lock::Timeout=60",
    "-oAcquire::Retries=3",
    "-oAPT::Get::AllowUnauthenticated=false",
)
# Without the mode, apt-get 2.x ends with 0 although a source could not be reached.
UPDATE_LISTS = (*APT_GET, "-oAPT::Update::Error-Mode=any", "update")
# What `apt upgrade` does: new dependencies (a kernel's new ABI) come in, nothing is removed.
UPGRADE = (*APT_GET, "--with-new-pkgs", "upgrade")


def install(names: Sequence[str]) -> tuple[str, ...]:
    """Install packages, with or without what they recommend as the guest is configured."""
    return (*APT_GET, "install", "--", *names)


def uninstall(names: Sequence[str]) -> tuple[str, ...]:
    """Remove packages and their configuration, and nothing that does not depend on them."""
    return (*APT_GET, "purge", "--", *names)


def _unknown(match: re.Match[str]) -> Explanation:
    return Explanation(
        f"package {match[1]} is not known to the guest's package sources",
        "check the name; a package of another repository needs its source written in an earlier step",
    )


def _unknown_version(match: re.Match[str]) -> Explanation:
    return Explanation(f"version {match[1]} of package {match[2]} is not known to the guest's package sources")


def _unreachable(match: re.Match[str]) -> Explanation:
    return Explanation(
        f"the guest's package sources cannot be reached: {match[1].strip()}",
        "check the network and the proxy (http_proxy) of this host, and the sources under /etc/apt in the guest",
    )


def _full(_: re.Match[str]) -> Explanation:
    return Explanation("the guest's file system is full", "raise disk.size in the recipe")


def _unsigned(match: re.Match[str]) -> Explanation:
    return Explanation(
        f"a package source's signature does not hold: {match[1].strip()}",
        "put the source's key into the guest in an earlier step (signed-by)",
    )


def _conflict(_: re.Match[str]) -> Explanation:
    return Explanation("the packages cannot be installed together", "apt's lines above name the dependency")


def _essential(_: re.Match[str]) -> Explanation:
    return Explanation("the guest would lose essential packages")


EXPLANATIONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Explanation]], ...] = (
    (re.compile(r"^E: Unable to locate package (\S+)", re.MULTILINE), _unknown),
    (re.compile(r"^E: Package '([^']+)' has no installation candidate", re.MULTILINE), _unknown),
    (re.compile(r"^E: Version '([^']+)' for '([^']+)' was not found", re.MULTILINE), _unknown_version),
    (re.compile(r"No space left on device|You don't have enough free space"), _full),
    (re.compile(r"^[WE]: (.*(?:NO_PUBKEY|is not signed|EXPKEYSIG|BADSIG|REVKEYSIG).*)", re.MULTILINE), _unsigned),
    (
        re.compile(
            r"^[WE]: (.*(?:Temporary failure resolving|Could not resolve|Could not connect"
            r"|Connection (?:failed|refused|timed out)|Network is unreachable|Failed to fetch"
            r"|does not have a Release file).*)",
            re.MULTILINE,
        ),
        _unreachable,
    ),
    (
        re.compile(r"^(?:E: Unable to correct problems|The following packages have unmet dependencies)", re.MULTILINE),
        _conflict,
    ),
    (re.compile(r"^E: Essential packages were removed", re.MULTILINE), _essential),
)


def explain(output: str) -> Explanation | None:
    """What apt's messages mean, the most telling first; None where they speak for themselves."""
    for pattern, explanation in EXPLANATIONS:
        match = pattern.search(output)
        if match is not None:
            return explanation(match)
    return None


APT = register(
    Packager(
        name="apt",
        env=ENVIRONMENT,
        refresh=UPDATE_LISTS,
        install=install,
        uninstall=uninstall,
        update=UPGRADE,
        sources=("/etc/apt", "/usr/share/keyrings"),
        lists="/var/lib/apt/lists",
        is_list=lambda name: "_Packages" in name,
        explain=explain,
    )
)
