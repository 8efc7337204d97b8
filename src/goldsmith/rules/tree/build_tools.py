"""GS327: the tools that made the image left nothing that works on in clones.

A policy-rc.d of one's own, diverted programs, dpkg that does not sync, package sources without signatures, the first
boot service of virt-customize, Vagrant's public key. A policy-rc.d that only says 101 is removed by build-residue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS327"
EXPECTED = "nothing of the build that works on"
UNSIGNED = "a package source needs no signature"
FIRST_BOOT = "the first boot service of virt-customize runs on every clone"
ANY_SOURCE = (
    rb"(?im)^(?![ \t]*//)[^\n]*Allow(?:Unauthenticated|(?:DowngradeTo)?InsecureRepositories)[ \t\"]+(?:true|yes|1)"
)
TRUSTED = rb"(?m)^[ \t]*deb[^\n#\[]{0,40}\[[^\]\n]{0,400}?trusted=yes"
NO_CHECK = rb"(?m)^[ \t]*gpgcheck[ \t]*=[ \t]*(?:0|no|false)"
ON_DISK = rb"(?m)^[ \t]*deb[ \t][^\n#]*(?:file|copy):/"
LEFT: tuple[tuple[str, str, bytes], ...] = (
    ("/usr/sbin/policy-rc.d", "services that a clone installs may not be started", b""),
    ("/sbin/start-stop-daemon.REAL", "start-stop-daemon was diverted by the build", b""),
    ("/usr/sbin/start-stop-daemon.REAL", "start-stop-daemon was diverted by the build", b""),
    ("/sbin/initctl.distrib", "initctl was diverted by the build", b""),
    ("/etc/dpkg/dpkg.cfg.d/*", "dpkg does not sync: a crash of a clone costs packages", rb"(?m)^[ \t]*force-unsafe-io"),
    ("/etc/apt/apt.conf.d/*", "packages without a valid signature are installed", ANY_SOURCE),
    ("/etc/apt/sources.list", UNSIGNED, TRUSTED),
    ("/etc/apt/sources.list.d/*.list", UNSIGNED, TRUSTED),
    ("/etc/apt/sources.list.d/*.sources", UNSIGNED, rb"(?im)^Trusted:[ \t]*yes"),
    ("/etc/yum.repos.d/*.repo", UNSIGNED, NO_CHECK),
    ("/etc/apt/sources.list", "a package source lies on the build machine", ON_DISK),
    ("/usr/lib/virt-sysprep/firstboot.sh", FIRST_BOOT, b""),
    ("/etc/systemd/system/*.wants/guestfs-firstboot.service", FIRST_BOOT, b""),
)
COMPILED = tuple((pattern, what, re.compile(sign)) for pattern, what, sign in LEFT)


@rule(
    CODE,
    "tools of the build",
    needs=Needs.TREE,
    why="Switches that suit a build, no signatures, no services, no sync, harm machines that run.",
    roots=(
        *("/usr/sbin/policy-rc.d", "/sbin/start-stop-daemon.REAL", "/usr/sbin/start-stop-daemon.REAL"),
        *("/sbin/initctl.distrib", "/etc/dpkg/dpkg.cfg.d", "/etc/apt", "/etc/yum.repos.d", "/usr/lib/virt-sysprep"),
        "/etc/systemd/system",
    ),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for pattern, what, sign in COMPILED:
        for entry in subject.find(pattern):
            there = entry.is_link or entry.is_regular
            if (
                not there
                or subject.why_meant(entry.path)
                or (sign.pattern and not sign.search(subject.read(entry.path)))
            ):
                continue
            clean = False
            hint = "remove it before sealing; if clones shall have it, write it with a step of the recipe"
            yield leaked(subject, CODE, entry.path, EXPECTED, what, what, hint=hint, severity=Severity.WARNING)
    if clean:
        yield passed(CODE, "/", EXPECTED, "none")
