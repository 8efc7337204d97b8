"""install: packages, baked into the image by the guest's own package manager."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import PackageName
from goldsmith.customization.packager import packages


@register
class Install(Customization, RootModel[tuple[PackageName, ...]]):
    """Install packages now, by the guest's own package manager and from the guest's own package sources.

    What the packages recommend comes along unless the guest is configured otherwise. Services are kept from starting.
    `packages:` in the cloud-init defaults would instead download on every clone's first boot.
    """

    model_config = ConfigDict(extra=None)
    KEY = "install"
    RUNS_PROGRAMS = True
    NEEDS_NETWORK = True
    EXAMPLE = "- install: [htop, tree]"
    root: Annotated[
        tuple[PackageName, ...],
        Field(
            min_length=1, description="Names of packages; name=version and name:arch work where the guest knows them."
        ),
    ]

    def perform(self, session: Session) -> str:
        apt = packages(session, self.KEY)
        apt.refresh()
        named = ", ".join(self.root)
        changed = apt.change(apt.packager.install(self.root), f"installing {named}", network=True)
        asked = {name.partition("=")[0].partition(":")[0] for name in self.root}
        direct = len(asked.intersection((*changed.added, *changed.changed)))
        others = len(changed.added) + len(changed.changed) - direct
        if not direct and not others:
            return "already there"
        return f"{direct} package{'s' if direct != 1 else ''}" + (f" (+{others})" if others else "")
