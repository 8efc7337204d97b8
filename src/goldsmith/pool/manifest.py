"""The manifest beside an admitted image: what it was made from, how, and what was proven. Only ever extended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.seal import Packing
from goldsmith.errors import InputError
from goldsmith.findings import printable
from goldsmith.machine.options import Bus, Firmware, Network
from goldsmith.recipe.check import NO_CHECKS, Checks

SCHEMA: Literal["goldsmith.manifest/1"] = "goldsmith.manifest/1"
# Longest manifest that is read, in bytes: 10,000 packages and kept paths are about 2 MiB.
LIMIT = 64 << 20
# JSON carries no undecodable bytes: a guest path is recorded as it is shown.
GuestText = Annotated[str, BeforeValidator(lambda text: printable(text) if isinstance(text, str) else text)]
Digest = Field(pattern=r"^[0-9a-f]{64}$")


class _Record(BaseModel):
    """Unknown fields are tolerated: a newer goldsmith may have written more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TrustRecord(_Record):
    """How the base's bytes were settled (see goldsmith.base.trust)."""

    level: str
    evidence: str = ""


class BaseRecord(_Record):
    """Where the image started; `sha256` is of the base's bytes."""

    origin: str
    sha256: str = Digest
    trust: TrustRecord


class PackageRecord(_Record):
    """One installed package, as the guest's own database has it."""

    name: GuestText
    version: GuestText
    arch: GuestText


class OperationRecord(_Record):
    """What one operation of generalizing did: how many changes, and how many bytes it removed."""

    name: str
    changes: int
    bytes: int


class KeptRecord(_Record):
    """A path that an operation would have changed and the recipe kept, with its reason."""

    path: GuestText
    operation: str
    reason: str


class WaivedRecord(_Record):
    """A finding of the audit that the recipe takes as it is, with its reason."""

    rule: str
    path: GuestText | None = None
    message: GuestText
    reason: str


class AuditRecord(_Record):
    """The audit in short: how many outcomes of each kind, what was waived, and the names of the secrets for which all
    bytes were searched.
    """

    outcomes: dict[str, int] = Field(default_factory=dict)
    waived: tuple[WaivedRecord, ...] = ()
    searched_for: tuple[str, ...] = ()


class VerificationRecord(_Record):
    """The proof in short: the verdict, how many outcomes of each kind, and the clones that were booted."""

    verdict: str
    outcomes: dict[str, int] = Field(default_factory=dict)
    clones: tuple[str, ...] = ()


class ExpectationRecord(_Record):
    """What the recipe demanded of clones, so that the image can be verified again without it. Values of
    `effective` are JSON.
    """

    users_present: tuple[str, ...] = ()
    users_absent: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    datasource: str | None = None
    enabled: tuple[str, ...] = ()
    may_fail: tuple[str, ...] = ()
    effective: dict[str, str | None] = Field(default_factory=dict)
    slower: float | None = None
    may_differ: tuple[str, ...] = ()
    checks: Checks = NO_CHECKS


class MachineRecord(_Record):
    """What the recipe says about the machines of clones, so that such ones boot again; `memory` in MiB."""

    firmware: tuple[Firmware, ...] = ()
    memory: int | None = None
    cpus: int | None = None
    tpm: bool | None = None
    machine: str | None = None
    cpu: str | None = None
    bus: Bus | None = None
    network: Network | None = None


class Manifest(_Record):
    """Sizes in bytes, digests SHA-256 in hexadecimal, `created` in UTC as ISO 8601.

    `build_key` is the digest over everything that went in; `recipe` that of the recipe alone; `file` the image's name.
    `declared` are the paths that the recipe put there on purpose; `findings` what sealing and audit could not prove.
    """

    schema_: Literal["goldsmith.manifest/1"] = Field(default=SCHEMA, alias="schema")
    name: str
    version: str
    arch: str
    created: str
    goldsmith: str
    recipe: str
    build_key: str
    base: BaseRecord
    file: str
    format: DiskFormat
    packing: Packing
    size: int
    virtual_size: int
    sha256: str = Digest
    packages: tuple[PackageRecord, ...] = ()
    operations: tuple[OperationRecord, ...] = ()
    declared: tuple[GuestText, ...] = ()
    kept: tuple[KeptRecord, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    audit: AuditRecord | None = None
    expectation: ExpectationRecord | None = None
    machine: MachineRecord | None = None
    verification: VerificationRecord | None = None

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    def as_bytes(self) -> bytes:
        """Indented JSON with a final newline."""
        return self.model_dump_json(by_alias=True, indent=2).encode() + b"\n"


def read_manifest(path: Path) -> Manifest:
    """Read and validate. Raises InputError where it is missing, too long, or not a manifest of this schema."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise InputError(f"the manifest {path} cannot be read: {error.strerror}") from error
    if len(data) > LIMIT:
        raise InputError(f"the manifest {path} is longer than {LIMIT} bytes")
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{path} is no manifest of goldsmith: {where or 'document'}: {first['msg']}",
            hint="build the image again, or remove it from the pool",
        ) from error
