"""The section `verify`: what it takes, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from goldsmith.errors import InputError
from goldsmith.machine.options import Bus, Firmware, Network
from goldsmith.recipe.machine import read_machine
from goldsmith.recipe.model import Recipe

Make = Callable[..., Recipe]
Complain = Callable[[str], list[str]]


def test_all_of_it(recipe: Make) -> None:
    section = recipe(
        """
verify:
  clones: 6
  seeds: [none, empty, user-data]
  firmware: [bios, uefi]
  second_boot: false
  rehearse: true
  machine: {memory: 2G, cpus: 2, tpm: true, machine: q35, cpu: "Haswell-noTSX,+avx", bus: nvme, network: user}
"""
    ).verify
    assert (section.clones, section.seeds) == (6, ("none", "empty", "user-data"))
    assert section.firmware == (Firmware.BIOS, Firmware.UEFI)
    assert (section.second_boot, section.rehearse) == (False, True)
    assert section.machine.stated() == {
        "memory": 2048,
        "cpus": 2,
        "tpm": True,
        "machine": "q35",
        "cpu": "Haswell-noTSX,+avx",
        "bus": Bus.NVME,
        "network": Network.USER,
    }


def test_nothing_of_it(recipe: Make) -> None:
    section = recipe().verify
    assert (section.clones, section.seeds, section.firmware) == (None, (), ())
    assert (section.second_boot, section.rehearse, section.machine.stated()) == (True, None, {})


def test_one_word_is_a_list_of_one(recipe: Make) -> None:
    section = recipe("verify: {seeds: user-data, firmware: uefi}\n").verify
    assert (section.seeds, section.firmware) == (("user-data",), (Firmware.UEFI,))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("verify: {clones: 1}", "4:18: GS105 `clones` is 1"),
        ("verify: {clones: 65}", "4:18: GS105 `clones` is 65"),
        ("verify: {seeds: [full]}", "4:17: GS105 `seeds` has no seed `full`"),
        ("verify: {firmware: efi}", "firmware"),
        ("verify: {second_boot: 'yes'}", "second_boot"),
        ("verify: {machine: {memory: 2048}}", "is no size"),
        ("verify: {machine: {memory: 2GB}}", "is ambiguous: GB is read as 1000 by some and as 1024 by others"),
        ("verify: {machine: {memory: 1M}}", "is out of range"),
        ("verify: {machine: {cpus: 0}}", "cpus"),
        ("verify: {machine: {machine: 'q35,accel=kvm'}}", "machine"),
        ("verify: {machine: {cpu: 486}}", "is no processor model"),
        ("verify: {machine: {bus: ide}}", "bus"),
        ("verify: {machine: {firmware: uefi}}", "unknown key `firmware`"),
        (
            "verify: {clones: 2, seeds: [none, empty, user-data]}",
            "has too few clones: each seed on each firmware are 3, and there are 2",
        ),
        (
            "verify: {clones: 3, firmware: [bios, uefi]}",
            "has too few clones: each seed on each firmware are 6, and there are 3",
        ),
    ],
)
def test_what_it_refuses(complaints: Complain, lines: str, expected: str) -> None:
    (said,) = complaints(lines)
    assert expected in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"memory": "2"}, "--memory 2: is no size"),
        ({"memory": "lots\x1b[2J"}, "--memory lots\\x1b[2J: is no size"),
        ({"cpus": 100}, "--cpus 100: Input should be less than or equal to 64"),
        ({"cpu": "a,b"}, "--cpu a,b: is no processor model"),
    ],
)
def test_options_of_a_command_line_are_judged_alike(words: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        read_machine(words)
    assert caught.value.message.startswith(expected)
    assert caught.value.hint


@pytest.mark.parametrize("cpu", ["max", "max,-avx", "max,+sse4.1,-sse4_2", "qemu64,hv-time=on,pdpe1gb=off"])
def test_a_processor_model_may_have_features(cpu: str) -> None:
    assert read_machine({"cpu": cpu}).stated() == {"cpu": cpu}


@pytest.mark.parametrize(
    "cpu",
    [
        *("", ",", "max,", "max,,-avx", "-avx", "max,avx", "max,+", "max,+avx=on", "max,--avx", "max, -avx"),
        *("max,model-id=x", "max,phys-bits=40", "max,vendor=on,off", "max -S", "max,-avx -S", "max,-avx\n", "m\0"),
        *("max,-avx'/><x", "x" * 65, "max" + ",-avx" * 65),
    ],
)
def test_what_else_qemu_would_obey_is_no_processor_model(cpu: str) -> None:
    with pytest.raises(InputError, match="is no processor model") as caught:
        read_machine({"cpu": cpu})
    assert caught.value.hint == "a model, with features behind commas as in max,-avx,+aes,pdpe1gb=off"


def test_what_a_command_line_does_not_say_is_left_out() -> None:
    assert read_machine({"memory": "512M", "cpus": None, "tpm": False}).stated() == {"memory": 512, "tpm": False}
