"""Machine types, processor models and features that this host's QEMU has, asked for only where one is named."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from goldsmith.errors import InputError
from goldsmith.machine.architecture import Architecture
from goldsmith.machine.options import MachineOptions
from goldsmith.machine.refusals import check
from goldsmith.run import require, run

HELP_SECONDS = 30.0
# Other names of features, which QEMU takes and does not list (target/i386/cpu.c).
ALIASES = frozenset({"sse3", "pclmuldq", "xd", "ffxsr", "i64"})


def require_machine(options: MachineOptions, *, accelerated: bool) -> Architecture:
    """The architecture of a machine that this host's QEMU can make; nothing is started. Raises InputError where none
    can be made of the options, HostError without QEMU.
    """
    architecture = check(options)
    require(architecture.program)
    check_models(options, architecture, accelerated=accelerated)
    return architecture


def check_models(options: MachineOptions, architecture: Architecture, *, accelerated: bool) -> None:
    """Raises InputError where this QEMU lacks the machine type, the processor model or a feature that is added to it or
    taken from it, HostError without QEMU.
    """
    program = architecture.program
    if options.machine is not None:
        _look_up("machine type", options.machine, _machine_types(program), f"{program} -machine help")
    model, *features = options.cpu.split(",")
    for feature in features:
        # What is set on or off may be any property; QEMU lists the processor's own alone.
        if feature[0] in "+-" and (known := _cpu_flags(program)):
            _look_up("processor feature", _alike(feature[1:]), known, f"{program} -cpu help")
    if model == "max":
        return
    if model == "host" and not accelerated:
        raise InputError("the processor model host needs KVM, which does not work here", hint="cpu: max")
    _look_up("processor model", model, _cpu_models(program), f"{program} -cpu help")


def _look_up(what: str, wanted: str, known: frozenset[str], command: str) -> None:
    if wanted not in known:
        near = get_close_matches(wanted, sorted(known), n=3)
        hint = f"near to it: {', '.join(near)}" if near else f"see {command}"
        raise InputError(f"QEMU on this host has no {what} {wanted}", hint=hint)


@cache
def _machine_types(program: str) -> frozenset[str]:
    return frozenset(_first_words(program, "-machine"))


@cache
def _cpu_models(program: str) -> frozenset[str]:
    """x86 puts the architecture before each model up to QEMU 9.0, and lists flags after the models."""
    models = (line.split() for line in _models_section(_help(program, "-cpu")))
    return frozenset(words[1] if words[0] == "x86" and len(words) > 1 else words[0] for words in models if words)


@cache
def _cpu_flags(program: str) -> frozenset[str]:
    """The features that x86 lists after the models; empty for an architecture that lists none."""
    lines = _help(program, "-cpu")
    begin = next((number for number, line in enumerate(lines) if line.startswith("Recognized CPUID flags")), len(lines))
    listed = frozenset(_alike(word) for line in lines[begin + 1 :] for word in line.split())
    return listed | ALIASES if listed else listed


def _alike(feature: str) -> str:
    """QEMU takes sse4.2, sse4-2 and sse4_2 for one, and libvirt only the first."""
    return feature.replace("_", "-").replace(".", "-")


def _models_section(lines: list[str]) -> Iterator[str]:
    for line in lines[1:]:
        if not line.strip():
            return
        yield line


def _first_words(program: str, option: str) -> Iterator[str]:
    return (line.split()[0] for line in _help(program, option)[1:] if line.strip())


def _help(program: str, option: str) -> list[str]:
    done = run([program, option, "help"], timeout=HELP_SECONDS)
    return done.stdout.decode("utf-8", "replace").splitlines()
