"""What pydantic found wrong, in words for people who write recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic_core import ErrorDetails

from goldsmith.findings import printable
from goldsmith.recipe.document import Document, Loc
from goldsmith.recipe.problems import Problem, did_you_mean, nearest

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping of keys and values",
    "mapping_type": "a mapping of keys and values",
    "model_type": "a mapping of keys and values",
    "model_attributes_type": "a mapping of keys and values",
}


_AS_YAML = {"True": "true", "False": "false", "None": "nothing"}
_SAME_ARCH = {"amd64": "x86_64", "x64": "x86_64", "x86-64": "x86_64", "arm64": "aarch64"}


def reword(
    error: ErrorDetails, model: type[BaseModel], document: Document, where: Loc
) -> tuple[Problem, str, str | None]:
    """Code, message and hint for one error of `model`, whose input stands at `where`."""
    kind = error["type"]
    loc = error["loc"]
    context: Mapping[str, Any] = error.get("ctx", {})
    name = _name(where + loc)
    match kind:
        case "extra_forbidden":
            return Problem.UNKNOWN_KEY, f"unknown key `{name}`", did_you_mean(name, known_keys(model, loc[:-1]))
        case "missing":
            return Problem.MISSING_KEY, f"`{name}` is missing", _hint_for_missing(model, loc)
        case _ if kind in _WANTED:
            return Problem.WRONG_VALUE, *_wrong_type(name, _WANTED[kind], error["input"], document.written(where + loc))
        case "literal_error" | "enum":
            expected = str(context["expected"])
            words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
            words = [_AS_YAML.get(word, word) for word in words]
            said = _SAME_ARCH.get(str(error["input"]).lower(), error["input"])
            message = f"`{name}` cannot be {_shown(error['input'], document.written(where + loc))}"
            near = nearest(said, words)
            return Problem.WRONG_VALUE, message, f"did you mean `{near}`?" if near else f"known: {', '.join(words)}"
        case "recipe":
            return Problem.WRONG_VALUE, f"`{name}` {context['message']}", context["hint"]
        case "value_error" | "assertion_error":
            return Problem.WRONG_VALUE, *_of_exception(name, context["error"])
        case "string_too_short" | "too_short":
            return Problem.WRONG_VALUE, f"`{name}` is empty", "name something or remove the key"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return (
                Problem.WRONG_VALUE,
                f"`{name}` is {error['input']}",
                _lower(error["msg"].replace("Input should", "it must")),
            )
        case _:
            return (
                Problem.WRONG_VALUE,
                f"`{name}`: {_lower(printable(error['msg'].replace('Input should', 'it should')))}",
                None,
            )


def by_line(message: str) -> Iterator[tuple[int | None, str]]:
    """A validator's complaints about a text, each with the line of the text that it names, or None.

    Validators that look into a text say `config:3: what; config:7: what` or `line 3: what`.
    """
    name, _, rest = message.partition(": ")
    key = re.escape(name.strip("`"))
    parts = re.split(rf"; (?={key}:)", rest)
    for part in parts:
        found = re.fullmatch(rf"(?:{key}:(?:(\d+):)? |([\w ]+: )?line (\d+): )(.*)", part, re.DOTALL)
        if found is None:
            yield None, f"{name}: {part}" if rest else message
        else:
            line = found[1] or found[3]
            yield int(line) if line else None, f"{name}: {found[2] or ''}{found[4]}"


def known_keys(model: type[BaseModel], loc: Loc) -> set[str]:
    """The keys that a mapping at `loc` below a model may have."""
    return {
        key for each in _types_at(model, loc) for member in _members(each) if _is_model(member) for key in _keys(member)
    }


def _below(annotation: Any, part: str | int) -> Iterator[Any]:
    """What stands under a key or a position of a type. A part that is no key is a union's label: the type itself."""
    for member in _members(annotation):
        if _is_model(member):
            fields = [each.annotation for name, each in member.model_fields.items() if part in {name, each.alias}]
            yield from fields or [member]
        elif (arguments := get_args(member)) and get_origin(member) is not None:
            origin = get_origin(member)
            if isinstance(origin, type) and issubclass(origin, Mapping):
                yield arguments[-1]
            elif isinstance(origin, type) and issubclass(origin, Sequence):
                yield arguments[0]


def _members(annotation: Any) -> list[Any]:
    """The members of a union, annotations removed."""
    if hasattr(annotation, "__metadata__"):
        return _members(annotation.__origin__)
    if get_origin(annotation) in {Union, UnionType}:
        return [member for each in get_args(annotation) for member in _members(each)]
    if _is_model(annotation) and issubclass(annotation, RootModel):
        return _members(annotation.model_fields["root"].annotation)
    return [annotation]


def _keys(model: type[BaseModel]) -> set[str]:
    return {each.alias or name for name, each in model.model_fields.items()}


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _name(loc: Loc) -> str:
    """The last key on the way; positions in lists say nothing to people, the place does."""
    names = [str(part) for part in loc if isinstance(part, str)]
    return printable(names[-1]) if names else "the recipe"


def _wrong_type(name: str, wanted: str, value: object, written: str | None) -> tuple[str, str | None]:
    message = f"`{name}` must be {wanted}, not {_shown(value, written)}"
    if wanted == "text" and isinstance(value, int | float | bool):
        return message, f'put it in quotes: "{printable(written or str(value))}"'
    if wanted == "a list" and isinstance(value, str | int | float):
        return message, f"put it in brackets: [{printable(written or str(value))}]"
    return message, None


def _shown(value: object, written: str | None) -> str:
    """A value as the recipe's author sees it, with what YAML made of it."""
    text = printable(written) if written is not None else ""
    match value:
        case bool():
            plain = text.lower() in {"true", "false"}
            return text if plain else f"{text or value} (which YAML reads as {str(value).lower()})"
        case int() | float():
            changed = text and text != str(value)
            return f"the number {text or value}" + (f" (which YAML reads as {value})" if changed else "")
        case None:
            return "nothing"
        case str():
            return f"`{text[:57]}…`" if len(text) > 60 else f"`{text}`"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _of_exception(name: str, error: object) -> tuple[str, str | None]:
    """A validator's exception: its first argument, or message and hint where it has them."""
    message = str(getattr(error, "message", error))
    return f"`{name}`: {printable(message)}", getattr(error, "hint", None)


def _hint_for_missing(model: type[BaseModel], loc: Loc) -> str | None:
    for member in [each for annotation in _types_at(model, loc[:-1]) for each in _members(annotation)]:
        if _is_model(member):
            for name, each in member.model_fields.items():
                if loc[-1] in {name, each.alias} and each.description:
                    return " ".join(each.description.split())
    return None


def _types_at(model: type[BaseModel], loc: Loc) -> list[Any]:
    types: list[Any] = [model]
    for part in loc:
        types = [below for each in types for below in _below(each, part)]
    return types


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
