from __future__ import annotations

from goldsmith.cli.conversation import conversation, finding_lines
from goldsmith.cli.options import Json, RecipeFile, Sets
from goldsmith.findings import Severity


def lint(recipe: RecipeFile, *, sets: Sets = None, json: Json = False) -> None:
    """Say every problem of a recipe, with place and hint.

    All at once, as file:line:column. Neither the network nor the base is needed.
    Ends with 2 if one of them is an error.

    \b
    Examples:
      goldsmith lint debian12-base.yaml
      goldsmith lint debian12-base.yaml --set role=web
      goldsmith lint debian12-base.yaml --json
    """
    from goldsmith import api

    with conversation("lint", json=json) as talk:
        findings = api.lint(recipe, sets=sets or ())
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        text = [*finding_lines(findings), f"{recipe}: {errors} errors, {len(findings) - errors} warnings and notes"]
        talk.finish({"findings": [finding.as_json() for finding in findings]}, text, code=2 if errors else 0)
