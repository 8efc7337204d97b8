from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import POOL, Engine, Events, Json, RecipeFile, Sets


def build(
    recipe: RecipeFile,
    *,
    pool: Annotated[Path | None, typer.Option("--pool", "--output", "-o", metavar="DIR", help=POOL)] = None,
    engine: Engine = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch or make the base again instead of taking the cached one.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use only a base that is already in the cache.")] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", help="Build and prove what is in the pool once more, compare both, and change nothing there."
        ),
    ] = False,
    sets: Sets = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Make a recipe's image, prove it on clones, and admit it.

    What is in the pool already and was made from the same inputs is not made again; nothing of a build that fails
    appears there. Ends with 1 if a step fails, with 4 if the base is not what it was said to be, and with 5 if the
    image was built but not proven. Consoles and logs are kept then, and a note says where.

    With --rebuild the result is proven, compared with the image of that name and version (inputs, packages, files) and
    thrown away. Differences are told; they change no exit code.

    \b
    Examples:
      goldsmith build debian12-base.yaml
      goldsmith build debian12-base.yaml --set role=web --pool /srv/images
      goldsmith build debian12-base.yaml --json --events build.jsonl
      goldsmith build debian12-base.yaml --rebuild
    """
    from goldsmith import api

    with conversation("build", json=json, events=events) as talk:
        built = api.build(
            recipe,
            sets=sets or (),
            pool=pool,
            engine=engine.value if engine else None,
            refresh=refresh,
            offline=offline,
            rebuild=rebuild,
            emit=talk.emit,
        )
        talk.finish(built.as_json(), built.as_text())
