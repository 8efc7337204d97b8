"""mkdir: a directory."""

from __future__ import annotations

from pydantic import Field

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import Account, DirectoryPath, Mode
from goldsmith.customization.owners import group_id, user_id
from goldsmith.customization.placing import placing


@register
class MakeDirectory(Customization):
    """Make a directory and its missing parents. One that is there gets the mode and owner that the step gives."""

    KEY = "mkdir"
    EXAMPLE = '- mkdir: {path: /srv/data, mode: "0750", owner: www-data}'
    path: DirectoryPath = Field(description="Absolute path in the guest.")
    mode: Mode | None = Field(default=None, description='Octal digits in quotes; a new directory gets "0755".')
    owner: Account | None = Field(
        default=None, description="User of the guest by name or number; a new directory gets root."
    )
    group: Account | None = Field(
        default=None, description="Group of the guest by name or number; a new directory gets root."
    )

    def perform(self, session: Session) -> str:
        step = f"{self.KEY} {self.path}"
        uid, gid = user_id(session.guest, self.owner, step=step), group_id(session.guest, self.group, step=step)
        place = placing(session, step, [self.path])
        session.declared.add(place.directory(self.path, self.mode, uid, gid))
        place.done()
        return self.path
