"""What happens to the guest's tree between the overlay and the seal: customize, generalize, label.

In one session of the guest; where the recipe asks for virt-sysprep, which opens the disk itself, in one before and one
after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from goldsmith.disk.disk import Disk
from goldsmith.events import Emit
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.select import sparing_users
from goldsmith.pipeline.record import CUSTOMIZE_LOG
from goldsmith.pipeline.steps.customize import Customized, customize
from goldsmith.pipeline.steps.generalize import GeneralizedGuest, Scripts, appending, generalize_guest, perform
from goldsmith.pipeline.steps.guest import opened
from goldsmith.pipeline.steps.labels import Spared, label_guest, list_labeled
from goldsmith.pipeline.steps.virt_sysprep import look_again, remember, run_virt_sysprep
from goldsmith.recipe.model import Recipe
from goldsmith.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Bench:
    """What is worked on, and how: `overlay` is opened by `engine` (`why` says why by that one), `grow` it first.

    `record` is the folder of logs.
    """

    overlay: Disk
    engine: str
    why: str
    scratch: Path
    record: Path
    accelerated: bool
    grow: bool


@dataclass(frozen=True, slots=True)
class Shaped:
    """`operations` are those that generalized the tree, `users` who is in it on purpose."""

    customized: Customized
    generalized: GeneralizedGuest
    operations: tuple[Operation, ...]
    users: frozenset[str]


def shape(emit: Emit, bench: Bench, recipe: Recipe, secrets: Secrets, scripts: Scripts) -> Shaped:
    """Do all of it. Raises what the steps raise."""
    policy, keep = recipe.generalize, recipe.generalize.kept()
    session = partial(
        opened, emit, bench.overlay, bench.engine, bench.why, scratch=bench.scratch, accelerated=bench.accelerated
    )
    output = appending(bench.record / CUSTOMIZE_LOG, secrets.mask)
    with session(grow=bench.grow) as guest:
        before = list_labeled(guest)
        customized = customize(emit, guest, recipe, bench.record, secrets)
        declared, spared = customized.declared, Spared(keep, customized.declared)
        users = customized.people | frozenset(recipe.verify.expect.users.present)
        operations = sparing_users(policy.selected(), users)
        if not policy.by_virt_sysprep:
            generalized = generalize_guest(emit, guest, operations, keep, declared, scripts=scripts, output=output)
            label_guest(emit, guest, before=before, spared=spared)
            return Shaped(customized, generalized, operations, users)
        perform(emit, guest, scripts, output)
        was = remember(guest, operations, keep, declared)
    wish = policy.wish(users)
    run_virt_sysprep(emit, bench.overlay, wish, scratch=bench.scratch, accelerated=bench.accelerated)
    with session() as guest:
        follow = policy.by_goldsmith
        generalized = look_again(emit, guest, operations, keep, declared, before=was, follow=follow)
        label_guest(emit, guest, before=before, spared=spared)
    return Shaped(customized, generalized, operations, users)
