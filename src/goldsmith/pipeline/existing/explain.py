"""Explain what cloud-init will do: of a directory, a disk, a recipe, or one file of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from goldsmith.cloudinit.cmdline import configuration_of
from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.effective import CLOUD_CFG_D, Effective, effective
from goldsmith.cloudinit.explanation import Explanation
from goldsmith.cloudinit.first_boot import FirstBoot
from goldsmith.cloudinit.first_boot_files import FirstBootImage, read_image
from goldsmith.cloudinit.first_boot_modules import module_runs
from goldsmith.cloudinit.located import assuming
from goldsmith.cloudinit.shipped import Shipped, shipped_by
from goldsmith.cloudinit.users import users_of
from goldsmith.cloudinit.version import NEWEST, OLDEST, Version, parse_version
from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import lease
from goldsmith.errors import InputError
from goldsmith.events import Emit
from goldsmith.findings import Finding, printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.info import INFO_ROOTS, GuestInfo, read_info
from goldsmith.guest.open import choose_engine
from goldsmith.pipeline.existing.lint import Kind, lint_file, read_small
from goldsmith.pipeline.steps.cloud_config import cloud_config_of
from goldsmith.pipeline.steps.guest import opened
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.settings import scratch_dir


@dataclass(frozen=True, slots=True)
class Ground:
    """What is explained: the files that decide, by guest path, and what is known of the image around them. `assumed`
    are files that nobody looked at; `installed` are the names of packages, None where they are not known.
    """

    subject: str
    kind: Kind
    files: Mapping[str, bytes]
    version: str | None
    arch: str = "x86_64"
    cmdline: str = ""
    info: GuestInfo | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    assumed: frozenset[str] = frozenset()
    installed: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What clones are taken to be given: user-data, None where it is not known, and how many SSH keys a cloud's
    metadata brings.
    """

    user_data: bytes | None = None
    keys: int = 1


def read_given(user_data: Path | None, keys: int) -> Given:
    """Raises InputError where the file with user-data cannot be read or is larger than 1 MiB."""
    return Given(read_small(user_data) if user_data is not None else None, keys)


def explain_guest(
    where: Disk | Path, *, engine: str | None, cmdline: str | None, given: Given, emit: Emit
) -> Explanation:
    """Of a directory that contains etc/cloud, or of a disk, which is opened read-only.

    Raises InputError where there is no /etc/cloud.
    """
    tree = isinstance(where, Path)
    chosen, why = choose_engine(engine, None, tree=tree)
    with (
        lease(scratch_dir()) as scratch,
        opened(emit, where, chosen, why, scratch=scratch, read_only=True) as guest,
    ):
        root = where if isinstance(where, Path) else None
        subject = str(where if isinstance(where, Path) else where.path)
        ground = ground_of(guest, subject, Kind.TREE if tree else Kind.DISK, root=root, cmdline=cmdline)
    return explained(ground, given)


def explain_file(path: Path, distro: str, *, cmdline: str | None, given: Given) -> Explanation:
    """Of one file, as a drop-in over what a distribution ships. Raises InputError for an unknown distribution."""
    linted = lint_file(path)
    shipped = known_distro(distro)
    content = read_small(path)
    inside = f"{CLOUD_CFG_D}/{path.name if path.name.endswith('.cfg') else f'{path.name}.cfg'}"
    ground = Ground(
        subject=str(path),
        kind=Kind.CLOUD_CONFIG,
        files={**shipped.files, inside: content},
        version=shipped.version,
        cmdline=cmdline or "",
        findings=linted.findings,
        notes=(assumption(shipped, "one file says nothing of the others"),),
        assumed=frozenset(shipped.files),
    )
    return explained(ground, given)


def known_distro(name: str) -> Shipped:
    """What is known of a distribution. Raises InputError."""
    shipped = shipped_by(name)
    if shipped is None:
        raise InputError(
            f"nothing is known of what {name} ships for cloud-init", hint="for example debian/12, debian/13 or rocky/9"
        )
    return shipped


def assumption(shipped: Shipped, why: str) -> str:
    """The note that goes with everything that was not looked at."""
    return f"{why}: the rest is what {shipped.name} is known to ship, with cloud-init {shipped.version}"


def ground_of(
    guest: Guest, named: str, kind: Kind, *, root: Path | None, cmdline: str | None, judged: bool = True
) -> Ground:
    """Everything that decides in an open guest, and with `judged` what the rules say about it.

    Raises InputError where there is no /etc/cloud.
    """
    index = guest.index(("/etc/cloud", *INFO_ROOTS))
    if index.resolve("/etc/cloud") is None:
        raise InputError(
            f"{named} contains no etc/cloud: there is no cloud-init in it",
            hint="name the root of an installed system, a disk that holds one, a recipe or a .cfg file",
        )
    try:
        info = read_info(index, guest.read)
        image = read_image(guest)
    except InputError:
        # A bare root with etc/cloud alone.
        info, image = None, None
    subject = cloud_config_of(guest, root, cmdline=cmdline)
    return Ground(
        subject=named,
        kind=kind,
        files={**(image.files if image is not None else {}), **subject.contents},
        version=info.cloud_init_version if info is not None else None,
        arch=(info.arch if info is not None else "") or "x86_64",
        cmdline=subject.cmdline,
        info=info,
        findings=tuple(lint(subject)) if judged else (),
        notes=() if judged else tuple(f"{printable(each.path)}: {each.message}" for each in subject.unread),
        installed=image.installed if image is not None else None,
    )


def explained(ground: Ground, given: Given) -> Explanation:
    """The explanation of all that was gathered. Pure."""
    known = parse_version(ground.version)
    follows: Version = min(max(known, OLDEST), NEWEST) if known else NEWEST
    system = effective(ground.files, version=ground.version, cmdline=ground.cmdline)
    alive = system.fatal is None
    image = FirstBootImage(ground.files, ground.version, ground.arch, ground.installed)
    boots = tuple(_first_boot(image, seed, ground.cmdline, given) for seed in Seed)
    return Explanation(
        subject=ground.subject,
        kind=ground.kind.value,
        version=ground.version,
        follows=f"{follows[0]}.{follows[1]}",
        notes=(*ground.notes, *_notes(ground, system, known)),
        effective=replace(
            system,
            values=assuming(system.values, ground.assumed),
            values_builtin=assuming(system.values_builtin, ground.assumed),
        )
        if ground.assumed
        else system,
        runs=tuple(module_runs(system.modules, system.builtin, follows)) if alive else (),
        boots=boots,
        findings=ground.findings,
    )


def _first_boot(image: FirstBootImage, seed: Seed, cmdline: str, given: Given) -> FirstBoot:
    keys = tuple(f"key {number}" for number in range(given.keys)) if seed in {Seed.OPENSTACK, Seed.EC2} else ()
    return image.predict(seed, cmdline=cmdline, user_data=given.user_data or b"", keys=keys)


def _notes(ground: Ground, system: Effective, known: Version | None) -> list[str]:
    """What was assumed, and where another version of cloud-init would read the same files otherwise."""
    notes = []
    if known is None:
        notes.append(
            f"the version of cloud-init is not known: the newest that goldsmith knows, {NEWEST[0]}.{NEWEST[1]}"
        )
    elif not OLDEST <= known <= NEWEST:
        notes.append(f"cloud-init {ground.version} is not one of those that goldsmith was compared with")
    if system.fatal is not None:
        notes.append(f"cloud-init dies of this configuration, in every stage: {system.fatal}")
    if "datasource_list" not in system.config:
        notes.append("no file sets datasource_list: the list that is built in counts")
    if users_of(system.config, OLDEST) != users_of(system.config, NEWEST):
        notes.append("for the default user's own entry in `users`, the entry wins since 26.2, default_user before")
    if configuration_of(ground.cmdline, OLDEST) != configuration_of(ground.cmdline, NEWEST):
        notes.append("`cc:` inside of a word of the kernel's command line counts before 23.4")
    return notes
