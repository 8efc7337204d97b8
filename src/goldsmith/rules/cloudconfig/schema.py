"""GS622: the configuration is valid by the schema of the image's own cloud-init."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import create

from goldsmith.cloudinit.keys import SYSTEM_KEYS
from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.configfile import ConfigFile
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig, dotted

LONGEST = 200


@configuration_rule(
    "GS622",
    "the configuration is valid by cloud-init's schema",
    why="cloud-init ships the schema of its own configuration, and a value of another kind than a module expects ends "
    "that module with an error, or is passed over. The schema is read out of the image, so it is that of its version.",
    since="22.2, when the schema came to cover all modules",
    wrong="ssh_pwauth: 3\n",
    right="ssh_pwauth: false\n",
)
def schema(subject: CloudConfig) -> Iterator[Fault]:
    if subject.schema is None:
        return
    validator = validator_of(subject.schema)
    for file in subject.own:
        for path, message in violations(validator, file):
            yield Fault(
                Severity.ERROR if path else Severity.WARNING,
                file.place(*path),
                f"`{dotted(path)}`: {message}" if path else message,
                "write it as the schema of the image's cloud-init wants it",
            )


def violations(validator: Any, file: ConfigFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each value that is not valid: the way to it and why. Keys of the system alone are no keys of the schema."""
    judged = {str(key): value for key, value in file.config.items() if key not in SYSTEM_KEYS}
    for error in sorted(validator.iter_errors(judged), key=lambda each: [str(part) for part in each.absolute_path]):
        if error.validator == "additionalProperties" and not error.absolute_path:
            continue  # GS603 names unknown keys
        nearest = best_match([error]) or error
        yield tuple(nearest.absolute_path), _message(nearest)


def validator_of(schema: Mapping[str, Any]) -> Any:
    """Draft 4 as cloud-init uses it (config/schema.py: get_jsonschema_validator): words beside a `$ref` count, what is
    deprecated is no error, and a text in bytes is a text.
    """
    checker = Draft4Validator.TYPE_CHECKER.redefine("string", lambda _, value: isinstance(value, str | bytes))
    kind = create(meta_schema=Draft4Validator.META_SCHEMA, validators=Draft4Validator.VALIDATORS, type_checker=checker)
    return kind(dict(schema))


def _message(error: ValidationError) -> str:
    text = printable(" ".join(str(error.message).split()))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
