from __future__ import annotations

from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Json, RecipeFile, Sets


def plan(
    recipe: RecipeFile,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="No network and no guest: only what is known here.")
    ] = False,
    sets: Sets = None,
    json: Json = False,
) -> None:
    """Show the steps of a build, each with its key.

    None of them is done, but a base that is not in the cache is fetched, because a step's key is a digest over
    everything before it, beginning with the base; an equal key means an equal result. With --offline keys are left out
    where the base is not known. Ends with 2 if lint finds an error.

    \b
    Examples:
      goldsmith plan debian12-base.yaml
      goldsmith plan rocky10-base.yaml --offline --json
    """
    from goldsmith import api

    with conversation("plan", json=json) as talk:
        planned = api.plan(recipe, sets=sets or (), offline=offline, emit=talk.emit)
        talk.finish(planned.as_json(), planned.as_text())
