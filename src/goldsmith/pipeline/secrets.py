"""The secrets that a recipe declares, read once before any work."""

from __future__ import annotations

from goldsmith.errors import InputError, RecipeError
from goldsmith.findings import Finding
from goldsmith.recipe.model import Recipe
from goldsmith.recipe.problems import Problem, problem
from goldsmith.secrets import Secret, Secrets, read_secret


def read_secrets(recipe: Recipe) -> Secrets:
    """Raises RecipeError with every secret that is not there or cannot be one, each with its place in the recipe."""
    found: list[Secret] = []
    missing: list[Finding] = []
    for name, source in recipe.secrets.items():
        try:
            found.append(read_secret(name, source, folder=recipe.folder))
        except InputError as error:
            place = recipe.place("secrets", name, key=True)
            missing.append(problem(Problem.NO_SUCH_SECRET, place, error.message, error.hint))
    if missing:
        raise RecipeError(missing)
    return Secrets(found)
