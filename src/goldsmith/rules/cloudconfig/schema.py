"""GS622: the configuration is valid by the schema of the image's own cloud-init."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

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
    wrong="",
    right="ssh_pwauth: false\n",
)
def schema(subject: CloudConfig) -> Iterator[Fault]:
    if subject.schema is None:
        return
    validator = _validator(subject.schema)
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


def _validator(schema: Mapping[str, Any]) -> Any:
    """Draft 4 as cloud-init uses it: what is deprecated is no error, and a text in bytes is a text."""
    checker = Draft4Validator.TYPE_CHECKER.redefine("string", lambda _, value: isinstance(value, str | bytes))
    kind = extend(  # type: ignore[no-untyped-call]
        Draft4Validator, validators={"anyOf": _one_of_kind, "oneOf": _one_of_kind}, type_checker=checker
    )
    return kind(dict(schema))


def _one_of_kind(validator: Any, choices: Any, value: Any, _: Any) -> Iterable[ValidationError]:
    """One choice fits. cloud-init too takes the first that does: several may where one of them is deprecated."""
    errors: list[ValidationError] = []
    for number, choice in enumerate(choices):
        found = list(validator.descend(value, choice, schema_path=number))
        if not found:
            return
        errors.extend(found)
    yield ValidationError(f"{value!r} is not of a kind that is known here", context=errors)


def _message(error: ValidationError) -> str:
    text = printable(" ".join(str(error.message).split()))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
