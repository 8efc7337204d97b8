"""link: a symbolic link."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import FilePath
from goldsmith.customization.placing import placing


def _target(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("a link's target is a path without control characters")
    return text


@register
class Link(Customization):
    """Make a symbolic link, or point one that is there elsewhere. Missing parent directories are made."""

    KEY = "link"
    EXAMPLE = "- link: {path: /usr/local/bin/vi, target: /usr/bin/vim}"
    path: FilePath = Field(description="Absolute path in the guest at which the link stands.")
    target: Annotated[str, AfterValidator(_target)] = Field(
        description="What the link says, word for word: absolute in the guest or relative to the link's directory. "
        "It need not exist.",
    )

    def perform(self, session: Session) -> str:
        place = placing(session, f"{self.KEY} {self.path}", [self.path])
        place.link(self.path, self.target)
        place.done()
        return f"{self.path} -> {self.target}"
