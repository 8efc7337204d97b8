from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Engine, Events, Format, Json, PoolFolder


def verify(
    image: Annotated[
        str, typer.Argument(metavar="DISK|IMAGE", help="A disk image, or NAME[:VERSION] of an admitted image.")
    ],
    *,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="A recipe whose expectations hold for a disk without a manifest.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="DIR", help="Keep consoles and evidence in this folder.")
    ] = None,
    pool: PoolFolder = None,
    format: Format = None,  # noqa: A002  the option's name
    engine: Engine = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Boot clones of an image without user-data, read what they left, and judge it. The image is not changed.

    Without a manifest beside it and without --recipe only invariants are judged. Ends with 5 if the proof fails.

    \b
    Examples:
      goldsmith verify debian12-base
      goldsmith verify debian12-base:1.0 --evidence proof/
      goldsmith verify vendor-image.qcow2 --recipe debian12-base.yaml --json
    """
    from goldsmith import api

    with conversation("verify", json=json, events=events) as talk:
        verified = api.verify(
            image,
            recipe=recipe,
            pool=pool,
            format=format,
            engine=engine.value if engine else None,
            evidence=evidence,
            emit=talk.emit,
        )
        talk.finish(verified.as_json(), verified.as_text().splitlines(), code=0 if verified.passed else 5)
