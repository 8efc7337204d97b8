"""The section `verify` of a recipe: which clones boot, as which machines, and what has to be found on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue, StrictBool, StrictInt, WithJsonSchema, model_validator

from goldsmith.base.source import wrong
from goldsmith.cloudinit.datasource import Seed
from goldsmith.customization.fields import HostPath
from goldsmith.machine.options import Firmware
from goldsmith.recipe.check import Asked, Checks
from goldsmith.recipe.checks import ExpectedCommands, ExpectedFiles, read_goss, read_testinfra
from goldsmith.recipe.guest_pattern import GuestPattern
from goldsmith.recipe.machine import MachineSection
from goldsmith.recipe.section import NonEmpty, Section

USER_DATA = "user-data"
SEEDS: Mapping[str, Seed] = {"none": Seed.NONE, "empty": Seed.EMPTY_NOCLOUD, USER_DATA: Seed.USER_DATA}
# Rules about what clones share need two.
FEWEST, MOST = 2, 64


class ExpectedUsers(Section):
    """Accounts of a booted clone."""

    present: tuple[NonEmpty, ...] = ()
    """These exist, and have no password that works."""
    absent: tuple[NonEmpty, ...] = ()
    """These do not exist."""

    @model_validator(mode="after")
    def _not_both(self) -> ExpectedUsers:
        if both := sorted(set(self.present) & set(self.absent)):
            raise wrong(f"expects {both[0]} to be present and to be absent", "remove one")
        return self


class ExpectedServices(Section):
    """systemd's units of a booted clone; without a suffix a service is meant."""

    enabled: tuple[NonEmpty, ...] = ()
    """These start by themselves."""
    failed: tuple[NonEmpty, ...] = ()
    """These may fail; without it none may."""


class Expect(Section):
    """What has to be found on the clones."""

    users: ExpectedUsers = ExpectedUsers()
    """Accounts that exist and that do not."""
    packages: tuple[NonEmpty, ...] = ()
    """Packages that are installed."""
    services: ExpectedServices = ExpectedServices()
    """Units that start, and units that may fail."""
    effective: dict[NonEmpty, JsonValue] = Field(default_factory=dict)
    """Settings of cloud-init's effective configuration, by path of keys: `{ssh_pwauth: false}`; null: not set."""
    slower_than_previous: Annotated[float, Field(gt=0, le=10_000, strict=True)] | None = None
    """By how many percent a clone may be ready later than one of the version before."""
    differ: tuple[GuestPattern, ...] = ()
    """Paths that may differ between clones, beyond what makes a clone itself; `*`, `?`, `[…]` and `**` as in `keep`."""
    files: ExpectedFiles = ()
    """Files that exist, or do not, and what they are like."""
    commands: ExpectedCommands = ()
    """Programs that run inside the clones, and how they end."""
    by: Asked = Asked.AGENT
    """How `commands`, `goss` and `testinfra` get into a machine: by its guest `agent`, or by `ssh` with a key
    of this run alone, which is in the user-data of the clones that get some; the others are not asked."""
    goss: HostPath | None = None
    """A goss file of the host, relative to the recipe's folder; the host's `goss` is run with it inside the clones."""
    testinfra: HostPath | None = None
    """A file or folder of testinfra's tests, relative to the recipe's folder. pytest runs them on this host, with your
    rights; what they ask of `host` runs inside the clones."""

    def checks(self, folder: Path) -> Checks:
        """What the recipe asks in its own words; `folder` is the recipe's. Raises InputError."""
        return Checks(
            files=tuple(each.check for each in self.files),
            commands=tuple(each.check for each in self.commands),
            goss=(read_goss(folder, self.goss),) if self.goss is not None else (),
            testinfra=(read_testinfra(folder, self.testinfra),) if self.testinfra is not None else (),
            by=self.by,
        )

    @property
    def logs_in(self) -> bool:
        """Whether a clone has to let somebody in by SSH."""
        return self.by is Asked.SSH and bool(self.commands or self.goss or self.testinfra)


def _known_seeds(value: object) -> object:
    """One word or a list of them, each once."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        return value
    for word in words:
        if word not in SEEDS:
            raise wrong(f"has no seed `{str(word)[:60]}`", f"known: {', '.join(SEEDS)}")
    return tuple(dict.fromkeys(words))


def _firmwares(value: object) -> object:
    """One word or a list of them, each once."""
    words = [value] if isinstance(value, str) else value
    return tuple(dict.fromkeys(words)) if isinstance(words, list | tuple) else value


def _several(names: Iterable[str]) -> WithJsonSchema:
    """One of the names, or a list of them."""
    one: dict[str, object] = {"enum": list(names)}
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one}]})


SeedWords = Annotated[tuple[str, ...], BeforeValidator(_known_seeds), _several(SEEDS)]
Firmwares = Annotated[tuple[Firmware, ...], BeforeValidator(_firmwares), _several(each.value for each in Firmware)]


class VerifySection(Section):
    """How the sealed image is proven on booted clones."""

    clones: Annotated[StrictInt, Field(ge=FEWEST, le=MOST)] | None = None
    """How many clones boot. Default: one for each seed on each firmware. More begin again with the first seed; fewer
    leave out the last of the default seeds."""
    seeds: SeedWords = ()
    """What clones are given: `none`, an `empty` NoCloud seed, or `user-data` that adds a user with a key. Default: all
    three."""
    firmware: Firmwares = ()
    """What machines start with: `bios`, `uefi`, or both. Default: bios."""
    second_boot: StrictBool = True
    """Whether one clone is started a second time: nothing that is once for an instance may happen again."""
    rehearse: StrictBool | None = None
    """Whether clones with user-data, and more than one of a kind, boot in containers instead of machines, in seconds.
    Default: where machines are emulated, goldsmith is root, and the base is of known origin. One machine for each
    firmware without user-data, and one with an empty seed, always boot."""
    machine: MachineSection = MachineSection()
    """What the machines are made of."""
    expect: Expect = Expect()
    """What has to be found on them."""

    @model_validator(mode="after")
    def _enough_clones(self) -> VerifySection:
        if few := too_few(self.clones, self.seeds, self.firmware):
            raise wrong(f"has too few clones: {few}", "raise `clones`, or leave it out")
        return self

    @model_validator(mode="after")
    def _somebody_can_log_in(self) -> VerifySection:
        # The default seeds come in this order; too few clones leave out the last.
        seeds = self.seeds or tuple(SEEDS)[: self.clones]
        if self.expect.logs_in and USER_DATA not in seeds:
            raise wrong("asks by SSH, and no clone gets user-data that lets anybody in", "add `user-data` to `seeds`")
        return self


def too_few(clones: int | None, seeds: Collection[object], firmwares: Collection[object]) -> str | None:
    """Why so many clones cannot be of each kind that was asked for; None where they can, or nothing was asked for."""
    kinds = (len(seeds) or len(SEEDS)) * max(1, len(firmwares))
    if clones is None or clones >= kinds or (not seeds and len(firmwares) < 2):
        return None
    return f"each seed on each firmware are {kinds}, and there are {clones}"
