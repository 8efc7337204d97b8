from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation, finding_lines
from goldsmith.cli.options import Engine, Events, Format, Json, Keep, Operations


def audit(
    disk: Annotated[
        Path, typer.Argument(metavar="DISK|DIR", help="A disk image, or a directory that is a guest's tree.")
    ],
    *,
    operations: Operations = "defaults",
    keep: Keep = None,
    format: Format = None,
    engine: Engine = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Look for what clones must not inherit, in any image.

    Nothing is changed. Every operation of generalizing is planned on what is there; what is still planned is a finding,
    beside those of the rules over a tree. Ends with 5 if a finding is an error.

    \b
    Examples:
      goldsmith audit vendor-image.qcow2
      goldsmith audit vendor-image.img --format raw --operations defaults,-logfiles
      goldsmith audit /srv/rootfs --json
    """
    from goldsmith import api

    with conversation("audit", json=json, events=events) as talk:
        audited = api.audit(
            disk,
            format=format,
            engine=engine.value if engine else None,
            operations=operations,
            keep=keep or (),
            emit=talk.emit,
        )
        text = [*finding_lines(audited.findings), f"{disk}: {audited.summary}"]
        talk.finish(audited.as_json(), text, code=5 if audited.failed else 0)
