"""Which clones of an image boot: each seed on each firmware, which are rehearsed, and which is started twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any

from goldsmith.cloudinit.datasource import Seed
from goldsmith.errors import InputError
from goldsmith.findings import printable
from goldsmith.machine.architecture import ARCHITECTURES
from goldsmith.machine.drivers import container
from goldsmith.machine.options import Firmware, MachineOptions
from goldsmith.recipe.verify import FEWEST, SEEDS, VerifySection, too_few

WORDS: Mapping[Seed, str] = {seed: word for word, seed in SEEDS.items()}
ALL_SEEDS = tuple(SEEDS.values())
MACHINES = "qemu"
# Which seed says most about a second boot: the more a first boot did, the more could be done again.
RICHEST = (Seed.USER_DATA, Seed.EMPTY_NOCLOUD, Seed.NONE)


@dataclass(frozen=True, slots=True)
class CloneWish:
    """What somebody asks for; what is empty or None is left to `plan_clones`.

    `machine` are fields of MachineOptions, all but the firmware. `rehearse`: what goes beyond one machine for each
    firmware and each meaning of "no user-data" is rehearsed.
    """

    clones: int | None = None
    seeds: tuple[Seed, ...] = ()
    firmwares: tuple[Firmware, ...] = ()
    second_boot: bool | None = None
    rehearse: bool | None = None
    machine: Mapping[str, Any] = field(default_factory=dict)

    def about_machines(self) -> CloneWish:
        """The part of it that a rehearsal cannot honor."""
        return CloneWish(firmwares=self.firmwares, machine=self.machine)

    def as_words(self) -> tuple[str, ...]:
        """The options of `goldsmith verify` that wish the same."""
        said: list[str] = [] if self.clones is None else ["--clones", str(self.clones)]
        said += ["--seed", ",".join(WORDS[seed] for seed in self.seeds)] if self.seeds else []
        said += ["--firmware", ",".join(self.firmwares)] if self.firmwares else []
        for name, value in (("second-boot", self.second_boot), ("rehearse", self.rehearse)):
            said += [] if value is None else [f"--{name}" if value else f"--no-{name}"]
        for name, value in self.machine.items():
            match value:
                case bool():
                    said.append(f"--{name}" if value else f"--no-{name}")
                case _:
                    said += [f"--{name}", f"{value}M" if name == "memory" else str(value)]
        return tuple(said)

    def over(self, other: CloneWish) -> CloneWish:
        """This wish, and the other one where this says nothing."""
        return CloneWish(
            clones=self.clones if self.clones is not None else other.clones,
            seeds=self.seeds or other.seeds,
            firmwares=self.firmwares or other.firmwares,
            second_boot=self.second_boot if self.second_boot is not None else other.second_boot,
            rehearse=self.rehearse if self.rehearse is not None else other.rehearse,
            machine={**other.machine, **self.machine},
        )


NO_WISH = CloneWish()


@dataclass(frozen=True, slots=True)
class ClonePlan:
    """One clone: what it is given, by which driver it boots as which machine, and whether it is started twice.

    `firmware_asked`: somebody asked for the firmware in its options.
    """

    name: str
    seed: Seed
    driver: str = MACHINES
    options: MachineOptions = field(default_factory=MachineOptions)
    second_boot: bool = False
    firmware_asked: bool = False

    @property
    def rehearsed(self) -> bool:
        return self.driver == container.NAME

    def for_guest(self, arch: str) -> ClonePlan:
        """The same for a guest of an architecture, with a firmware that its machines have where nobody asked for one.
        Guests that no machines are made for are tried as the machine that was asked for.
        """
        known = ARCHITECTURES.get(arch)
        if known is None:
            return self
        firmware = self.options.firmware
        if firmware not in known.firmwares and not self.firmware_asked:
            firmware = known.firmwares[0]
        return replace(self, options=replace(self.options, arch=arch, firmware=firmware))


def wish_of(section: VerifySection) -> CloneWish:
    """What a recipe asks for."""
    return CloneWish(
        clones=section.clones,
        seeds=tuple(SEEDS[word] for word in section.seeds),
        firmwares=section.firmware,
        second_boot=section.second_boot,
        rehearse=section.rehearse,
        machine=section.machine.stated(),
    )


def read_seeds(words: Iterable[str]) -> tuple[Seed, ...]:
    """Seeds by their names, several in a word separated by commas. Raises InputError for what is none."""
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    unknown = next((name for name in names if name not in SEEDS), None)
    if unknown is not None:
        raise InputError(f"there is no seed {printable(unknown)}", hint=f"seeds: {', '.join(SEEDS)}")
    return tuple(SEEDS[name] for name in dict.fromkeys(names))


def read_firmwares(words: Iterable[str]) -> tuple[Firmware, ...]:
    """Firmwares by their names, as `read_seeds`."""
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    known = [firmware.value for firmware in Firmware]
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise InputError(f"there is no firmware {printable(unknown)}", hint=f"firmwares: {', '.join(known)}")
    return tuple(Firmware(name) for name in dict.fromkeys(names))


def rehearses(wish: CloneWish, *, kvm: bool, possible: bool) -> bool:
    """Whether a part is rehearsed: as asked for, else where machines are emulated and rehearsals are `possible`."""
    return wish.rehearse if wish.rehearse is not None else possible and not kvm


def plan_clones(
    wish: CloneWish = NO_WISH, *, driver: str = MACHINES, rehearsing: bool = False
) -> tuple[ClonePlan, ...]:
    """The clones, in the order of their names.

    Without wishes there is one for each seed, all machines of `driver`; where `rehearsing`, the one with user-data and
    all that are more than one of a kind are rehearsed. More clones than kinds begin again. One is started twice, if
    possible a rehearsed one. Raises InputError where there are fewer clones than the seeds and firmwares that were
    asked for.
    """
    if few := too_few(wish.clones, wish.seeds, () if driver == container.NAME else wish.firmwares):
        raise InputError(f"--clones {wish.clones} is too few: {few}", hint="raise it, or leave it out")
    kinds = tuple(_kinds(wish, driver, rehearsing=rehearsing))
    count = wish.clones if wish.clones is not None else max(FEWEST, len(kinds))
    more = tuple(replace(kind, driver=container.NAME, options=MachineOptions()) for kind in kinds)
    further = cycle(_without_repeats(more) if rehearsing else kinds)
    clones = [*kinds[:count], *islice(further, max(0, count - len(kinds)))]
    named = [replace(clone, name=f"clone-{number}") for number, clone in enumerate(clones, 1)]
    if wish.second_boot is not False:
        chosen = _started_twice(named)
        named[chosen] = replace(named[chosen], second_boot=True)
    return tuple(named)


def _kinds(wish: CloneWish, driver: str, *, rehearsing: bool) -> Iterator[ClonePlan]:
    seeds = wish.seeds or ALL_SEEDS
    if driver == container.NAME:
        yield from (ClonePlan("", seed, driver) for seed in seeds)
        return
    by_machine = seeds
    if rehearsing:
        by_machine = tuple(seed for seed in seeds if seed is not Seed.USER_DATA) or seeds[:1]
    for firmware in wish.firmwares or (Firmware.BIOS,):
        options = MachineOptions(firmware=firmware, **wish.machine)
        yield from (ClonePlan("", seed, driver, options, firmware_asked=bool(wish.firmwares)) for seed in by_machine)
    yield from (ClonePlan("", seed, container.NAME) for seed in seeds if seed not in by_machine)


def _without_repeats(kinds: Sequence[ClonePlan]) -> tuple[ClonePlan, ...]:
    return tuple({kind.seed: kind for kind in kinds}.values())


def _started_twice(clones: Sequence[ClonePlan]) -> int:
    """The first of the richest seed, among the rehearsed ones where there are any: seconds instead of a minute."""
    rehearsed = [number for number, clone in enumerate(clones) if clone.rehearsed]
    candidates = rehearsed or range(len(clones))
    return min(candidates, key=lambda number: (RICHEST.index(clones[number].seed), number))
