"""Patterns of guest paths in a recipe."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from goldsmith.base.source import wrong
from goldsmith.generalization.sparing import Keep


def guest_path(value: str) -> str:
    if not value.startswith("/"):
        raise wrong("is no path of the guest", "paths of the guest begin with `/`")
    return value


def _pattern(value: str) -> str:
    try:
        Keep(guest_path(value), "").matches("/")
    except re.error as error:
        raise wrong("is no pattern", f"look at the brackets: {error}") from error
    return value


GuestPattern = Annotated[str, AfterValidator(_pattern), Field(json_schema_extra={"pattern": "^/"})]
