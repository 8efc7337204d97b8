"""update: every installed package at its newest version."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, RootModel

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.packager import packages


def _no_number(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError("write true")  # noqa: TRY004 - pydantic reports ValueError
    return value


@register
class Update(Customization, RootModel[Literal[True]]):
    """Upgrade all installed packages to what the guest's package sources have now; nothing is removed."""

    model_config = ConfigDict(extra=None)
    KEY = "update"
    RUNS_PROGRAMS = True
    NEEDS_NETWORK = True
    EXAMPLE = "- update: true"
    root: Annotated[
        Literal[True], BeforeValidator(_no_number), Field(description="true; leave the step out for no update.")
    ]

    def perform(self, session: Session) -> str:
        manager = packages(session, self.KEY)
        manager.refresh()
        changed = manager.change(manager.packager.update, "upgrading all packages", network=True)
        if not changed.changed and not changed.added:
            return "all up to date"
        upgraded = len(changed.changed)
        more = f" (+{len(changed.added)})" if changed.added else ""
        return f"{upgraded} package{'s' if upgraded != 1 else ''} upgraded{more}"
