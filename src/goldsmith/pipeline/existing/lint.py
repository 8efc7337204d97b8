"""Lint what is there: a recipe, a file of cloud-init's configuration, or that of a directory or a disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from goldsmith.base.cloud_init_schema import cached_schema, fetch_schema
from goldsmith.cloudinit.effective import CLOUD_CFG_D
from goldsmith.cloudinit.files import LIMIT
from goldsmith.cloudinit.shipped import Shipped, shipped_by
from goldsmith.cloudinit.version import parse_version
from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.errors import InputError, RecipeError
from goldsmith.events import Emit, ignore
from goldsmith.findings import Finding, HostPlace, Severity, tally
from goldsmith.guest.open import choose_engine
from goldsmith.pipeline.steps.cloud_config import cloud_config_of, places_in
from goldsmith.pipeline.steps.guest import opened
from goldsmith.recipe.load import load
from goldsmith.rules.cloudconfig.configfile import ConfigFile
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.rules.cloudconfig.subject import CloudConfig
from goldsmith.rules.recipe.lint import lint as lint_recipe
from goldsmith.settings import scratch_dir

HEADER = b"#cloud-config"
ETC_CLOUD = "/etc/cloud"
OWN_TABLE = "goldsmith's own table of keys and modules"


class Kind(StrEnum):
    """What the argument of lint and explain is."""

    RECIPE = "recipe"
    CLOUD_CONFIG = "cloud-config"
    TREE = "tree"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Linted:
    """`against` says which schema of cloud-init judged the configuration, or that none was at hand. `root` is the
    directory in which places lie, where a directory was judged.
    """

    kind: Kind
    findings: tuple[Finding, ...]
    against: str | None = None
    root: Path | None = None

    @property
    def errors(self) -> int:
        return sum(finding.severity is Severity.ERROR and finding.waived is None for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        return {
            "kind": self.kind.value,
            "schema_used": self.against,
            "findings": [finding.as_json() for finding in self.findings],
        }

    @property
    def summary(self) -> str:
        allowed = sum(finding.waived is not None for finding in self.findings)
        others = len(self.findings) - self.errors - allowed
        return tally(self.errors, others) + (f", {allowed} allowed" if allowed else "")


def kind_of(path: Path) -> Kind:
    """What an argument is: a directory is a tree; `.cfg` or a first line `#cloud-config` a cloud configuration; `.yaml`
    a recipe; anything else a disk. Raises InputError where nothing is there.
    """
    if path.is_dir():
        return Kind.TREE
    if path.exists() and not (path.is_file() or path.is_block_device()):
        raise InputError(f"{path} is neither a file nor a directory")
    try:
        with path.open("rb") as file:
            head = file.read(len(HEADER) + 3).removeprefix(b"\xef\xbb\xbf")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if path.suffix == ".cfg" or head.startswith(HEADER):
        return Kind.CLOUD_CONFIG
    return Kind.RECIPE if path.suffix in {".yaml", ".yml"} else Kind.DISK


def lint_recipe_file(path: Path, sets: Mapping[str, str]) -> Linted:
    """Every problem of a recipe; of its cloud-init defaults too."""
    try:
        return Linted(Kind.RECIPE, tuple(lint_recipe(load(path, sets=sets))))
    except RecipeError as error:
        return Linted(Kind.RECIPE, error.findings)


def lint_file(path: Path, distro: str | None = None, *, fetch: bool = False, emit: Emit = ignore) -> Linted:
    """One file of cloud-init's configuration, judged by the schema in the cache; `fetch` has it fetched first. With
    `distro`, such as rocky/9, it lies over what that distribution is known to ship.

    Raises InputError where the file cannot be read or is larger than 1 MiB, or nothing is known of the distribution.
    """
    below = known_distro(distro) if distro is not None else None
    content = read_small(path)
    name = str(path)
    inside = path.name if path.name.endswith(".cfg") else f"{path.name}.cfg"
    file_ = ConfigFile(f"{CLOUD_CFG_D}/{inside}", content, lambda line, column: HostPlace(name, line, column))
    shipped = below.files if below is not None else {}
    schema = fetch_schema(emit) if fetch else cached_schema()
    subject = CloudConfig(
        (*(ConfigFile(each, content, places_in(each, None), vendor=True) for each, content in shipped.items()), file_),
        whole=False,
        version=parse_version(below.version) if below is not None else None,
        schema=schema.schema if schema is not None else None,
    )
    against = f"the schema of cloud-init {schema.version}, of this host's distribution" if schema else OWN_TABLE
    return Linted(Kind.CLOUD_CONFIG, tuple(lint(subject)), against)


def known_distro(name: str) -> Shipped:
    """What is known of a distribution. Raises InputError."""
    shipped = shipped_by(name)
    if shipped is None:
        raise InputError(
            f"nothing is known of what {name} ships for cloud-init", hint="for example debian/12, debian/13 or rocky/9"
        )
    return shipped


def read_small(path: Path) -> bytes:
    """A file of the host as far as goldsmith reads a configuration. Raises InputError where it cannot be read, or is
    larger than 1 MiB: cloud-init reads larger ones, nobody writes them.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a regular file")
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > LIMIT:
        raise InputError(f"{path} is larger than {LIMIT >> 20} MiB: this is no configuration")
    return content


def lint_guest(where: Disk | Path, *, engine: str | None, emit: Emit) -> Linted:
    """The cloud configuration of a directory or a disk, which is opened read-only."""
    tree = isinstance(where, Path)
    chosen, why = choose_engine(engine, None, tree=tree)
    with (
        lease(scratch_dir()) as scratch,
        opened(emit, where, chosen, why, scratch=scratch, read_only=True) as guest,
    ):
        if guest.index((ETC_CLOUD,)).resolve(ETC_CLOUD) is None:
            raise InputError(
                "there is no /etc/cloud: no cloud-init to judge",
                hint="name the root of an installed system, a disk that holds one, a recipe or a .cfg file",
            )
        root = where if isinstance(where, Path) else None
        subject = cloud_config_of(guest, root)
    return Linted(Kind.TREE if tree else Kind.DISK, tuple(lint(subject)), _against(subject), root)


def _against(subject: CloudConfig) -> str:
    if subject.schema is None:
        return OWN_TABLE
    version = ".".join(map(str, subject.version)) if subject.version else "of an unknown version"
    return f"the image's own schema, cloud-init {version}"
