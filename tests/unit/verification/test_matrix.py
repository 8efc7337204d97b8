"""Which clones boot: the plan as a whole, for what is asked and what the host can."""

from __future__ import annotations

from typing import Any

import pytest

from goldsmith.cloudinit.datasource import Seed
from goldsmith.errors import InputError
from goldsmith.machine.options import Bus, Firmware, MachineOptions, Network
from goldsmith.machine.refusals import check
from goldsmith.recipe.verify import VerifySection
from goldsmith.verification.matrix import (
    ClonePlan,
    CloneWish,
    plan_clones,
    read_firmwares,
    read_seeds,
    rehearses,
    wish_of,
)

NONE, EMPTY, USER_DATA = Seed.NONE, Seed.EMPTY_NOCLOUD, Seed.USER_DATA
BIOS, UEFI = MachineOptions(firmware=Firmware.BIOS), MachineOptions(firmware=Firmware.UEFI)


def test_without_wishes_each_seed_boots_as_a_machine_and_the_richest_one_twice() -> None:
    assert plan_clones() == (
        ClonePlan("clone-1", NONE),
        ClonePlan("clone-2", EMPTY),
        ClonePlan("clone-3", USER_DATA, second_boot=True),
    )


def test_rehearsing_leaves_both_meanings_of_no_user_data_to_machines() -> None:
    assert plan_clones(rehearsing=True) == (
        ClonePlan("clone-1", NONE),
        ClonePlan("clone-2", EMPTY),
        ClonePlan("clone-3", USER_DATA, "container", second_boot=True),
    )


def test_what_is_more_than_one_of_a_kind_is_rehearsed() -> None:
    assert plan_clones(CloneWish(clones=7), rehearsing=True) == (
        ClonePlan("clone-1", NONE),
        ClonePlan("clone-2", EMPTY),
        ClonePlan("clone-3", USER_DATA, "container", second_boot=True),
        ClonePlan("clone-4", NONE, "container"),
        ClonePlan("clone-5", EMPTY, "container"),
        ClonePlan("clone-6", USER_DATA, "container"),
        ClonePlan("clone-7", NONE, "container"),
    )


def test_each_seed_meets_each_firmware() -> None:
    both = CloneWish(firmwares=(Firmware.BIOS, Firmware.UEFI))
    assert plan_clones(both) == (
        ClonePlan("clone-1", NONE, options=BIOS, firmware_asked=True),
        ClonePlan("clone-2", EMPTY, options=BIOS, firmware_asked=True),
        ClonePlan("clone-3", USER_DATA, options=BIOS, firmware_asked=True, second_boot=True),
        ClonePlan("clone-4", NONE, options=UEFI, firmware_asked=True),
        ClonePlan("clone-5", EMPTY, options=UEFI, firmware_asked=True),
        ClonePlan("clone-6", USER_DATA, options=UEFI, firmware_asked=True),
    )
    # A rehearsal has no firmware: one is enough.
    assert plan_clones(both, rehearsing=True) == (
        ClonePlan("clone-1", NONE, options=BIOS, firmware_asked=True),
        ClonePlan("clone-2", EMPTY, options=BIOS, firmware_asked=True),
        ClonePlan("clone-3", NONE, options=UEFI, firmware_asked=True),
        ClonePlan("clone-4", EMPTY, options=UEFI, firmware_asked=True),
        ClonePlan("clone-5", USER_DATA, "container", second_boot=True),
    )


def test_a_machine_has_the_firmware_of_its_guests_architecture_unless_somebody_asked_for_another() -> None:
    for plan in plan_clones():
        for arch, firmware in (("x86_64", Firmware.BIOS), ("aarch64", Firmware.UEFI)):
            made = plan.for_guest(arch).options
            assert (made.arch, made.firmware) == (arch, firmware)
            assert check(made).name == arch
        assert plan.for_guest("riscv64") == plan.for_guest("") == plan
    asked = plan_clones(CloneWish(firmwares=(Firmware.BIOS,)))[0].for_guest("aarch64")
    with pytest.raises(InputError, match="aarch64 machines have no firmware bios"):
        check(asked.options)


def test_a_container_has_no_machine() -> None:
    wish = CloneWish(clones=4, firmwares=(Firmware.UEFI,), machine={"memory": 4096})
    assert plan_clones(wish, driver="container") == (
        ClonePlan("clone-1", NONE, "container"),
        ClonePlan("clone-2", EMPTY, "container"),
        ClonePlan("clone-3", USER_DATA, "container", second_boot=True),
        ClonePlan("clone-4", NONE, "container"),
    )


def test_machines_are_made_as_asked() -> None:
    wish = CloneWish(seeds=(EMPTY,), second_boot=False, machine={"memory": 2048, "cpus": 2, "bus": Bus.NVME})
    options = MachineOptions(memory=2048, cpus=2, bus=Bus.NVME)
    assert plan_clones(wish, driver="libvirt") == (
        ClonePlan("clone-1", EMPTY, "libvirt", options),
        ClonePlan("clone-2", EMPTY, "libvirt", options),
    )


def test_fewer_clones_leave_out_default_seeds_but_none_that_was_asked_for() -> None:
    assert [(each.seed, each.second_boot) for each in plan_clones(CloneWish(clones=2))] == [
        (NONE, False),
        (EMPTY, True),
    ]
    with pytest.raises(InputError, match="--clones 2 is too few: each seed on each firmware are 3, and there are 2"):
        plan_clones(CloneWish(clones=2, seeds=(NONE, EMPTY, USER_DATA)))
    with pytest.raises(InputError, match="are 6, and there are 5"):
        plan_clones(CloneWish(clones=5, firmwares=(Firmware.BIOS, Firmware.UEFI)))


@pytest.mark.parametrize("seeds", [(NONE,), (EMPTY,), (USER_DATA,), (USER_DATA, NONE), (NONE, EMPTY, USER_DATA)])
@pytest.mark.parametrize("firmwares", [(), (Firmware.UEFI,), (Firmware.BIOS, Firmware.UEFI)])
@pytest.mark.parametrize("clones", [None, 6, 12])
@pytest.mark.parametrize("rehearsing", [True, False])
def test_every_plan_has_a_machine_of_each_firmware_and_one_second_boot(
    seeds: tuple[Seed, ...], firmwares: tuple[Firmware, ...], clones: int | None, *, rehearsing: bool
) -> None:
    plans = plan_clones(CloneWish(clones=clones, seeds=seeds, firmwares=firmwares), rehearsing=rehearsing)
    machines = [plan for plan in plans if not plan.rehearsed]
    assert {plan.options.firmware for plan in machines} == set(firmwares or (Firmware.BIOS,))
    assert {plan.seed for plan in plans} == set(seeds)
    assert len(plans) == len({plan.name for plan in plans}) >= 2
    assert clones is None or len(plans) == clones
    assert [plan.second_boot for plan in plans].count(True) == 1
    assert rehearsing or machines == list(plans)


@pytest.mark.parametrize(
    ("wish", "kvm", "possible", "expected"),
    [
        (None, False, True, True),
        (None, True, True, False),
        (None, False, False, False),
        (True, True, False, True),
        (False, False, True, False),
    ],
)
def test_a_part_is_rehearsed_as_asked_else_where_machines_are_slow(
    *, wish: bool | None, kvm: bool, possible: bool, expected: bool
) -> None:
    assert rehearses(CloneWish(rehearse=wish), kvm=kvm, possible=possible) is expected


def test_a_recipes_section_is_a_wish() -> None:
    section = VerifySection.model_validate(
        {
            "clones": 4,
            "seeds": ["none", "user-data"],
            "firmware": "uefi",
            "second_boot": False,
            "machine": {"memory": "2G", "tpm": True, "network": "user"},
        }
    )
    assert wish_of(section) == CloneWish(
        clones=4,
        seeds=(NONE, USER_DATA),
        firmwares=(Firmware.UEFI,),
        second_boot=False,
        machine={"memory": 2048, "tpm": True, "network": Network.USER},
    )


def test_what_is_said_is_stronger_than_what_a_recipe_says() -> None:
    recipe = CloneWish(clones=4, seeds=(NONE,), second_boot=True, rehearse=False, machine={"memory": 2048, "cpus": 2})
    said = CloneWish(seeds=(EMPTY,), second_boot=False, machine={"cpus": 4})
    assert said.over(recipe) == CloneWish(
        clones=4, seeds=(EMPTY,), second_boot=False, rehearse=False, machine={"memory": 2048, "cpus": 4}
    )
    assert CloneWish().over(recipe) == recipe


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({}, ""),
        ({"clones": 3, "seeds": (NONE, USER_DATA)}, "--clones 3 --seed none,user-data"),
        ({"firmwares": (Firmware.BIOS, Firmware.UEFI)}, "--firmware bios,uefi"),
        ({"second_boot": False, "rehearse": True}, "--no-second-boot --rehearse"),
        ({"machine": {"memory": 2048, "tpm": True, "bus": Bus.SCSI}}, "--memory 2048M --tpm --bus scsi"),
    ],
)
def test_a_wish_as_words_of_the_command(wish: dict[str, Any], words: str) -> None:
    assert " ".join(CloneWish(**wish).as_words()) == words


def test_seeds_and_firmwares_by_name() -> None:
    assert read_seeds(["none,empty", "user-data", "none"]) == (NONE, EMPTY, USER_DATA)
    assert read_firmwares(["uefi", "bios,uefi"]) == (Firmware.UEFI, Firmware.BIOS)
    with pytest.raises(InputError, match="there is no seed full") as caught:
        read_seeds(["none,full"])
    assert caught.value.hint == "seeds: none, empty, user-data"
    with pytest.raises(InputError, match="there is no firmware efi"):
        read_firmwares(["efi"])
