"""What a first boot does, predicted from an image's files, without booting it.

Pure. Where versions of cloud-init differ, the rules of the version found in the image are followed; `FirstBoot.follows`
says which. The predictions are compared with real first boots of 22.4 and 25.1 in the tests.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from goldsmith.cloudinit.datasource import Seed, expected_datasource, with_seed
from goldsmith.cloudinit.document import Effect
from goldsmith.cloudinit.effective import Effective, effective
from goldsmith.cloudinit.first_boot_applied import Applied
from goldsmith.cloudinit.first_boot_modules import Frequency, ModuleRun, module_runs
from goldsmith.cloudinit.first_boot_packages import Packages, packages_of
from goldsmith.cloudinit.first_boot_record import DIES, FirstBoot
from goldsmith.cloudinit.first_boot_user_data import read_user_data
from goldsmith.cloudinit.merging import fold
from goldsmith.cloudinit.modules import read_stages
from goldsmith.cloudinit.version import NEWEST, OLDEST, Version, parse_version

__all__ = ["FALLBACK", "FirstBoot", "predict"]

SEMAPHORES_OF_NONE = "/var/lib/cloud/instances/iid-datasource-none/sem/"
FALLBACK = "Used fallback datasource"
# Before, the warning also came where the list names nothing else.
ALONE_SINCE: Version = (24, 2)


def predict(
    files: Mapping[str, bytes],
    seed: Seed = Seed.NONE,
    *,
    version: str | None = None,
    arch: str = "x86_64",
    cmdline: str = "",
    user_data: bytes = b"",
    keys: Collection[str] = (),
    installed: Collection[str] | None = None,
    network: bool | None = None,
) -> FirstBoot:
    """The first boot of an image with these files, by guest path; see `first_boot_files.read_first_boot`.

    Files that are missing count as not there, but for passwd, shadow and sshd_config, without which nothing is said
    about accounts and logins of the image itself. `version` is cloud-init's; the newest is assumed where it is not
    known. `keys` are the public keys that the metadata of a cloud or of a seed holds, `installed` the names of the
    packages that are there (None: unknown), `network` whether one reaches the package mirrors (None: unknown).
    """
    known = parse_version(version)
    follows = min(max(known, OLDEST), NEWEST) if known else NEWEST
    system = effective(files, version=version, cmdline=cmdline)
    decision = with_seed(files, seed, version=version, arch=arch, cmdline=cmdline)
    datasource = expected_datasource(decision, seed)
    runs, why, errors = decision.enabled, decision.why, []
    if runs and system.fatal is not None:
        errors.append(f"{DIES}: {system.fatal}")
        datasource = None
    elif runs and datasource is None:
        errors.append("No instance datasource found: nothing of the configuration is applied")
    applied = datasource is not None
    given = user_data if seed not in {Seed.NONE, Seed.EMPTY_NOCLOUD} else b""
    config, notes = _with_user_data(system, given if applied else b"")
    modules = _modules(files, config, follows, datasource) if applied else ()
    after = Applied(files, config, follows, frozenset(each.name for each in modules if each.runs), len(keys))
    packages = packages_of(config, installed) if after.ran("package_update_upgrade_install") else Packages()
    if network is False and packages.asks_mirrors:
        errors.append("package_update_upgrade_install fails: no package mirror can be reached")
    warnings = [f"Failed loading yaml blob: {each}" for each in system.problems if each.effect is Effect.DROPPED]
    warnings += [f"Could not find module named {each.name}" for each in modules if each.unknown]
    alone = decision.datasources == ("None",) and follows >= ALONE_SINCE
    if datasource == "DataSourceNone" and after.ran("final_message") and not alone:
        warnings.append(FALLBACK)
    return FirstBoot(
        seed=seed,
        version=version,
        follows=f"{follows[0]}.{follows[1]}",
        runs=runs,
        why=why,
        datasource=datasource,
        modules=modules,
        accounts=after.accounts(),
        logins=after.logins(),
        packages=packages,
        host_keys=after.host_keys(runs=runs),
        finished=after.ran("final_message"),
        errors=tuple(errors),
        warnings=(*notes, *warnings) if runs else (),
        metadata_keys=len(keys),
        user_data=bool(given),
    )


def _with_user_data(system: Effective, user_data: bytes) -> tuple[dict[Any, Any], tuple[str, ...]]:
    """The configuration that modules see. The distribution's object is made before user-data is known."""
    given, notes = read_user_data(user_data)
    below = dict(system.builtin)
    return {**fold([given, below]), "system_info": below["system_info"]} if given else below, notes


def _modules(
    files: Mapping[str, bytes], config: Mapping[Any, Any], version: Version, datasource: str | None
) -> tuple[ModuleRun, ...]:
    runs = module_runs(read_stages(config), config, version)
    # DataSourceNone is always the same instance: an image that booted with it once has its semaphores.
    stale = datasource == "DataSourceNone" and any(path.startswith(SEMAPHORES_OF_NONE) for path in files)
    return tuple(
        replace(each, runs=False, why="this instance booted before, in the image")
        if stale and each.runs and each.frequency is Frequency.INSTANCE
        else each
        for each in runs
    )
