from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Json


def init(
    path: Annotated[Path, typer.Argument(help="Where to write the recipe.")] = Path("recipe.yaml"),
    *,
    json: Json = False,
) -> None:
    """Write a commented starter recipe that builds as it is.

    Nothing is overwritten.

    \b
    Examples:
      goldsmith init
      goldsmith init web-base.yaml
    """
    from goldsmith import api

    with conversation("init", json=json) as talk:
        written = api.init(path)
        talk.finish(
            {"recipe": str(written)},
            [f"wrote {written}", f"next: goldsmith lint {written} && goldsmith build {written}"],
        )
