from __future__ import annotations

from collections.abc import Iterator

import pytest

from goldsmith.errors import InputError
from goldsmith.machine.architecture import ARCHITECTURES
from goldsmith.machine.drivers import qemu_models as module
from goldsmith.machine.drivers.qemu_models import check_models
from goldsmith.machine.options import MachineOptions

X86 = ARCHITECTURES["x86_64"]
MACHINES = """\
Supported machines are:
microvm              microvm (i386)
pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)
pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)
q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)
pc-q35-7.2           Standard PC (Q35 + ICH9, 2009)
pc-q35-7.1           Standard PC (Q35 + ICH9, 2009)
"""
OLD_CPUS = """\
Available CPUs:
x86 Haswell               (alias configured by machine type)
x86 Haswell-noTSX         (alias of Haswell-v2)
x86 qemu64                (alias configured by machine type)
x86 host                  processor with all supported host features
x86 max                   Enables all features supported by the accelerator in the current host

Recognized CPUID flags:
  3dnow 3dnowext avx avx2
  fxsr-opt sse4.2
"""
NEW_CPUS = OLD_CPUS.replace("x86 ", "  ")


@pytest.fixture(params=[OLD_CPUS, NEW_CPUS], ids=["7.2", "9.1"], autouse=True)
def _qemu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    told = {"-machine": MACHINES, "-cpu": request.param}
    monkeypatch.setattr(module, "_help", lambda _program, option: told[option].splitlines())
    for kept in (module._machine_types, module._cpu_models, module._cpu_flags):
        kept.cache_clear()
    yield
    for kept in (module._machine_types, module._cpu_models, module._cpu_flags):
        kept.cache_clear()


@pytest.mark.parametrize(
    ("machine", "cpu"),
    [
        (None, "max"),
        ("pc", "max"),
        ("pc-q35-7.1", "Haswell-noTSX,+avx"),
        (None, "qemu64,-sse3"),
        (None, "max,-sse4_2,+sse4.2,-fxsr_opt,kvm=off"),
    ],
)
def test_what_it_has(machine: str | None, cpu: str) -> None:
    check_models(MachineOptions(machine=machine, cpu=cpu), X86, accelerated=False)


def test_the_hosts_own_processor_where_kvm_works() -> None:
    check_models(MachineOptions(cpu="host"), X86, accelerated=True)


@pytest.mark.parametrize(
    ("machine", "cpu", "message", "hint"),
    [
        ("pc-q35-9.9", "max", "machine type pc-q35-9.9", "near to it: pc-q35-7.2, pc-q35-7.1"),
        (None, "haswel", "processor model haswel", "near to it: Haswell"),
        (None, "max,-avx22", "processor feature avx22", "near to it: avx2, avx"),
        (None, "max,+AVX,-avx", "processor feature AVX", "see qemu-system-x86_64 -cpu help"),
        (None, "3dnow", "processor model 3dnow", "see qemu-system-x86_64 -cpu help"),
    ],
)
def test_what_it_lacks(machine: str | None, cpu: str, message: str, hint: str) -> None:
    with pytest.raises(InputError) as raised:
        check_models(MachineOptions(machine=machine, cpu=cpu), X86, accelerated=False)
    assert (raised.value.message, raised.value.hint) == (f"QEMU on this host has no {message}", hint)


def test_features_of_an_architecture_that_lists_none_are_left_to_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_help", lambda *_: ["Available CPUs:", "  max"])
    check_models(MachineOptions(cpu="max,-sve"), ARCHITECTURES["aarch64"], accelerated=False)


def test_nothing_is_asked_for_what_every_qemu_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_help", lambda *_: pytest.fail("it was asked"))
    check_models(MachineOptions(), X86, accelerated=False)
