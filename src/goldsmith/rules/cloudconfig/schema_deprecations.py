"""What the image's own schema says of a file's keys and values: which of them are deprecated, and since when.

Source: cloudinit/config/schema.py. 22.4 marks with `deprecated` alone; later ones give a version, and use `changed` for
values that a key should no longer have. Of alternatives those of the first that holds count, as in cloud-init.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import create

from goldsmith.cloudinit.keys import SYSTEM_KEYS
from goldsmith.findings import printable
from goldsmith.rules.cloudconfig.configfile import ConfigFile, Loc

# Deprecated in user-data; in an image's own configuration it is in its place.
IN_PLACE = SYSTEM_KEYS | {"system_info"}
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Marked:
    """`since` is None where the schema names no version, `instead` its own words, on one line."""

    loc: Loc
    since: str | None
    instead: str


class _Deprecated(ValidationError):
    """No fault: a mark on the way."""


def marked(schema: Mapping[str, Any], file: ConfigFile) -> Iterator[Marked]:
    """Every key and value of a file that the schema deprecates, in the order of the schema."""
    config = {str(key): value for key, value in file.config.items() if key not in IN_PLACE}
    for error in _VALIDATOR(dict(schema)).iter_errors(config):
        if isinstance(error, _Deprecated) and isinstance(error.schema, Mapping):
            since = error.schema.get(f"{error.validator}_version")
            text = error.schema.get(f"{error.validator}_description") or ""
            yield Marked(tuple(error.absolute_path), str(since) if since is not None else None, _plain(str(text)))


def _plain(text: str) -> str:
    words = printable(" ".join(text.replace("``", "`").replace("**", "`").split())[:LONGEST])
    return words.removesuffix(".")


def _mark(_: Any, flag: Any, __: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if flag:
        yield _Deprecated(str(schema.get("description", "")))


def _alternatives(validator: Any, choices: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    for number, choice in enumerate(choices):
        errors = list(validator.descend(instance, choice, schema_path=number))
        if all(isinstance(error, _Deprecated) for error in errors):
            yield from errors
            return
    yield ValidationError("none of the alternatives holds")


_VALIDATOR = create(
    meta_schema=Draft4Validator.META_SCHEMA,
    validators={
        **Draft4Validator.VALIDATORS,
        "deprecated": _mark,
        "changed": _mark,
        "oneOf": _alternatives,
        "anyOf": _alternatives,
    },
    type_checker=Draft4Validator.TYPE_CHECKER.redefine("string", lambda _, value: isinstance(value, str | bytes)),
)
