"""GS132: every secret is named by a step."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS132"


@rule(
    CODE,
    "secrets are used",
    needs=Needs.RECIPE,
    why="A secret that no step names is shown to none: the step that was meant to have it fails, or does without.",
    since="any: it is about the recipe",
    wrong="datasource: local\nsecrets: {token: {env: TOKEN}}\n",
    right="datasource: local\nsecrets: {token: {env: TOKEN}}\n"
    "customize:\n  - run: {shell: ./register, secrets: [token]}\n",
)
def used_secrets(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "each secret is named by a step", recipe)
    named = {name for step in recipe.customizations for name in step.named_secrets()}
    unused = [name for name in recipe.secrets if name not in named]
    for name in unused:
        yield judgment.fails(
            Severity.WARNING,
            recipe.place("secrets", name, key=True),
            f"no step names the secret `{name}`",
            f"name it where it is needed: `run: {{…, secrets: [{name}]}}`, or remove it",
        )
    if not unused:
        yield judgment.passes(f"{len(recipe.secrets)} secrets")
