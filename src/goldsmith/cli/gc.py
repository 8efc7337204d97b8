from __future__ import annotations

from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Json, PoolFolder


def gc(
    *,
    pool: PoolFolder = None,
    bases: Annotated[
        bool, typer.Option("--bases", help="Also remove the cached bases; they are fetched or made again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what would be removed.")] = False,
    json: Json = False,
) -> None:
    """Remove what dead runs left, and cached bases on request.

    Admitted images and what living runs use are never touched.

    \b
    Examples:
      goldsmith gc --dry-run
      goldsmith gc --bases
    """
    from goldsmith import api

    with conversation("gc", json=json) as talk:
        collected = api.gc(pool=pool, bases=bases, dry_run=dry_run)
        talk.finish(collected.as_json(), collected.as_text())
