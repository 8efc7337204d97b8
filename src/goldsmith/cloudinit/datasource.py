"""Whether cloud-init runs in a machine without user-data, where its data comes from, and how an image decides it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from goldsmith.cloudinit.effective import CLOUD_CFG_D, CMDLINE, effective
from goldsmith.cloudinit.identify import DISABLED, DS_IDENTIFY_CFG, Policy, identify, read_list, read_policy, sorts_last
from goldsmith.cloudinit.located import plain
from goldsmith.cloudinit.surroundings import EC2, OPENSTACK, QEMU, Surroundings
from goldsmith.cloudinit.version import NEWEST, OLDEST, Version, parse_version
from goldsmith.errors import InputError

SEED_FOLDERS = ("/var/lib/cloud/seed/nocloud", "/var/lib/cloud/seed/nocloud-net")
SEARCH_ANYWAY = "search,found=all,maybe=none,notfound=enabled"
DROP_IN = "goldsmith-datasource.cfg"
# In every version from 22.4 to 26.2 (settings.CFG_BUILTIN): a name that a version does not know is an error in its log.
EVERYWHERE = (
    "NoCloud", "ConfigDrive", "LXD", "OpenNebula", "DigitalOcean", "Azure", "AltCloud", "VMware", "OVF", "MAAS", "GCE",
    "OpenStack", "AliYun", "Vultr", "Ec2", "CloudSigma", "CloudStack", "SmartOS", "Bigstep", "Scaleway", "Hetzner",
    "IBMCloud", "Oracle", "Exoscale", "RbxCloud", "UpCloud", "NWCS", "None",
)  # fmt: skip


class Choice(StrEnum):
    """The recipe's `datasource:`."""

    LOCAL = "local"
    CLOUDS = "clouds"
    AS_BASE = "as-base"


class Seed(StrEnum):
    """What a clone is given. The first two are the two meanings of "no user-data"; the last two stand for clouds whose
    metadata service answers over the network.
    """

    NONE = "none"
    EMPTY_NOCLOUD = "nocloud-empty"
    USER_DATA = "nocloud-user-data"
    OPENSTACK = "openstack"
    EC2 = "ec2"


@dataclass(frozen=True, slots=True)
class Seedless:
    """What happens in a machine that is given no seed, or the one that was asked about.

    `datasources` is the list that cloud-init walks, None for its built-in one; `fallback` says that it ends in the
    datasource None, so that a first boot always finds one; `baked` that a NoCloud seed lies in the image; `why` is one
    line.
    """

    enabled: bool
    why: str
    datasources: tuple[str, ...] | None = None
    fallback: bool = False
    baked: bool = False


@dataclass(frozen=True, slots=True)
class DropIn:
    """A file to write into the image, 0644 and root's."""

    path: str
    content: bytes


def without_seed(
    files: Mapping[str, bytes], *, version: str | None = None, arch: str = "x86_64", cmdline: str = ""
) -> Seedless:
    """The decision for a machine without any seed.

    `files` are the image's files below /etc/cloud by guest path; ones below /var/lib/cloud/seed count too. `cmdline` is
    the kernel's. Where `version` is not known, both the oldest and the newest reading have to enable cloud-init.
    """
    return with_seed(files, Seed.NONE, version=version, arch=arch, cmdline=cmdline)


def with_seed(
    files: Mapping[str, bytes], seed: Seed, *, version: str | None = None, arch: str = "x86_64", cmdline: str = ""
) -> Seedless:
    """The decision for a machine that is given a seed."""
    known = parse_version(version)
    around = surroundings(seed, arch=arch, cmdline=cmdline)
    readings = [_decide(files, each, around) for each in ((known,) if known else (NEWEST, OLDEST))]
    return next((reading for reading in readings if not reading.enabled), readings[0])


def surroundings(seed: Seed, *, arch: str = "x86_64", cmdline: str = "") -> Surroundings:
    """The virtual machine that a seed stands for: one of QEMU, with a disk for NoCloud; or one of a cloud."""
    match seed:
        case Seed.NONE:
            return Surroundings(arch=arch, cmdline=cmdline, dmi=QEMU)
        case Seed.EMPTY_NOCLOUD | Seed.USER_DATA:
            return Surroundings(arch=arch, cmdline=cmdline, dmi=QEMU, labels=("cidata",))
        case Seed.OPENSTACK:
            return Surroundings(arch=arch, cmdline=cmdline, dmi=OPENSTACK)
        case Seed.EC2:
            return Surroundings(arch=arch, cmdline=cmdline, dmi=EC2)


def expected_datasource(decision: Seedless, seed: Seed) -> str | None:
    """The class of the datasource that a first boot ends with, such as DataSourceNoCloud, or None for none.

    Without a cloud nothing answers on the network: that a list holds real clouds only costs time.
    """
    if not decision.enabled:
        return None
    listed = None if decision.datasources is None else {name.lower() for name in decision.datasources}
    there = _CLASSES.get(seed)
    if there is not None and (listed is None or there[0].lower() in listed):
        return there[1]
    if decision.baked and (listed is None or "nocloud" in listed):
        return "DataSourceNoCloud"
    return "DataSourceNone" if decision.fallback else None


# The name in the list, and the class of the stage before the network, which finds it there already.
_CLASSES: Mapping[Seed, tuple[str, str]] = {
    Seed.EMPTY_NOCLOUD: ("NoCloud", "DataSourceNoCloud"),
    Seed.USER_DATA: ("NoCloud", "DataSourceNoCloud"),
    Seed.OPENSTACK: ("OpenStack", "DataSourceOpenStackLocal"),
    Seed.EC2: ("Ec2", "DataSourceEc2Local"),
}


def _decide(files: Mapping[str, bytes], version: Version, around: Surroundings) -> Seedless:
    identified = identify(files, version, around)
    own, above = _own_list(files, version, around.cmdline)
    datasources = identified.datasources if identified.datasources is not None and not above else own
    return Seedless(
        enabled=identified.enabled,
        why=identified.why,
        datasources=datasources,
        fallback=identified.enabled and (datasources is None or "None" in datasources),
        baked=_has_seed_folder(files),
    )


def _has_seed_folder(files: Mapping[str, bytes]) -> bool:
    return any(f"{folder}/user-data" in files and f"{folder}/meta-data" in files for folder in SEED_FOLDERS)


def _own_list(
    files: Mapping[str, bytes], version: Version | None = None, cmdline: str = ""
) -> tuple[tuple[str, ...] | None, bool]:
    """The list as cloud-init itself reads it, None for its built-in one, which ends in None; and whether it stands on
    the kernel's command line, which outranks what ds-identify hands on.
    """
    known = f"{version[0]}.{version[1]}" if version is not None else None
    value = effective(files, version=known, cmdline=cmdline).values_builtin.data["datasource_list"]
    if value.mark is None:
        return None, False
    listed = plain(value)
    return tuple(map(str, listed)) if isinstance(listed, list) else (), value.mark.file == CMDLINE


def drop_ins(choice: Choice, files: Mapping[str, bytes]) -> tuple[DropIn, ...]:
    """The files that make the choice true in an image with these files; () where nothing has to be written.

    Raises InputError where no drop-in can do it: cloud-init.disabled is there, or another file sorts behind ours
    everywhere.
    """
    if choice is Choice.AS_BASE:
        return ()
    if DISABLED in files:
        raise InputError(
            f"datasource: {choice} cannot work: {DISABLED} is in the image",
            hint=f"add the step `- delete: [{DISABLED}]`",
        )
    made = _local(files) if choice is Choice.LOCAL else _clouds(files)
    _check(choice, {**files, **{each.path: each.content for each in made}})
    return made


def _local(files: Mapping[str, bytes]) -> tuple[DropIn, ...]:
    listing = _listing(files, ("NoCloud", "None"), "only a local seed or none: the image's defaults always apply")
    return (listing, *_neutral_policy(files))


def _neutral_policy(files: Mapping[str, bytes]) -> tuple[DropIn, ...]:
    """ds-identify.cfg outranks the list: what it says about mode or datasource has to go."""
    if all(read_policy(files, version) == Policy() for version in (OLDEST, NEWEST)):
        return ()
    return (DropIn(DS_IDENTIFY_CFG, b"# goldsmith: datasource_list in cloud.cfg.d decides\n"),)


def _clouds(files: Mapping[str, bytes]) -> tuple[DropIn, ...]:
    text = f"# goldsmith: without a datasource cloud-init runs all the same\npolicy: {SEARCH_ANYWAY}\n"
    policy = DropIn(DS_IDENTIFY_CFG, text.encode())
    own, _ = _own_list(files)
    seen = {read_list(files, version) for version in (OLDEST, NEWEST)}
    if own is None and seen == {None}:
        return (policy,)
    real = [name for name in own or () if name != "None"]
    names = (*real, "None") if len(real) > 1 else EVERYWHERE
    if seen == {names}:
        return (policy,)
    return (_listing(files, names, "every cloud, and None where none is found"), policy)


def _listing(files: Mapping[str, bytes], names: Iterable[str], why: str) -> DropIn:
    """One line, in a file that is the last for cloud-init and for ds-identify."""
    others = [posixpath.basename(path) for path in files if posixpath.dirname(path) == CLOUD_CFG_D]
    others = [name for name in others if not re.fullmatch(rf"z+-{re.escape(DROP_IN)}", name)]
    candidates = (f"{'z' * count}-{DROP_IN}" for count in range(4, 16))
    name = next((name for name in candidates if sorts_last(name, others)), f"zzzz-{DROP_IN}")
    text = f"# goldsmith: {why}\ndatasource_list: [{', '.join(names)}]\n"
    return DropIn(f"{CLOUD_CFG_D}/{name}", text.encode())


def _check(choice: Choice, files: Mapping[str, bytes]) -> None:
    """What was made has to be what both readings see, and what cloud-init reads."""
    for version in ("22.4", "26.2"):
        decision = without_seed(files, version=version)
        own, _ = _own_list(files)
        if not (decision.enabled and decision.fallback) or (choice is Choice.LOCAL and own != ("NoCloud", "None")):
            raise InputError(
                f"datasource: {choice} cannot work: a file of {CLOUD_CFG_D} sets datasource_list and sorts behind ours"
                f" ({decision.why})",
                hint=f"remove datasource_list from it, or rename it: {_blame(files)}",
            )


def _blame(files: Mapping[str, bytes]) -> str:
    setting = sorted(path for path, content in files.items() if b"datasource_list" in content and DROP_IN not in path)
    return ", ".join(setting) or "none is known"
