from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Json, Junit


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of evidence, or the file evidence.json in it.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write the page here. Default: index.html in the folder."),
    ] = None,
    junit: Junit = None,
    json: Json = False,
) -> None:
    """Judge recorded evidence again, and make its page anew.

    Nothing is booted: today's rules are asked about what was recorded. The evidence is not changed. Ends with 5 if
    something does not hold, or could not be proven.

    \b
    Examples:
      goldsmith report proof/
      goldsmith report debian12-base-v1.0.evidence --output page.html
      goldsmith report proof/ --junit report.xml --json
    """
    from goldsmith import api

    with conversation("report", json=json) as talk:
        judged = api.report(folder, output=output, junit=junit)
        talk.finish(judged.as_json(), judged.as_text().splitlines(), code=0 if judged.passed else 5)
