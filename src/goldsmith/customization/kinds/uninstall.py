"""uninstall: packages that must not be in the image."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import PackageName
from goldsmith.customization.packager import packages
from goldsmith.guest.packages import installed


@register
class Uninstall(Customization, RootModel[tuple[PackageName, ...]]):
    """Remove packages together with their configuration.

    What depends on them goes too; what they once brought along stays. A package that is not installed is a warning.
    """

    model_config = ConfigDict(extra=None)
    KEY = "uninstall"
    RUNS_PROGRAMS = True
    EXAMPLE = "- uninstall: [snapd]"
    root: Annotated[tuple[PackageName, ...], Field(min_length=1, description="Names of packages.")]

    def perform(self, session: Session) -> str:
        manager = packages(session, self.KEY)
        there = {package.name for package in installed(session.guest)}
        present = [name for name in self.root if name.partition(":")[0] in there]
        for name in self.root:
            if name not in present:
                manager.warn(f"{name} is not installed")
        if not present:
            return "nothing to remove"
        argv = manager.packager.uninstall(present)
        removed = len(manager.change(argv, f"removing {', '.join(present)}", network=False).removed)
        return f"{removed} package{'s' if removed != 1 else ''} removed"
