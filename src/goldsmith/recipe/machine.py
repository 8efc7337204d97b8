"""The part `machine` of a recipe's section `verify`: what the machines of clones are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, ValidationError, WithJsonSchema

from goldsmith.base.source import wrong
from goldsmith.errors import InputError
from goldsmith.findings import printable
from goldsmith.machine.options import CPU, Bus, Network
from goldsmith.recipe.section import Section
from goldsmith.recipe.size import parse_size, show_size

MIB = 1 << 20
LEAST, MOST = 64, 1 << 20
# QEMU separates what follows by commas: a name has none.
WORD = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"


def _memory(value: object) -> object:
    """A size → MiB."""
    if not isinstance(value, str):
        raise wrong("is no size", "a whole number and M or G, such as 2G")
    try:
        size = parse_size(value)
    except ValueError as error:
        raise wrong(str(error), "a whole number and M or G (powers of 1024), such as 2G") from error
    if not LEAST * MIB <= size <= MOST * MIB:
        raise wrong("is out of range", f"from {show_size(LEAST * MIB)} to {show_size(MOST * MIB)}")
    return size // MIB


def _cpu(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(CPU, value):
        raise wrong("is no processor model", "a model, with features behind commas as in max,-avx,+aes,pdpe1gb=off")
    return value


Memory = Annotated[
    int,
    BeforeValidator(_memory),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]* ?[MGTmgt](i[Bb])?$"}),
]
Word = Annotated[str, Field(pattern=f"^{WORD}$")]
Cpu = Annotated[str, BeforeValidator(_cpu), WithJsonSchema({"type": "string", "pattern": f"^{CPU}$"})]


class MachineSection(Section):
    """What a clone's machine is made of. A rehearsal is no machine: none of it holds there."""

    memory: Memory | None = None
    """Its memory, such as 2G. Default: 1G."""
    cpus: Annotated[StrictInt, Field(ge=1, le=64)] | None = None
    """How many processors it has. Default: 1."""
    tpm: StrictBool | None = None
    """Whether it has a TPM 2.0."""
    machine: Word | None = None
    """QEMU's machine type. Default: q35 on x86_64."""
    cpu: Cpu | None = None
    """Its processor model, with features as in `max,-avx`. Default: max, the fastest under emulation, which every
    distribution's kernel runs on.
    """
    bus: Bus | None = None
    """How it sees its disk: virtio, scsi or nvme. Default: virtio."""
    network: Network | None = None
    """`none`; `isolated`, a card whose cable leads nowhere; or `user`, behind address translation. Default: none."""

    def stated(self) -> Mapping[str, Any]:
        """The fields of MachineOptions that are said."""
        return {name: value for name, value in dict(self).items() if value is not None}


def read_machine(words: Mapping[str, object]) -> MachineSection:
    """The section from options of a command line; None is not said. Raises InputError for the first wrong one."""
    try:
        return MachineSection.model_validate({name: value for name, value in words.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{first['loc'][0]}"
        hint = first.get("ctx", {}).get("hint")
        raise InputError(
            f"{option} {printable(str(words.get(str(first['loc'][0]))))}: {first['msg']}",
            hint=str(hint) if hint else "`goldsmith verify --help` says what it may be",
        ) from error
