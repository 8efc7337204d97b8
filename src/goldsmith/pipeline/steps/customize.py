"""Bake the policy in: the recipe's steps in order, the drop-ins for cloud-init last."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from goldsmith.cloudinit.datasource import without_seed
from goldsmith.cloudinit.files import read_configuration
from goldsmith.customization.customization import Session
from goldsmith.errors import InputError
from goldsmith.events import Emit, Note
from goldsmith.generalization.purpose import purpose_of
from goldsmith.guest.guest import Guest
from goldsmith.guest.info import INFO_ROOTS, GuestInfo, read_info
from goldsmith.guest.packages import Package, installed
from goldsmith.pipeline.record import CUSTOMIZE_LOG
from goldsmith.pipeline.step import step
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.secrets import NO_SECRETS, Secrets


@dataclass(frozen=True, slots=True)
class Customized:
    """What the customizations left: `declared` are the paths that they put there on purpose, `people` the accounts of
    people that they made.
    """

    info: GuestInfo
    declared: frozenset[str]
    packages: tuple[Package, ...]
    said: tuple[str, ...]
    people: frozenset[str] = frozenset()

    @property
    def summary(self) -> str:
        return f"{len(self.said)} steps, {len(self.packages)} packages installed" if self.said else "nothing to do"


@step("customize")
def customize(emit: Emit, guest: Guest, recipe: Recipe, record: Path, secrets: Secrets = NO_SECRETS) -> Customized:
    """What guest programs print goes to a log in the folder `record`, without the secrets."""
    info = read_info(guest.index(INFO_ROOTS), guest.read)
    if recipe.datasource is None:
        _require_datasource(guest, info, recipe)
    log = record / CUSTOMIZE_LOG
    before = purpose_of(guest)

    def output(printed: bytes) -> None:
        with log.open("ab") as file:
            file.write(printed)

    session = Session(
        guest=guest,
        info=info,
        folder=recipe.folder,
        variables=recipe.variables,
        emit=emit,
        output=output,
        secrets=secrets,
    )
    said = []
    for customization in recipe.customizations:
        started = time.monotonic()
        summary = customization.perform(session)
        emit(Note(f"{customization.KEY}: {summary} ({time.monotonic() - started:.1f} s)"))
        said.append(f"{customization.KEY}: {summary}")
    guest.sync()
    meant = purpose_of(guest).since(before)
    declared = frozenset(session.declared) | meant.paths
    return Customized(info, declared, installed(guest), tuple(said), meant.people)


def _require_datasource(guest: Guest, info: GuestInfo, recipe: Recipe) -> None:
    """Before any work: an image whose clones never run cloud-init has to be asked for.

    The recipe's own defaults count, as they do for lint.
    """
    if info.cloud_init_version is None:
        return
    files, defaults = read_configuration(guest), drop_in(recipe)
    if defaults.content:
        files[defaults.path] = defaults.content
    seedless = without_seed(files, version=info.cloud_init_version, arch=info.arch)
    if not seedless.enabled:
        raise InputError(
            f"without a seed no clone of this base would run cloud-init: {seedless.why}",
            hint="add to the recipe `datasource: local` (defaults apply with no seed), `datasource: clouds`"
            " (every cloud, and defaults where none is found), or `datasource: as-base` (leave it so)",
        )
