"""What no driver can make a machine of, told before anything is started."""

from __future__ import annotations

import re

from goldsmith.errors import InputError
from goldsmith.machine.architecture import ARCHITECTURES, Architecture
from goldsmith.machine.options import CPU, MachineOptions

# MiB. OVMF still gets to its boot manager with it; no kernel of a distribution does anything with less.
LEAST_MEMORY = 64
MOST_CPUS = 255


def check(options: MachineOptions) -> Architecture:
    """The architecture of a machine that can be made. Raises InputError for the first thing that cannot."""
    architecture = ARCHITECTURES.get(options.arch)
    if architecture is None:
        raise InputError(
            f"machines of architecture {options.arch!r} are not known",
            hint=f"architectures: {', '.join(sorted(ARCHITECTURES))}",
        )
    if options.firmware not in architecture.firmwares:
        known = ", ".join(architecture.firmwares)
        raise InputError(f"{architecture.name} machines have no firmware {options.firmware}", hint=f"firmware: {known}")
    if options.memory < LEAST_MEMORY:
        raise InputError(
            f"nothing boots in {options.memory} MiB of memory",
            hint=f"memory is in MiB: at least {LEAST_MEMORY}, for most images 512 or more",
        )
    if not 1 <= options.cpus <= MOST_CPUS:
        raise InputError(f"a machine cannot have {options.cpus} processors", hint=f"cpus: 1 to {MOST_CPUS}")
    machine = options.machine
    if machine is not None and not any(re.fullmatch(family, machine) for family in architecture.families):
        raise InputError(
            f"goldsmith makes no {architecture.name} machines of type {machine!r}",
            hint=f"machine: {architecture.machine}, or a version of it that {architecture.program} -machine help shows",
        )
    if not re.fullmatch(CPU, options.cpu):
        raise InputError(
            f"{options.cpu!r} is no processor model",
            hint=f"cpu: max, or a model that {architecture.program} -cpu help shows, with features as in max,-avx",
        )
    return architecture
