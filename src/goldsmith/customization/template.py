"""Templates: the one field that is documented as a template is rendered here, strictly and in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from goldsmith.errors import InputError

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment


def parsed(text: str) -> str:
    """The text itself, if it is a template. Raises ValueError, for pydantic, with the line of the mistake."""
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - only recipes with templates pay for the import

    try:
        _environment().parse(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"not a template: line {error.lineno}: {error.message}") from error
    return text


def variables(text: str) -> frozenset[str]:
    """The names that the template takes from outside."""
    from jinja2 import meta  # noqa: PLC0415

    return frozenset(meta.find_undeclared_variables(_environment().parse(text)))


def render(text: str, values: Mapping[str, str], *, field: str) -> str:
    """The rendered text, its last newlines as they stand; every line ends with a newline character.

    Raises InputError, naming `field`, where a variable is not defined or an expression fails.
    """
    from jinja2 import TemplateError  # noqa: PLC0415

    try:
        return _environment().from_string(text).render(values)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        known = ", ".join(sorted(values)) or "none"
        raise InputError(f"{field}: {error}", hint=f"the variables are {known}; add others under vars:") from error


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415

    return SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
