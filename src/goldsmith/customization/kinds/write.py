"""write: a file whose text stands in the recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from goldsmith.customization import template
from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import Account, FilePath, Mode
from goldsmith.customization.owners import group_id, user_id
from goldsmith.customization.placing import placing


@register
class Write(Customization):
    """Write a text file. Missing parent directories are made; a file that is there keeps the mode and owner that the
    step does not give.
    """

    KEY = "write"
    EXAMPLE = '- write: {path: /etc/motd, text: "{{ name }} {{ version }}\\n"}'
    path: FilePath = Field(description="Absolute path in the guest; links on the way are followed inside the guest.")
    text: Annotated[str, AfterValidator(template.parsed)] = Field(
        description="The whole content: a Jinja template that knows the recipe's name, version and vars. "
        "A name that is not defined is an error.",
    )
    mode: Mode | None = Field(default=None, description='Octal digits in quotes; a new file gets "0644".')
    owner: Account | None = Field(
        default=None, description="User of the guest by name or number; a new file gets root."
    )
    group: Account | None = Field(
        default=None, description="Group of the guest by name or number; a new file gets root."
    )

    def template_variables(self) -> frozenset[str]:
        return template.variables(self.text)

    def perform(self, session: Session) -> str:
        step = f"{self.KEY} {self.path}"
        content = template.render(self.text, session.variables, field=f"{step}: text").encode()
        uid, gid = user_id(session.guest, self.owner, step=step), group_id(session.guest, self.group, step=step)
        place = placing(session, step, [self.path])
        place.file(self.path, content, self.mode, uid, gid)
        place.done()
        return self.path
