from __future__ import annotations

from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Engine, Events, Json, PoolFolder, RecipeFile, Sets


def build(
    recipe: RecipeFile,
    *,
    output: PoolFolder = None,
    engine: Engine = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch or make the base again instead of taking the cached one.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use only a base that is already in the cache.")] = False,
    sets: Sets = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Make the image that a recipe describes, prove it on booted clones and admit it to the pool.

    \b
    Examples:
      goldsmith build debian12-base.yaml
      goldsmith build debian12-base.yaml --set role=web --output /srv/images
      goldsmith build debian12-base.yaml --json --events build.jsonl
    """
    from goldsmith import api

    with conversation("build", json=json, events=events) as talk:
        built = api.build(
            recipe,
            sets=sets or (),
            pool=output,
            engine=engine.value if engine else None,
            refresh=refresh,
            offline=offline,
            emit=talk.emit,
        )
        talk.finish(built.as_json(), built.as_text())
