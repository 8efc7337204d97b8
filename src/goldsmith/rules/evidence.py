"""The evidence of a verification: what was sealed, what each clone's boot left, and what was expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.errors import InputError
from goldsmith.findings import printable
from goldsmith.machine.cause import FoundCause
from goldsmith.machine.options import Firmware, MachineOptions, Network
from goldsmith.rules.check_result import CheckResult
from goldsmith.rules.circumstances import Circumstances
from goldsmith.rules.disk_state import DiskState
from goldsmith.rules.expectation import Expectation, Prediction
from goldsmith.rules.facts import Facts
from goldsmith.rules.probe import Probe

SCHEMA = "goldsmith.evidence/1"
# In characters: of one that somebody else wrote no more is repeated.
LONGEST_SCHEMA = 60


@dataclass(frozen=True, slots=True)
class Passage:
    """A milestone that a clone passed: its `name`, such as `kernel` or `ready`, `seconds` after its machine was
    started; `boot` counts from 1; `up` is the time since the kernel's start in seconds, by the guest's own clock, None
    where cloud-init does not say it.
    """

    name: str
    seconds: float
    boot: int = 1
    up: float | None = None


@dataclass(frozen=True, slots=True)
class CloneEvidence:
    """One clone. `name` is its own in this evidence; `driver` is what booted it; `hardware` says that it was a machine,
    false for a rehearsal. `machine` is what its machine was made of, None for a rehearsal and in older evidence;
    `firmware` is what that started with, and means nothing for a rehearsal. `booted_uuid` is the SMBIOS UUID that its
    machine had.

    `seed` is what it was given, `instance_id` the instance-id in it, None without a seed; `probe` is the user that its
    user-data adds, None where it was given none.

    `milestones` are in the order of the boot. `ready` says whether it got to its end, `off` that it powered off by
    itself; `boots` is how often its machine started, `seconds` the time from its start to its end. `problem` is what
    stopped its boot, in one line, None for nothing; `causes` is what the console shows of why a boot fails. `console`
    names the log beside this evidence and `tail` are its last lines, safe to print. `screenshot` names a picture of its
    screen beside this evidence, where it got stuck and its console said nothing, else None.

    `facts` is None where its disk could not be read, and `unreadable` says why, None where it could. `disk` is what
    lies below its files, `failed` what its console says of units that failed, `predicted` its first boot as the image's
    files predict it: None where that was not gathered. `checks` are what the recipe's own checks saw. `again` is the
    same clone booted a second time, None where it was not.
    """

    name: str
    driver: str
    hardware: bool
    seed: Seed
    instance_id: str | None
    booted_uuid: str
    milestones: tuple[Passage, ...]
    ready: bool
    off: bool
    boots: int
    seconds: float
    problem: str | None
    console: str
    tail: tuple[str, ...]
    facts: Facts | None
    unreadable: str | None = None
    firmware: Firmware = Firmware.BIOS
    again: CloneEvidence | None = None
    causes: tuple[FoundCause, ...] = ()
    predicted: FirstBoot | None = None
    disk: DiskState | None = None
    failed: tuple[str, ...] | None = None
    probe: Probe | None = None
    screenshot: str | None = None
    checks: tuple[CheckResult, ...] = ()
    machine: MachineOptions | None = None

    @property
    def ended(self) -> bool:
        """Whether the boot reached `ready` and the guest powered off: only then its disk proves anything."""
        return self.ready and self.off

    @property
    def networked(self) -> bool:
        """Whether it had a network that leads anywhere."""
        return self.machine is not None and self.machine.network is Network.USER

    @property
    def last_milestone(self) -> str:
        return next((passage.name for passage in reversed(self.milestones) if passage.name != "off"), "none")

    @property
    def seconds_to_ready(self) -> float | None:
        return next((passage.seconds for passage in reversed(self.milestones) if passage.name == "ready"), None)


@dataclass(frozen=True, slots=True)
class PreviousBoot:
    """How long a clone of the version before took until it was ready, in `seconds`: `driver` and `seed` as in a clone's
    evidence; `firmware` where it was a machine.
    """

    driver: str
    seed: Seed
    seconds: float
    firmware: Firmware = Firmware.BIOS


@dataclass(frozen=True, slots=True)
class Previous:
    """The version before of the same image, as its own evidence tells: `image` is its name and version; `kvm` and
    `speed` are those of its host; `boots` has each clone whose boot ended well.
    """

    image: str
    kvm: bool
    speed: float
    boots: tuple[PreviousBoot, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that rules look at. `schema` is the version of this form. A text that is the guest's own word, and
    whose type does not call it safe to print, may hold control characters.

    `sealed` is what the image itself says before any boot, `prediction` what its configuration will do, `expectation`
    what the recipe demands, `clones` what each boot left. `digest_before` and `digest_after` are SHA-256 of the sealed
    file, before the first boot and after the last. `circumstances` are None in evidence recorded before they were kept;
    `previous` is None where there is no version before, or its evidence cannot be read.
    """

    sealed: Facts
    prediction: Prediction
    expectation: Expectation
    clones: tuple[CloneEvidence, ...]
    digest_before: str
    digest_after: str
    schema: str = field(default=SCHEMA)
    circumstances: Circumstances | None = None
    previous: Previous | None = None

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON schema of what `as_json` returns."""
        made = _adapter().json_schema(mode="serialization")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": SCHEMA}

    def as_json(self) -> dict[str, Any]:
        return cast("dict[str, Any]", _adapter().dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, document: object) -> Evidence:
        """Recorded evidence again. Raises InputError where it is not of this form, or of another version of it.

        Rules that misread another version would judge what nobody saw. One without a schema is read as of this one.
        """
        written = document.get("schema", SCHEMA) if isinstance(document, Mapping) else SCHEMA
        if isinstance(written, str) and written != SCHEMA:
            shown = printable(written[:LONGEST_SCHEMA])
            raise InputError(
                f"this is evidence of schema {shown}, and this goldsmith reads {SCHEMA}",
                hint="report it with the goldsmith that wrote it",
            )
        try:
            return _adapter().validate_python(document)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"this is no recorded evidence: {where}: {first['msg']}") from error


@dataclass(frozen=True, slots=True)
class CloneCase:
    """The subject of a rule about one clone: its evidence in the context that it is judged in."""

    clone: CloneEvidence
    evidence: Evidence

    @property
    def sealed(self) -> Facts:
        return self.evidence.sealed

    @property
    def expectation(self) -> Expectation:
        return self.evidence.expectation

    @property
    def prediction(self) -> Prediction:
        return self.evidence.prediction


@cache
def _adapter() -> TypeAdapter[Evidence]:
    return TypeAdapter(Evidence)
