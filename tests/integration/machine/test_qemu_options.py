"""Every option of a machine, in machines that really start."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.machine.png import pixels
from tests.integration.machine.processes import tpms_of

from goldsmith.errors import InputError
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers.qemu import QemuMachine
from goldsmith.machine.drivers.qemu_argv import mac_address
from goldsmith.machine.options import Bus, Firmware, MachineOptions, Network
from goldsmith.machine.patience import Patience

pytestmark = pytest.mark.process

MachineOf = Callable[..., MachineSpec]
# The palette of VGA's text mode, which has six bits for each color.
RED = b"\xa8\x00\x00"
PROMPT = "\r\nlocalhost login: "
HURRIED = Patience(early_idle=2, early_busy=3, idle=2, sleep=0, busy=3, dead_end=0.3, linger=0, limit=20, grace=8)


def ask(machine: QemuMachine, command: str, **arguments: object) -> Any:
    assert machine._qmp is not None
    return machine._qmp.execute(command, arguments)


def boots(spec: MachineSpec) -> None:
    (record,) = boot([spec], patience=HURRIED)
    assert (record.problem, record.off, record.screenshot) == (None, True, None)


@pytest.mark.parametrize("bus", Bus)
def test_a_guest_boots_from_its_disk_on_each_bus_beside_a_seed(machine_of: MachineOf, tmp_path: Path, bus: Bus) -> None:
    seed = tmp_path / "seed.iso"
    seed.write_bytes(bytes(1 << 20))
    boots(machine_of("clone", PROMPT, "power off by button", options=MachineOptions(memory=64, bus=bus), seed=seed))


@pytest.mark.parametrize("model", ["qemu64", "Nehalem"])
def test_processors_of_a_named_model(machine_of: MachineOf, model: str) -> None:
    options = MachineOptions(memory=64, cpus=3, cpu=model)
    with QemuMachine(machine_of("clone", PROMPT, "halt", options=options)) as machine:
        types = {processor["type"] for processor in ask(machine, "query-hotpluggable-cpus")}
        assert types == {f"{model}-x86_64-cpu"}
        assert len(ask(machine, "query-cpus-fast")) == 3


def test_an_older_machine_type(machine_of: MachineOf) -> None:
    options = MachineOptions(memory=96, machine="pc")
    with QemuMachine(machine_of("clone", PROMPT, "halt", options=options)) as machine:
        assert ask(machine, "qom-get", path="/machine", property="type").startswith("pc-i440fx-")
        assert ask(machine, "query-memory-size-summary")["base-memory"] == 96 << 20


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"machine": "pc-q35-1.0"}, "QEMU on this host has no machine type pc-q35-1.0", "near to it: pc-q35-"),
        ({"cpu": "Haswel,+avx"}, "QEMU on this host has no processor model Haswel", "near to it: Haswell"),
        ({"cpu": "host"}, "the processor model host needs KVM, which does not work here", "cpu: max"),
    ],
)
def test_what_this_qemu_lacks_is_refused(
    machine_of: MachineOf, options: dict[str, str], message: str, hint: str
) -> None:
    spec = machine_of("clone", options=MachineOptions(**options))  # type: ignore[arg-type]
    with pytest.raises(InputError) as raised:
        boot([spec])
    assert raised.value.message == message
    assert (raised.value.hint or "").startswith(hint)


def test_a_tpm_remembers_and_ends_with_its_machine(machine_of: MachineOf) -> None:
    spec = machine_of("clone", PROMPT, "power off by button", options=MachineOptions(memory=64, tpm=True))
    with QemuMachine(spec) as machine:
        (tpm,) = ask(machine, "query-tpm")
        assert (tpm["model"], tpm["options"]["type"]) == ("tpm-crb", "emulator")
        assert len(tpms_of(spec)) == 1
        machine.kill()
        assert tpms_of(spec) == []
    assert [path.name for path in spec.kept.with_suffix(".tpm").iterdir() if path.name != ".lock"] == [
        "tpm2-00.permall"
    ]
    boots(spec)


def test_a_tpm_that_dies_ends_its_machine(machine_of: MachineOf) -> None:
    spec = machine_of("clone", "hello", "halt", options=MachineOptions(memory=64, tpm=True))
    with QemuMachine(spec) as machine:
        assert machine.ended() is None
        (tpm,) = tpms_of(spec)
        os.kill(tpm, signal.SIGKILL)
        while (ended := machine.ended()) is None:
            time.sleep(0.05)
    assert not ended.by_guest
    assert ended.why.startswith("its TPM ended")


@pytest.mark.parametrize(
    ("network", "link"),
    [(Network.ISOLATED, "hub 0\r\n \\ link: card: "), (Network.USER, "type=user,net=10.0.2.0")],
)
def test_a_card_and_what_is_at_its_other_end(machine_of: MachineOf, network: Network, link: str) -> None:
    spec = machine_of("clone", PROMPT, "halt", options=MachineOptions(memory=64, network=network))
    with QemuMachine(spec) as machine:
        (card,) = ask(machine, "query-rx-filter")
        assert (card["name"], card["main-mac"]) == ("card", mac_address(spec.uuid))
        told = ask(machine, "human-monitor-command", **{"command-line": "info network"})
    assert link in told
    nowhere = "hub 0 is not connected to host network"
    assert (nowhere in machine.log.read_text()) == (network is Network.ISOLATED)


def test_no_network_means_no_card(machine_of: MachineOf) -> None:
    with QemuMachine(machine_of("clone", PROMPT, "halt")) as machine:
        assert ask(machine, "query-rx-filter") == []
        assert ask(machine, "human-monitor-command", **{"command-line": "info network"}) == ""


def test_a_silent_guest_leaves_a_picture_of_its_screen(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("clone", "", "paint red")], patience=HURRIED)
    assert record.problem is not None
    assert record.problem.startswith("stalled after firmware (at ")
    assert record.screenshot == record.console.parent / "clone.screenshot.png"
    width, height, shown = pixels(record.screenshot.read_bytes())
    assert (width, height) == (720, 400)
    upper, lower = shown[: width * 192], shown[width * 192 :]
    # The cursor blinks there.
    assert upper.count(RED) > 0.99 * len(upper)
    assert RED not in lower


def test_a_guest_that_told_its_reason_leaves_none(machine_of: MachineOf) -> None:
    (record,) = boot([machine_of("blank")], patience=HURRIED)
    assert "No bootable device" in (record.problem or "")
    assert record.screenshot is None


def test_an_ended_machine_has_no_screen(machine_of: MachineOf) -> None:
    with QemuMachine(machine_of("clone", "hello", "halt")) as machine:
        machine.kill()
        assert machine.screenshot() is None


@pytest.mark.full
def test_a_machine_of_another_architecture(machine_of: MachineOf) -> None:
    """Its firmware runs, sees the disk, and finds nothing to boot on it."""
    options = MachineOptions(arch="aarch64", firmware=Firmware.UEFI, memory=128, tpm=True, network=Network.ISOLATED)
    spec = machine_of("clone", options=options)
    with QemuMachine(spec) as machine:
        deadline = time.monotonic() + 200
        while b"Shell>" not in spec.console.read_bytes() and time.monotonic() < deadline:
            assert machine.ended() is None
            time.sleep(0.2)
        (tpm,) = ask(machine, "query-tpm")
        assert tpm["model"] == "tpm-tis"
        picture = machine.screenshot()
    said = spec.console.read_bytes()
    assert said.startswith(b"UEFI firmware (version ")
    assert b"Shell>" in said
    assert b"BLK0:" in said
    assert picture is not None
    assert len(set(pixels(picture.read_bytes())[2])) > 1
