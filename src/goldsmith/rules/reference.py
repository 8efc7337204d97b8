"""The reference page of rules and of all other codes of findings, made from the registry."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType

from goldsmith.disk.scrub import UNPROVEN
from goldsmith.errors import InputError
from goldsmith.findings import printable
from goldsmith.recipe.problems import Problem, did_you_mean
from goldsmith.rules import bytes as all_bytes
from goldsmith.rules import clone, clones, cloudconfig, recipe, tree
from goldsmith.rules.rule import Needs, rules_of
from goldsmith.sarif import Descriptor

HEAD = """\
# Rules and codes

<!-- made by goldsmith.rules.reference; a test fails when it is stale -->

Every finding has a code, and every rule has one. A rule passes, fails, or is `unproven` where nothing could look:
that is never a pass. `goldsmith lint` says GS1xx and GS6xx, sealing GS2xx, `goldsmith audit` GS3xx,
`goldsmith verify` GS4xx and GS5xx. `goldsmith lint --explain CODE` shows one of them, `goldsmith audit --explain CODE`
as well.

A comment in the file, on its line or alone on the line above, allows a finding of lint for a reason:
`# goldsmith: allow GS617 the lab has its own mirror`.
"""

# Importing a package of rules has registered them.
KINDS: Mapping[Needs, tuple[ModuleType, str]] = {
    Needs.RECIPE: (recipe, "Over a recipe: `lint`, and before any work `plan` and `build`."),
    Needs.CLOUDCONFIG: (cloudconfig, "Over cloud-init's configuration, of a file, a recipe, a tree or a disk: `lint`."),
    Needs.TREE: (tree, "Over the tree of a sealed image, read again from its packed bytes: `audit` and `build`."),
    Needs.BYTES: (all_bytes, "Over all bytes of an image: `audit --canary`, and `build` where the recipe has secrets."),
    Needs.CLONE: (clone, "Over what one booted clone left: `verify` and `build`."),
    Needs.CLONES: (clones, "Over all clones together: `verify` and `build`."),
}

ALL_CODES = "docs/reference/rules.md lists all"

TITLES: Mapping[Needs, str] = {Needs.CLOUDCONFIG: "Cloud configuration"}

LOADER: Mapping[str, str] = {
    Problem.NOT_A_RECIPE: "The file is no YAML mapping.",
    Problem.UNKNOWN_KEY: "A key that no recipe has; the hint names the nearest one.",
    Problem.NOT_YET_SUPPORTED: "A key that this version does not do. It is refused: accepted, it would have no effect.",
    Problem.MISSING_KEY: "A key that every recipe needs.",
    Problem.WRONG_VALUE: "A value that cannot be meant.",
    Problem.DUPLICATE_KEY: "A key that stands twice; YAML would silently take the last one.",
    Problem.NO_SUCH_FILE: "A file of the host that the recipe names and that is not there.",
    Problem.NO_SUCH_SECRET: "A secret whose value is not there, or is too simple to be masked and searched for. "
    "`plan` and `build` look; `lint` does not.",
}

SEALING = "What was deleted from a file system, or lies outside of all, may still be in the image's bytes."


HEADER = "| code | name | what holds | why |\n|---|---|---|---|\n"


def reference() -> str:
    """The whole page in Markdown."""
    loader = _section("Reading a recipe", "Before any rule looks at it. Each is an error.", LOADER)
    sealing = _section("Sealing", "A warning of `build` and `generalize --output`.", {UNPROVEN: SEALING})
    over_recipe, *over_results = (
        f"## {TITLES.get(kind, kind.value.capitalize())}\n\n{about}\n\n{HEADER}{''.join(_rows(kind, package))}"
        for kind, (package, about) in KINDS.items()
    )
    return "\n".join([HEAD, loader, over_recipe, sealing, *over_results])


def _section(title: str, about: str, meanings: Mapping[str, str]) -> str:
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in meanings.items())
    return f"## {title}\n\n{about}\n\n| code | meaning |\n|---|---|\n{rows}"


def _rows(kind: Needs, package: ModuleType) -> Iterator[str]:
    holds = dict(_first_lines(package))
    for rule in rules_of(kind):
        yield f"| {rule.code} | {rule.name} | {_cell(holds[rule.code])} | {_cell(rule.why)} |\n"
    details = _details(package)
    for rule in rules_of(kind):
        if rule.code in details and not rule.wrong:
            yield f"\n### {rule.code}: {rule.name}\n\n{_cell(details[rule.code])}\n"
        if rule.wrong:
            yield f"\n### {rule.code}: {rule.name}\n\n"
            yield f"Wrong:\n\n```yaml\n{rule.wrong}```\n\nRight:\n\n```yaml\n{rule.right}```\n"


def explain(code: str) -> list[str]:
    """One rule or code in lines of text. Raises InputError where there is none, with the nearest one."""
    packages = {kind: package for kind, (package, _) in KINDS.items()}
    for kind, package in packages.items():
        for rule in rules_of(kind):
            if rule.code == code:
                lines = [f"{code}: {rule.name}", "", dict(_first_lines(package))[code], "", rule.why]
                lines += ["", *details.splitlines()] if (details := _details(package).get(code)) else []
                lines += ["", f"Since: {rule.since}"] if rule.since else []
                for word, example in (("Wrong:", rule.wrong), ("Right:", rule.right)):
                    lines += ["", word, *(f"  {line}" for line in example.splitlines())] if example else []
                return lines
    meanings = {**LOADER, UNPROVEN: SEALING}
    if code in meanings:
        return [f"{code}: {meanings[code]}"]
    known = [*meanings, *(rule.code for kind in KINDS for rule in rules_of(kind))]
    raise InputError(f"there is no rule {printable(code)}", hint=did_you_mean(code, known) or ALL_CODES)


def descriptors(*kinds: Needs) -> tuple[Descriptor, ...]:
    """The rules of some kinds as SARIF describes them."""
    return tuple(
        Descriptor(rule.code, rule.name, holds[rule.code], "\n".join(explain(rule.code)))
        for kind in kinds
        for holds in [dict(_first_lines(KINDS[kind][0]))]
        for rule in rules_of(kind)
    )


def _first_lines(package: ModuleType) -> Iterator[tuple[str, str]]:
    """What holds, by code: a rule's file begins with "GS401: what holds."."""
    return ((code, holds) for code, holds, _ in _said(package))


def _details(package: ModuleType) -> dict[str, str]:
    """What a rule's file says after its first line, by code; only of rules that say more."""
    return {code: rest for code, _, rest in _said(package) if rest}


def _said(package: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Code, what holds, and the rest of what a rule's file begins with."""
    for module in pkgutil.iter_modules(package.__path__):
        said = inspect.getdoc(importlib.import_module(f"{package.__name__}.{module.name}")) or ""
        first, _, rest = said.partition("\n")
        code, colon, holds = first.partition(": ")
        if colon and code.startswith("GS"):
            yield code, holds, rest.strip()


def _cell(text: str) -> str:
    """A table's cell; Markdown would read stars as emphasis."""
    return text.replace("|", "\\|").replace("*", "\\*")
