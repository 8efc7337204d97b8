from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Driver, Engine, Events, Format, Json, Junit, PoolFolder


def verify(
    image: Annotated[
        str, typer.Argument(metavar="DISK|IMAGE", help="A disk image, or NAME[:VERSION] of an admitted image.")
    ],
    *,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="A recipe whose expectations hold for a disk without a manifest.")
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="DIR", help="Keep evidence, consoles and a page in this folder."),
    ] = None,
    junit: Junit = None,
    pool: PoolFolder = None,
    format: Format = None,
    engine: Engine = None,
    driver: Driver = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Boot clones of an image, and judge what they left.

    One clone has no seed at all, one an empty NoCloud seed; neither has user-data or a network. The image is not
    changed. What is expected comes from --recipe, else from the manifest of an image of the pool; without both only
    what holds for every image is judged. Ends with 5 if the proof fails, or something could not be proven.

    \b
    Examples:
      goldsmith verify debian12-base
      goldsmith verify debian12-base:1.0 --evidence proof/
      goldsmith verify vendor-image.qcow2 --recipe debian12-base.yaml --json
      goldsmith verify debian12-base --driver container
    """
    from goldsmith import api

    with conversation("verify", json=json, events=events) as talk:
        verified = api.verify(
            image,
            recipe=recipe,
            pool=pool,
            format=format,
            engine=engine.value if engine else None,
            driver=driver.value if driver else None,
            evidence=evidence,
            emit=talk.emit,
        )
        if junit is not None:
            api.write_junit(verified, junit)
        talk.finish(verified.as_json(), verified.as_text().splitlines(), code=0 if verified.passed else 5)
