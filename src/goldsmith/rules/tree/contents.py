"""What rules about contents look at: the small files of places where people and installers leave secrets.

/usr, /var/lib and logs are left out: they belong to packages, and operations empty the logs. The sweep is bounded in
every direction, for the tree is hostile: what it leaves out is told by GS318.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.generalization.view import View
from goldsmith.guest.index import Entry

SWEPT = (
    "/etc",
    "/root",
    "/home",
    "/srv",
    "/opt",
    "/usr/local",
    "/boot",
    "/var/lib/cloud",
    "/var/lib/jenkins",
    "/var/cache/debconf/passwords.dat",
    "/var/log/anaconda",
    "/var/log/installer",
    "/var/spool/cron",
    "/var/www",
    "/ks.cfg",
    "/kickstart.cfg",
    "/preseed.cfg",
    "/autoinstall.yaml",
    "/answer.toml",
)
# Keys, tokens and configuration are small; a file above this is a program's data.
LARGEST = 256 << 10
MOST_FILES = 10_000
MOST_BYTES = 64 << 20
# Never text, trusted certificates and keys of others, and tables, templates and scripts as packages have them: reading
# one file takes an appliance without KVM some 30 ms.
SKIPPED = re.compile(
    r"/etc/(?:ssl/certs|ca-certificates|pki/ca-trust/extracted|selinux|ssh/moduli|alternatives|dictionaries-common"
    r"|apt/(?:keyrings|trusted\.gpg\.d)|cloud/templates|init\.d|initramfs-tools|kernel|security/(?!opasswd)[^/]+|sv"
    r"|(?:services|protocols|rpc|ethertypes|networks|mime\.types|shells|inputrc|nanorc|magic|mke2fs\.conf|gai\.conf"
    r"|locale\.(?:alias|gen)|manpath\.config|adduser\.conf|deluser\.conf|login\.defs|os-release|debian_version)$"
    r"|pam\.d|iproute2|modprobe\.d|apparmor\.d|ld\.so\.conf\.d|terminfo|logrotate\.d|bash_completion\.d)(?:/|$)"
    r"|/boot/(?:System\.map|config|symvers|vmlinuz|initr)[^/]*$|/boot/grub2?/.*(?<!\.cfg)$"
    r"|\.(?:so|a|o|pyc|mo|gz|xz|bz2|zst|zip|png|jpe?g|gif|ico|svg|woff2?|ttf|css|html?|rpm|deb|img|efi|mod|pf2)$"
)
BINARY_IN = 1024
TEMPLATE = re.compile(rb"<.*|\{.*|\$[{(].*|\$[A-Za-z_]\w*|%[({a-z].*|@\w+@")
PLACEHOLDER = re.compile(
    rb"(?i)(?:x+|\*+|\.+|-+|_+|0+|1234|pass(?:wd|word|phrase|w)?|user(?:name)?|secret|token|key|none|null|empty"
    rb"|(?:my|your|some|the)[-_]?(?:pass(?:wd|word)?|secret|token|key)|change[-_]?me|foo|bar|foobar|\[.*|.*example.*)"
)


@dataclass(frozen=True, slots=True)
class Text:
    """One swept file: what stands in it, and where."""

    entry: Entry
    content: bytes

    @property
    def path(self) -> str:
        return self.entry.path

    def search(self, pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
        return pattern.finditer(self.content)

    def line_of(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return self.content.count(b"\n", 0, offset) + 1


@dataclass(frozen=True, slots=True)
class Sweep:
    """The texts, how many files were left out because there are too many, or too large ones in all, and the paths of
    those that could not be read.
    """

    texts: tuple[Text, ...]
    left: int
    unreadable: tuple[str, ...] = ()


def sweep(view: View) -> Sweep:
    """Every small regular file of the swept places and of users' homes, links not followed, by path."""
    tops = (*SWEPT, *view.homes)
    texts: list[Text] = []
    unreadable: list[str] = []
    seen: set[str] = set()
    size = left = 0
    for entry in sorted(_candidates(view, tops), key=lambda entry: entry.path.split("/")):
        if entry.path in seen:
            continue
        seen.add(entry.path)
        if len(texts) >= MOST_FILES or size + entry.size > MOST_BYTES:
            left += 1
            continue
        try:
            content = view.read(entry.path, limit=LARGEST)
        except BuildError:
            unreadable.append(entry.path)
            continue
        if content is None or b"\0" in content[:BINARY_IN]:
            continue
        size += len(content)
        texts.append(Text(entry, content))
    return Sweep(tuple(texts), left, tuple(unreadable))


def _candidates(view: View, tops: tuple[str, ...]) -> Iterator[Entry]:
    for top in tops:
        entry = view.index.get(top)
        if entry is None:
            continue
        for below in view.index.below(top) if entry.is_directory else (entry,):
            if below.is_regular and 0 < below.size <= LARGEST and not SKIPPED.search(below.path):
                yield below


def is_template(value: bytes) -> bool:
    """Whether a value is filled in later: a variable of a shell or of a template."""
    return TEMPLATE.fullmatch(value) is not None


def is_placeholder(value: bytes) -> bool:
    """Whether a value stands in for a secret, as in comments, templates and documentation."""
    return is_template(value) or PLACEHOLDER.fullmatch(value) is not None


def masked(secret: bytes) -> str:
    """A secret as a finding may show it: its first four characters where it is long enough to keep the rest secret."""
    shown = printable(secret[:4].decode("utf-8", "replace")) if len(secret) >= 16 else ""
    return f"{shown}… ({len(secret)} characters)"
