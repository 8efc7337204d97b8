"""The reference page of operations, made from the registry: texts, roots and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from goldsmith.findings import Severity
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.select import FOREIGN

HEAD = """\
# Operations of generalizing

<!-- made by goldsmith.generalization.reference; a test fails when it is stale -->

`--operations` and the recipe's `generalize.operations` take virt-sysprep's list syntax:
`defaults,-logfiles,user-account`. Names are virt-sysprep's where it has the same operation.

Homes of users are always looked at, beside the paths named here; no link is followed out of them. What a sealed image
still has of an operation that was meant to be done is a finding of the audit, [GS304](rules.md).

| operation | by default | covers |
|---|---|---|
"""
FOREIGN_HEAD = """
virt-sysprep's other operations are known by name, so lists can be shared:

| operation | here |
|---|---|
"""


def reference(operations: Iterable[Operation]) -> str:
    """The whole page in Markdown."""
    ordered = sorted(operations, key=lambda each: each.name)
    rows = "".join(f"| [{each.name}](#{each.name}) | {_yes(each)} | {_cell(each.covers)} |\n" for each in ordered)
    foreign = "".join(f"| {each.name} | {_cell(each.why)} |\n" for each in FOREIGN)
    return HEAD + rows + FOREIGN_HEAD + foreign + "\n" + "\n".join(_section(each) for each in ordered)


def _section(operation: Operation) -> str:
    by_default = "Done by default" if operation.default else "Done on request only"
    finding = "an error" if operation.severity is Severity.ERROR else f"a {operation.severity}"
    lines = [f"## {operation.name}", "", f"Covers: {_text(operation.covers)}.", ""]
    lines += [f"{by_default}. What is left of it is {finding}.", ""]
    if operation.roots:
        lines += [f"Looks at {', '.join(f'`{root}`' for root in operation.roots)}.", ""]
    if operation.upstream:
        lines += [f"Elsewhere: {_text(operation.upstream)}.", ""]
    why = inspect.getdoc(operation.plan)
    if why:
        lines += [why, ""]
    return "\n".join(lines)


def _yes(operation: Operation) -> str:
    return "yes" if operation.default else ""


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")


def _text(text: str) -> str:
    """Markdown would read the stars and tildes of patterns as emphasis."""
    return text.replace("*", "\\*").replace("~", "\\~")
