"""From a recipe's file to a Recipe, or to every problem that it has, each with its place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError

import goldsmith.customization.kinds  # noqa: F401  registers them
from goldsmith.base.source import Source
from goldsmith.base.source import registered as sources
from goldsmith.base.sources.file import FileSource
from goldsmith.customization.customization import Customization
from goldsmith.customization.customization import registered as customizations
from goldsmith.errors import InputError, RecipeError
from goldsmith.findings import Finding, HostPlace, printable
from goldsmith.recipe.checks import read_goss, read_testinfra
from goldsmith.recipe.document import Document, Loc, read_document
from goldsmith.recipe.model import OWN_VARIABLES, Recipe, Sections, host_arch
from goldsmith.recipe.problems import Problem, did_you_mean, problem
from goldsmith.recipe.unsupported import not_yet
from goldsmith.recipe.verify import Expect
from goldsmith.recipe.words import by_line, reword

Model = TypeVar("Model", bound=BaseModel)

_STEPS_HINT = "a step is one key and what it works on, such as `- install: [htop]`"


def load(path: Path, *, sets: Mapping[str, str] = MappingProxyType({})) -> Recipe:
    """Read a recipe. `sets` replaces values of its `vars:`.

    Raises InputError where there is no readable file or a variable of `sets` is unknown, RecipeError with every problem
    of its content.
    """
    document = read_document(path)
    reader = _Reader(document, path.parent)
    recipe = reader.recipe(path, sets)
    if recipe is None:
        raise RecipeError(sorted(reader.problems, key=_order))
    return recipe


@dataclass(slots=True)
class _Reader:
    """Reads a document part by part: a problem in one hides none in another."""

    document: Document
    folder: Path
    problems: list[Finding] = field(default_factory=list)
    variables: frozenset[str] = frozenset(OWN_VARIABLES)
    secrets: frozenset[str] = frozenset()

    def recipe(self, path: Path, sets: Mapping[str, str]) -> Recipe | None:
        """The recipe, or None where `problems` say why not."""
        self.problems.extend(self.document.problems)
        keys = self.document.value
        if not isinstance(keys, dict):
            message = (
                f"a recipe is a mapping of keys and values, not {'a list' if isinstance(keys, list) else 'a text'}"
            )
            self._add(Problem.NOT_A_RECIPE, (), message, "`goldsmith init` writes a recipe to start from")
            return None
        settings = {key: kind for key, kind in customizations().items() if kind.TOP_LEVEL}
        self._unknown_keys(keys, {*Sections.model_fields, *settings, "base", "customize"})
        own = self._model(Sections, {key: keys[key] for key in Sections.model_fields if key in keys}, ())
        written = keys.get("vars")
        if own is not None:
            self._files_of_checks(own.verify.expect)
        self.variables = frozenset((*OWN_VARIABLES, *(written if isinstance(written, dict) else ())))
        declared = keys.get("secrets")
        self.secrets = frozenset(declared if isinstance(declared, dict) else ())
        base = self._base(keys)
        steps = list(self._steps(keys.get("customize")))
        chosen = {key: self._step(kind, keys[key], (key,)) for key, kind in settings.items() if key in keys}
        if self.problems or own is None or base is None:
            return None
        variables = _variables(own, sets)
        return Recipe(
            path=path,
            digest=_digest(keys, variables),
            document=self.document,
            name=own.name,
            version=own.version,
            arch=variables["arch"],
            base=base,
            disk=own.disk,
            settings=MappingProxyType({key: each for key, each in chosen.items() if each is not None}),
            customize=tuple(each for each in steps if each is not None),
            generalize=own.generalize,
            seal=own.seal,
            audit=own.audit,
            verify=own.verify,
            variables=variables,
            secrets=MappingProxyType({name: each.source for name, each in own.secrets.items()}),
        )

    def _unknown_keys(self, keys: dict[str, object], known: set[str]) -> None:
        for key in keys.keys() - known:
            self._unknown((key,), known)

    def _unknown(self, loc: Loc, known: set[str]) -> None:
        key = str(loc[-1])
        if why := not_yet(loc):
            self._add(Problem.NOT_YET_SUPPORTED, loc, f"`{key}` is not yet supported", why, key=True)
        else:
            self._add(Problem.UNKNOWN_KEY, loc, f"unknown key `{_cut(key)}`", did_you_mean(key, known), key=True)

    def _base(self, keys: dict[str, object]) -> Source | None:
        loc: Loc = ("base",)
        known = sources()
        choices = ", ".join(f"`{key}:`" for key in known)
        if "base" not in keys:
            self._add(Problem.MISSING_KEY, (), "`base` is missing", f"where the image starts: one of {choices}")
            return None
        value = keys["base"]
        if not isinstance(value, dict):
            self._add(Problem.WRONG_VALUE, loc, "`base` must be a mapping", f"one of {choices} below it")
            return None
        present = [key for key in known if key in value]
        later = [key for key in value if not_yet((*loc, key))]
        if not present and later:
            self._unknown((*loc, later[0]), set(known))
            return None
        if len(present) != 1:
            said = f"`base` has {' and '.join(f'`{key}`' for key in present)}" if present else "`base` names nothing"
            self._add(Problem.WRONG_VALUE, loc, said, f"exactly one of {choices}", key=True)
            return None
        source = self._model(known[present[0]], value, loc)
        if isinstance(source, FileSource):
            self._base_file(source.file, (*loc, "file"))
        return source

    def _steps(self, value: object) -> Iterator[Customization | None]:
        loc: Loc = ("customize",)
        if value is None:
            return
        if not isinstance(value, list):
            self._add(Problem.WRONG_VALUE, loc, "`customize` must be a list of steps", _STEPS_HINT)
            return
        known = {key: kind for key, kind in customizations().items() if not kind.TOP_LEVEL}
        for number, item in enumerate(value):
            here = (*loc, number)
            if not isinstance(item, dict) or not item:
                self._add(Problem.WRONG_VALUE, here, "this step is no mapping", _STEPS_HINT)
                continue
            if len(item) > 1:
                keys = " and ".join(f"`{_cut(key)}`" for key in list(item)[:3])
                self._add(
                    Problem.WRONG_VALUE,
                    here,
                    f"this step has {keys}",
                    "one key for each step: begin the next with `- `",
                )
            for key, argument in item.items():
                if key in known:
                    yield self._step(known[key], argument, (*here, key))
                else:
                    self._unknown((*here, key), set(known))

    def _step(self, kind: type[Customization], value: object, loc: Loc) -> Customization | None:
        step = self._model(kind, value, loc)
        if step is not None:
            self._host_files(step, loc)
            self._template(step, loc)
            self._secrets(step, loc)
        return step

    def _secrets(self, step: Customization, loc: Loc) -> None:
        for number, name in enumerate(step.named_secrets()):
            if name not in self.secrets:
                hint = did_you_mean(name, self.secrets) or f"declare it: `secrets: {{{_cut(name)}: {{env: …}}}}`"
                message = f"the step names `{_cut(name)}`, which is no secret of the recipe"
                self._add(Problem.WRONG_VALUE, (*loc, "secrets", number), message, hint)

    def _host_files(self, step: Customization, loc: Loc) -> None:
        """What the recipe names itself has to be there; what lies below a folder was found by listing it."""
        scalars = {text: where for where, text in self._scalars(loc)}
        try:
            names = step.host_files(self.folder)
        except OSError as error:
            path = str(error.filename)
            where = next((each for text, each in scalars.items() if text and path.endswith(text)), loc)
            self._add(Problem.NO_SUCH_FILE, where, f"cannot read {_cut(path)}: {error.strerror}")
            return
        named = [(name, scalars[name]) for name in names if name in scalars]
        there = [self._host_file(name, where) for name, where in named]
        if all(there):
            try:
                step.check(self.folder)
            except InputError as error:
                self._add(Problem.WRONG_VALUE, named[0][1] if named else loc, error.message, error.hint)

    def _template(self, step: Customization, loc: Loc) -> None:
        for name in sorted(step.template_variables() - self.variables):
            word = re.compile(rf"\b{re.escape(name)}\b")
            message = f"the template names `{_cut(name)}`, which is no variable"
            hint = did_you_mean(name, self.variables) or "add it under `vars:`"
            for where, text in self._scalars(loc):
                if "{" in text and word.search(text):
                    position = _in_template(text, word)
                    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
                    self._add_at(self.document.place_in_text(where, line, column), Problem.WRONG_VALUE, message, hint)
                    break

    def _model(self, model: type[Model], value: object, loc: Loc) -> Model | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            told = {each.place for each in self.document.problems}
            for each in error.errors():
                where = loc + each["loc"]
                unknown = each["type"] == "extra_forbidden"
                place = self.document.place(where, key=unknown)
                if place in told:
                    continue
                if unknown and (why := not_yet(where)):
                    self._add(Problem.NOT_YET_SUPPORTED, where, f"`{where[-1]}` is not yet supported", why, key=True)
                else:
                    code, message, hint = reword(each, model, self.document, loc)
                    for line, text in by_line(message):
                        inner = self.document.place_in_text(where, line) if line else place
                        self._add_at(inner, code, text, hint)
        return None

    def _host_file(self, name: str, loc: Loc) -> bool:
        path = self.folder / name
        try:
            found = path.exists()
        except (OSError, ValueError):
            found = False
        if not found:
            self._add(Problem.NO_SUCH_FILE, loc, f"{_cut(name)} does not exist", self._looked_for(name, path))
        return found

    def _files_of_checks(self, expect: Expect) -> None:
        for key, name, read in (("goss", expect.goss, read_goss), ("testinfra", expect.testinfra, read_testinfra)):
            loc: Loc = ("verify", "expect", key)
            if name is not None and self._host_file(name, loc):
                try:
                    read(self.folder, name)
                except InputError as error:
                    self._add(Problem.WRONG_VALUE, loc, error.message, error.hint)

    def _base_file(self, name: str, loc: Loc) -> None:
        """A base may start with `~`, as its source reads it."""
        try:
            path = self.folder / Path(name).expanduser()
            if not path.is_file():
                what = "is no file" if path.exists() else "does not exist"
                self._add(Problem.NO_SUCH_FILE, loc, f"{_cut(name)} {what}", self._looked_for(name, path))
        except (OSError, ValueError, RuntimeError) as error:
            # RuntimeError: `~nobody` where there is no such user.
            self._add(Problem.NO_SUCH_FILE, loc, f"{_cut(name)} cannot be read", _cut(str(error)))

    def _looked_for(self, name: str, path: Path) -> str:
        if path.is_absolute() and Path(name).is_absolute():
            return "check the spelling"
        if name.startswith("~") and path == self.folder / name:
            return "`~` is not expanded here: write the whole path"
        return f"looked for {_cut(str(path))}: relative paths start at the recipe's folder"

    def _scalars(self, loc: Loc) -> Iterator[tuple[Loc, str]]:
        """The ways to the scalars at and below `loc`, and their texts."""
        for each, spot in self.document.spots.items():
            if each[: len(loc)] == loc and spot.written is not None:
                yield each, spot.written

    def _add(self, code: Problem, loc: Loc, message: str, hint: str | None = None, *, key: bool = False) -> None:
        self._add_at(self.document.place(loc, key=key), code, message, hint)

    def _add_at(self, place: HostPlace, code: Problem, message: str, hint: str | None) -> None:
        self.problems.append(problem(code, place, message, hint))


def _variables(own: Sections, sets: Mapping[str, str]) -> Mapping[str, str]:
    """What templates may name: the recipe's own keys, then `vars:` as `sets` replaces them. Raises InputError."""
    for name in sets:
        if name not in own.vars:
            if name in OWN_VARIABLES:
                hint = f"change `{name}:` in the recipe"
            else:
                hint = did_you_mean(name, own.vars) or "name it, with a default, under `vars:`"
            raise InputError(f"--set {name}: the recipe has no variable {name}", hint=hint)
    fixed = {"name": own.name, "version": own.version, "arch": own.arch or host_arch()}
    return MappingProxyType({**own.vars, **sets, **fixed})


def _digest(keys: Mapping[str, object], variables: Mapping[str, str]) -> str:
    meaning = {**keys, "vars": dict(variables)}
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode('ascii')).hexdigest()}"


def _in_template(text: str, word: re.Pattern[str]) -> int:
    """Where a template's text uses a name: the first one between braces, else the first one."""
    braces = (
        word.search(text, found.start(), found.end()) for found in re.finditer(r"\{[{%].*?[%}]\}", text, re.DOTALL)
    )
    first = next((each for each in braces if each), None) or word.search(text)
    return first.start() if first else 0


def _order(finding: Finding) -> tuple[int, int, str, str]:
    place = finding.place
    line, column = (place.line, place.column) if isinstance(place, HostPlace) else (0, 0)
    return line, column, finding.code, finding.message


def _cut(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
