"""What is expected of a clone: what the recipe says, and what cloud-init's configuration in the image predicts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from goldsmith.cloudinit.datasource import Choice, Seed, Seedless, expected_datasource, with_seed
from goldsmith.cloudinit.effective import Effective, effective
from goldsmith.cloudinit.first_boot_applied import read_flag
from goldsmith.cloudinit.first_boot_packages import package_names
from goldsmith.cloudinit.first_boot_user_data import with_user_data
from goldsmith.cloudinit.users import User, users_of
from goldsmith.cloudinit.version import parse_version
from goldsmith.recipe.check import NO_CHECKS, Checks
from goldsmith.rules.probe import ANY_KEY, user_data


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of cloud-init: `key` is its path of keys, such as `system_info.default_user.name`, and `value` is JSON;
    None where it is not set.
    """

    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a recipe demands. `stated` is false where there is no recipe: then only invariants are judged.

    `users_present` and `users_absent` are names of accounts, `packages` those that have to be installed. `datasource`
    is the recipe's choice, None where it makes none: only with `as-base` may a clone without a seed be one without
    cloud-init. `enabled` are units that start by themselves, `may_fail` units that may fail; `effective` are settings
    of cloud-init by path of keys, with their value as JSON; `slower` is by how much a clone may be ready later than one
    of the version before, as a fraction, None for any time; `may_differ` are patterns of paths that differ between
    clones, `kept` of what the recipe keeps in the image; `checks` are the recipe's own.
    """

    stated: bool = False
    users_present: tuple[str, ...] = ()
    users_absent: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    datasource: Choice | None = None
    enabled: tuple[str, ...] = ()
    may_fail: tuple[str, ...] = ()
    effective: tuple[Setting, ...] = ()
    slower: float | None = None
    may_differ: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    checks: Checks = NO_CHECKS


INVARIANTS_ONLY = Expectation()
NOCLOUD = "DataSourceNoCloud"
# What a clone on this host can be given; for the others there has to be a cloud.
BOOTED = (Seed.NONE, Seed.EMPTY_NOCLOUD, Seed.USER_DATA)


@dataclass(frozen=True, slots=True)
class SeedPrediction:
    """What a first boot with one `seed` does: `enabled` says whether cloud-init runs, and `why`; `datasource` is the
    class that it ends with, None for none; `users` are those that it makes, None where they are the image's own.
    """

    seed: Seed
    enabled: bool
    why: str
    datasource: str | None
    users: tuple[User, ...] | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the image's own configuration says about a first boot without user-data, and with that of `rules.probe`.

    `seeds` holds what each seed changes; `users` are those that cloud-init makes, `default_user` the name of the
    default one among them, None where there is none. `modules` are those in any list; `packages` are what its
    `packages:` would install; `problems` what is wrong in the configuration, `fatal` what makes cloud-init die, None
    for nothing. `effective` are the settings that the recipe has expectations of. `ssh_passwords` is what it sets for
    sshd, None for nothing; `hostname` the name that it gives, None for none; `keeps_hostname`: cloud-init leaves the
    name of the image.
    """

    seeds: tuple[SeedPrediction, ...]
    users: tuple[User, ...]
    default_user: str | None
    modules: tuple[str, ...]
    packages: tuple[str, ...]
    problems: tuple[str, ...] = ()
    fatal: str | None = None
    effective: tuple[Setting, ...] = ()
    ssh_passwords: bool | None = None
    hostname: str | None = None
    keeps_hostname: bool = False

    def of(self, seed: Seed) -> SeedPrediction:
        return next(each for each in self.seeds if each.seed is seed)

    def users_with(self, seed: Seed) -> tuple[User, ...]:
        """The users that cloud-init makes in a clone with this seed: user-data may replace the image's list."""
        told = next((each.users for each in self.seeds if each.seed is seed), None)
        return self.users if told is None else told

    def user(self, name: str) -> User | None:
        return next((user for user in self.users if user.name == name), None)


def predict(
    files: Mapping[str, bytes],
    *,
    version: str | None,
    arch: str = "x86_64",
    cmdline: str = "",
    asked: Iterable[str] = (),
) -> Prediction:
    """What clones of an image with these files will do; see `cloudinit.files.read_configuration`. `asked` are settings
    by path of keys.

    `version` is cloud-init's, None where the image has no cloud-init.
    """
    config = effective(files)
    fatal = str(config.fatal) if config.fatal else None

    def with_one(seed: Seed) -> SeedPrediction:
        if version is None:
            return SeedPrediction(seed, enabled=False, why="cloud-init is not installed", datasource=None)
        decision: Seedless = with_seed(files, seed, version=version, arch=arch, cmdline=cmdline)
        if decision.enabled and fatal:
            return SeedPrediction(seed, enabled=False, why=fatal, datasource=None)
        datasource = expected_datasource(decision, seed)
        users = None
        if seed is Seed.USER_DATA and datasource == NOCLOUD and config.runs("users_groups"):
            told, _ = with_user_data(config.config, user_data(ANY_KEY))
            users = users_of(told, parse_version(version))
        return SeedPrediction(seed, decision.enabled, decision.why, datasource, users)

    default = config.default_user(version)
    return Prediction(
        seeds=tuple(with_one(seed) for seed in BOOTED),
        users=config.users(version),
        default_user=default.name if default else None,
        modules=tuple(sorted({module.name for modules in config.modules.values() for module in modules})),
        packages=tuple(package_names(config.config.get("packages"))),
        problems=tuple(str(problem) for problem in config.problems),
        fatal=fatal,
        effective=tuple(_settings(effective(files, version=version, cmdline=cmdline).builtin, asked)),
        ssh_passwords=read_flag(config.config.get("ssh_pwauth")) if config.runs("set_passwords") else None,
        hostname=_hostname(config),
        keeps_hostname=read_flag(config.config.get("preserve_hostname")) is True,
    )


def _hostname(config: Effective) -> str | None:
    """The name that the configuration gives a machine; its seed and its cloud may give it another."""
    values = config.config
    if not (config.runs("set_hostname") or config.runs("update_hostname")):
        return None
    if read_flag(values.get("preserve_hostname")) or read_flag(values.get("create_hostname_file")) is False:
        return None
    named = values.get("hostname") or values.get("fqdn")
    return str(named) if named and "$" not in str(named) and "{" not in str(named) else None


def _settings(config: object, asked: Iterable[str]) -> Iterator[Setting]:
    for key in asked:
        value: object = config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        yield Setting(key, None if value is None else as_json(value))


def as_json(value: object) -> str:
    """One text for equal values; what JSON does not know is told in words."""
    return json.dumps(value, sort_keys=True, default=str)
