"""The flag that makes old RHEL ask questions at the next boot."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import ABSENT, Change, Write

NAME = "flag-reconfiguration"
FLAG = "/.unconfigured"


@operation(
    NAME, covers="sets /.unconfigured", roots=(FLAG,), upstream="virt-sysprep flag-reconfiguration", default=False
)
def plan(view: View) -> Iterator[Change]:
    """Only RHEL up to 7 looks at it; a clone then waits on its console for answers."""
    if FLAG not in view.index:
        yield Write(path=FLAG, seen=ABSENT, operation=NAME, reason="asks for reconfiguration", content=b"", mode=0o644)
