"""delete: files and whole directories that must not be in the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, RootModel

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import guest_path
from goldsmith.customization.placing import REASON, survey
from goldsmith.errors import BuildError
from goldsmith.guest.change import Change, Plan, Remove, Seen
from goldsmith.guest.index import Entry, Index

PATTERN = frozenset("*?[")


def _deletable(path: str) -> str:
    normal = guest_path(path).rstrip("/")
    if not normal or normal.split("/")[1] in {"*", "**"}:
        raise ValueError("that would delete the whole guest")
    if "**" in normal.split("/"):
        raise ValueError("** is not known: a directory goes with everything below it")
    return normal


@register
class Delete(Customization, RootModel[tuple[str, ...]]):
    """Delete files, links, and directories with everything below them.

    A plain path has to exist: a misspelled one would otherwise stay in the image unnoticed. A pattern (`*`, `?`,
    `[...]`, as in a shell) may match nothing. A link is deleted itself, never what it leads to.
    """

    model_config = ConfigDict(extra=None)
    KEY = "delete"
    EXAMPLE = "- delete: [/etc/motd, /etc/update-motd.d/*]"
    root: Annotated[
        tuple[Annotated[str, AfterValidator(_deletable)], ...],
        Field(min_length=1, description="Absolute paths or patterns in the guest."),
    ]

    def perform(self, session: Session) -> str:
        index = survey(session.guest, [_fixed_part(path) for path in self.root])
        doomed: dict[str, Change] = {}
        for path in self.root:
            found = index.glob(path)
            if not found and not PATTERN.intersection(path):
                raise BuildError(
                    f"{self.KEY}: there is no {path} in the guest",
                    hint="check the spelling; a pattern such as /etc/mot[d] may match nothing",
                )
            for entry in found:
                doomed.update((change.path, change) for change in _removals(index, entry, f"{self.KEY} {path}"))
        session.guest.apply(Plan(tuple(doomed.values())))
        session.declared.difference_update(doomed)
        return f"{len(doomed)} path{'s' if len(doomed) != 1 else ''}"


def _fixed_part(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if PATTERN.intersection(part):
            break
        parts.append(part)
    return "/".join(parts) or "/"


def _removals(index: Index, entry: Entry, operation: str) -> Iterator[Change]:
    below = index.below(entry.path) if entry.is_directory else ()
    for each in (*below, entry):
        held = each.size if each.is_regular and each.links == 1 else 0
        yield Remove(path=each.path, seen=Seen.of(each), operation=operation, reason=REASON, bytes=held)
