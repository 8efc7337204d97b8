"""What rules of the cloud configuration are about: the files, what they come to together, and the image around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from goldsmith.cloudinit.document import Effect
from goldsmith.cloudinit.effective import Effective, effective
from goldsmith.cloudinit.merging import fold
from goldsmith.cloudinit.users import User, users_of
from goldsmith.cloudinit.version import Version
from goldsmith.findings import GuestPlace, HostPlace, TextEdit
from goldsmith.rules.cloudconfig.configfile import ConfigFile, Loc, Word


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of the image decides beside cloud-init's own configuration. `files` are guest path → content of small files
    that rules look into (sshd's and the network's configuration, /etc/passwd, /etc/hostname); `changed` are paths of
    packages' files that are not as the package brought them.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()

    def lines(self, path: str) -> list[str]:
        return self.files.get(path, b"").decode("utf-8", "replace").splitlines()


@dataclass(frozen=True, slots=True)
class Unread:
    """What is there under a name that counts, and could not be read as a file."""

    path: str
    place: HostPlace | GuestPlace
    effect: Effect
    message: str


@dataclass(frozen=True)
class CloudConfig:
    """`files` are those that are judged and those below them, the weakest first. `whole` says that they are all that
    cloud-init would read in the image; else they are a part (one file, or a recipe's defaults), and what others might
    say is not known. `version` is cloud-init's, `family` debian, rhel or suse; None where it is not known. `arch` and
    `cmdline` are the machine's: its architecture and the kernel's command line, on which configuration may stand too.
    `other` are files beside them that cloud-init does not read, `unread` those that goldsmith does not. `disabled` are
    modules that a recipe (at `disabled_at`) switches off in what it builds, `datasource_decided` says that it decides
    over datasources elsewhere.
    """

    files: tuple[ConfigFile, ...]
    whole: bool
    version: Version | None = None
    family: str | None = None
    arch: str = "x86_64"
    cmdline: str = ""
    image: Surroundings | None = None
    seeds: Mapping[str, bytes] = field(default_factory=dict)
    other: tuple[ConfigFile, ...] = ()
    unread: tuple[Unread, ...] = ()
    schema: Mapping[str, Any] | None = None
    disabled: frozenset[str] = frozenset()
    disabled_at: HostPlace | None = None
    datasource_decided: bool = False

    @cached_property
    def effective(self) -> Effective:
        files = {file.path: file.content for file in self.files}
        return effective(files, version=self.release, cmdline=self.cmdline)

    @property
    def contents(self) -> Mapping[str, bytes]:
        """The content of the judged files and of the seeds, by guest path."""
        return {**self.seeds, **{file.path: file.content for file in self.files}}

    @property
    def release(self) -> str | None:
        """The version as text, None where it is not known."""
        return f"{self.version[0]}.{self.version[1]}" if self.version is not None else None

    @property
    def config(self) -> Mapping[str, Any]:
        """What the files come to together."""
        return self.effective.config

    @property
    def users(self) -> tuple[User, ...]:
        """Who a first boot makes. A part of a configuration lies over what every vendor's image has: `default`."""
        config = self.config if self.whole else fold([dict(self.config), {"users": ["default"]}])
        return users_of(config, self.version)

    @property
    def own(self) -> tuple[ConfigFile, ...]:
        """The files that somebody wrote for this image, the weakest first."""
        return tuple(file for file in self.files if not file.vendor)

    def words(self) -> Iterator[tuple[ConfigFile, Word]]:
        """Every value of the files that somebody wrote for this image."""
        for file in self.own:
            for word in file.words:
                yield file, word

    def setter(self, *loc: str | int) -> ConfigFile | None:
        """The strongest file that sets a key, None where none does."""
        return next((file for file in reversed(self.files) if file.find(*loc) is not None), None)

    def place(self, *loc: str | int) -> HostPlace | GuestPlace | None:
        """Where a key that counts is set."""
        file = self.setter(*loc)
        return file.place(*loc) if file is not None else None


def edit(file: ConfigFile, at: tuple[int, int], old: str, new: str) -> TextEdit | None:
    """A repair of a line of a file on the host; None for a file in a guest, which is not edited in place."""
    place = file.at(*at)
    return TextEdit(place, old, new) if isinstance(place, HostPlace) else None


def dotted(loc: Loc) -> str:
    """A location as people write it: system_info.default_user.name, users[0].sudo."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
