"""What a recipe says, as frozen models: the sections that are the recipe's own, and the Recipe that a build works from.

Bases and customizations bring their own models (`Source`, `Customization`), found by their keys in the registries.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from goldsmith.base.source import Source, wrong
from goldsmith.customization.customization import Customization
from goldsmith.customization.fields import HostPath, SecretName, VariableName
from goldsmith.errors import InputError
from goldsmith.findings import HostPlace
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.select import select, with_users
from goldsmith.generalization.sparing import Keep
from goldsmith.generalization.virt_sysprep import CHOICES, Tool, Wish
from goldsmith.recipe.document import Document, Loc
from goldsmith.recipe.guest_pattern import GuestPattern
from goldsmith.recipe.section import NonEmpty, Section
from goldsmith.recipe.size import parse_size
from goldsmith.recipe.verify import VerifySection
from goldsmith.secrets import SecretSource

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+~-]{0,30}[A-Za-z0-9])?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
OWN_VARIABLES = ("name", "version", "arch")
"""What templates may name in every recipe."""


def _name(value: str) -> str:
    if "/" in value:
        raise wrong("contains a slash", "the name becomes a file's name, not a path; `--pool` chooses the folder")
    if not NAME.fullmatch(value):
        raise wrong("is no name", "letters, digits, `.`, `_` and `-`, at most 64, a letter or digit at both ends")
    return value


def _version(value: str) -> str:
    if not VERSION.fullmatch(value):
        raise wrong("is no version", 'letters, digits, `.`, `_`, `+`, `~` and `-`, such as "1.0" or "2026.09.1"')
    if "-v" in value:
        raise wrong("contains -v, which separates it from the name in the image's file name", "write it without -v")
    return value


def _size(value: object) -> object:
    if isinstance(value, str):
        try:
            return parse_size(value)
        except ValueError as error:
            raise wrong(str(error), "a whole number and K, M, G or T (powers of 1024), such as 10G") from error
    if isinstance(value, int | float):
        raise wrong("is a number without a unit", "K, M, G or T (powers of 1024) behind it, such as 10G")
    return value


def _variables(value: dict[str, str]) -> Mapping[str, str]:
    for name in value:
        if name in OWN_VARIABLES:
            raise wrong(f"sets `{name}`, which every recipe has from its key `{name}`", "choose another name")
        if not VARIABLE.fullmatch(name):
            raise wrong(f"has `{name}`, which is no name", "letters, digits and `_`, not beginning with a digit")
    return MappingProxyType(value)


def _operations(value: str) -> str:
    try:
        select(value)
    except InputError as error:
        raise wrong(f"is no list of operations: {error.message}", error.hint) from error
    return value


def _tools(value: object) -> object:
    """One word, or the two in the order in which they work."""
    said = value if isinstance(value, list | tuple) else [value]
    if (chosen := tuple(said)) in CHOICES:
        return chosen
    shown = " ".join(str(each) for each in said)[:60]
    raise wrong(f"cannot be `{shown}`", "known: goldsmith, virt-sysprep, or both: [virt-sysprep, goldsmith]")


def host_arch() -> str:
    """This host's architecture, by the kernel's name."""
    return platform.machine()


Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"pattern": f"^{NAME.pattern}$"})]
Version = Annotated[str, AfterValidator(_version), Field(json_schema_extra={"pattern": f"^{VERSION.pattern}$"})]
Arch = Literal["x86_64", "aarch64"]
Operations = Annotated[str, StringConstraints(min_length=1), AfterValidator(_operations)]
Size = Annotated[
    int, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]* ?[KMGTkmgt](i[Bb])?$"})
]
Tools = Annotated[
    tuple[Tool, ...],
    BeforeValidator(_tools),
    WithJsonSchema({"enum": [*(tool.value for tool in Tool), *(list(choice) for choice in CHOICES)]}),
]
Variables = Annotated[
    dict[str, str],
    AfterValidator(_variables),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^{VARIABLE.pattern}$", "not": {"enum": list(OWN_VARIABLES)}},
            "additionalProperties": {"type": "string"},
        }
    ),
]


class SecretEntry(Section):
    """Where the value of one secret is: exactly one of the two. It is read when a build begins, and kept nowhere."""

    env: VariableName | None = None
    """An environment variable of goldsmith."""
    file: HostPath | None = None
    """A file of the host; a relative path starts at the recipe's folder."""

    @model_validator(mode="after")
    def _one(self) -> SecretEntry:
        if (self.env is None) == (self.file is None):
            raise wrong("names no place or two", "give `env:` or `file:`, such as {env: REGISTRY_TOKEN}")
        return self

    @property
    def source(self) -> SecretSource:
        return SecretSource(self.env, self.file)


class DiskSection(Section):
    """The image's virtual disk."""

    size: Size | None = None
    """Its size, such as 10G. Default: the base's own; never smaller."""


class KeepEntry(Section):
    """One thing that generalizing leaves where it is."""

    path: GuestPattern
    """A path of the guest, kept with all below it; `*`, `?` and `[…]` match as in a shell, `**` crosses slashes."""
    reason: NonEmpty
    """Why a clone may have it: goes into the report."""


class GeneralizeSection(Section):
    """What is removed so that clones differ and nothing of the build stays."""

    operations: Operations = "defaults"
    """virt-sysprep's list syntax: `defaults,-logfiles`."""
    keep: tuple[KeepEntry, ...] = ()
    """What to leave where it is, with the reason."""
    keep_user_accounts: tuple[NonEmpty, ...] = ()
    """Accounts that `user-account` leaves, beside those that the recipe makes or expects."""
    remove_user_accounts: tuple[NonEmpty, ...] = ()
    """The only accounts that `user-account` removes; one that is also to be kept stays."""
    scripts: tuple[NonEmpty, ...] = ()
    """Scripts of the host, relative to the recipe's folder. Each runs confined inside the guest, before anything is
    planned (virt-sysprep's `--script` runs on the host)."""
    clean_scripts: StrictBool = False
    """Whether the guest's /etc/cloud/clean.d runs inside the guest first, as `cloud-init clean` would run it."""
    tools: Tools = Field(default=(Tool.GOLDSMITH,), alias="with")
    """Who does it: `goldsmith`; or `virt-sysprep`, the real one, never with its `customize`, and goldsmith names what
    it left; or both, `[virt-sysprep, goldsmith]`."""

    @property
    def by_virt_sysprep(self) -> bool:
        return Tool.VIRT_SYSPREP in self.tools

    @property
    def by_goldsmith(self) -> bool:
        return Tool.GOLDSMITH in self.tools

    def wish(self, users: Collection[str] = ()) -> Wish:
        """What virt-sysprep is told; `users` are in the guest on purpose."""
        keep = (*self.keep_user_accounts, *sorted(users))
        return Wish(self.operations, keep, self.remove_user_accounts)

    @model_validator(mode="after")
    def _accounts_are_for_an_operation(self) -> GeneralizeSection:
        try:
            self.selected()
        except InputError as error:
            raise wrong(error.message, error.hint) from error
        return self

    def selected(self) -> tuple[Operation, ...]:
        """The operations, told of the accounts that the recipe names."""
        return with_users(select(self.operations), keep=self.keep_user_accounts, remove=self.remove_user_accounts)

    def kept(self) -> tuple[Keep, ...]:
        """What planning spares."""
        return tuple(Keep(each.path, each.reason) for each in self.keep)


class WaiveEntry(Section):
    """One finding of the audit that is taken as it is."""

    rule: NonEmpty
    """The rule's code, such as GS314."""
    path: GuestPattern | None = None
    """Only at this path of the guest and below; `*`, `?` and `[…]` match as in a shell, `**` crosses slashes."""
    reason: NonEmpty
    """Why clones may have it: goes into the manifest."""


class AuditSection(Section):
    """What the audit of the sealed image lets pass."""

    waive: tuple[WaiveEntry, ...] = ()
    """Findings that do not stop the build, each with the reason."""


class SealSection(Section):
    """How the finished disk is packed."""

    format: Literal["qcow2", "raw"] = "qcow2"
    """The image's format."""
    compression: Literal["zstd", "zlib", "none"] | None = None
    """How a qcow2 image is compressed. Default: zstd, which QEMU reads since 5.1. A raw image has none."""

    @model_validator(mode="after")
    def _raw_has_no_compression(self) -> SealSection:
        if self.format == "raw" and self.compression not in {None, "none"}:
            raise wrong("asks for a compressed raw image", "qcow2 can be compressed; raw cannot")
        return self

    @property
    def packing(self) -> str:
        """One word: raw, qcow2/zstd, qcow2/zlib or qcow2/none."""
        return self.format if self.format == "raw" else f"{self.format}/{self.compression or 'zstd'}"


class Sections(Section):
    """The recipe's own keys; `base`, `customize` and those of top-level customizations have their own models."""

    name: Name
    """The image's name, the first part of its file's name."""
    version: Version
    """The image's version, in quotes: YAML makes a number of 1.0. An admitted version never changes."""
    arch: Arch | None = None
    """The guest's architecture. Default: the host's."""
    vars: Variables = Field(default_factory=lambda: MappingProxyType({}))  # type: ignore[arg-type]
    """Variables for templates, beside name, version and arch; `--set NAME=VALUE` replaces one."""
    secrets: dict[SecretName, SecretEntry] = Field(default_factory=dict)
    """Secrets that steps name, by name: `{token: {env: REGISTRY_TOKEN}}`. A step finds one in /run/secrets/NAME."""
    disk: DiskSection = DiskSection()
    """The image's virtual disk."""
    generalize: GeneralizeSection = GeneralizeSection()
    """What is removed so that clones differ and nothing of the build stays."""
    seal: SealSection = SealSection()
    """How the finished disk is packed."""
    audit: AuditSection = AuditSection()
    """What the audit of the sealed image lets pass."""
    verify: VerifySection = VerifySection()
    """How the sealed image is proven on booted clones."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make. Relative host paths start at `folder`.

    `digest` is SHA-256 over the meaning of the recipe and its variables: comments, quotes and the order of keys do not
    change it; what stands in files that it names is not part of it. `settings` are the customizations that are keys of
    the recipe itself, by key; `customize` the steps, in order. `variables` are what templates may name.
    `secrets` says where the value of each secret is, never what it is.
    """

    path: Path
    digest: str
    document: Document
    name: str
    version: str
    arch: str
    base: Source
    disk: DiskSection
    settings: Mapping[str, Customization]
    customize: tuple[Customization, ...]
    generalize: GeneralizeSection
    seal: SealSection
    verify: VerifySection
    variables: Mapping[str, str]
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    audit: AuditSection = field(default_factory=AuditSection)

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def stem(self) -> str:
        """The image file's name without its suffix: rocky10-base-v1.0."""
        return f"{self.name}-v{self.version}"

    @property
    def customizations(self) -> tuple[Customization, ...]:
        """All of them in the order in which they are performed.

        The steps come first: they may install or replace the cloud-init whose configuration the defaults work on. The
        datasource comes last: its file has to sort behind all others.
        """
        last = sorted(self.settings, key=lambda key: (key == "datasource", key))
        return (*self.customize, *(self.settings[key] for key in last))

    @property
    def datasource(self) -> Customization | None:
        """What the recipe says about datasources, if anything."""
        return self.settings.get("datasource")

    @property
    def defaults(self) -> Customization | None:
        """The recipe's cloud-init defaults, if any."""
        return self.settings.get("defaults")

    def place(self, *loc: str | int, key: bool = False) -> HostPlace:
        """Where a value (or its key) stands in the file: `place("verify", "expect", "users", "present", 0)`."""
        way: Loc = loc
        return self.document.place(way, key=key)
