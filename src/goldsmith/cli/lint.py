from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldsmith.cli.conversation import Conversation, conversation, explain_rule, finding_lines, list_rules
from goldsmith.cli.options import AsOption, Engine, Format, Json, Sets
from goldsmith.cli.sarif import Sarif, require_one_document, say_sarif
from goldsmith.errors import InputError

if TYPE_CHECKING:
    from goldsmith.pipeline.existing.lint import Linted


def lint(
    target: Annotated[
        Path | None,
        typer.Argument(
            metavar="RECIPE|FILE|DIR|DISK",
            help="A recipe (.yaml), a file of cloud-init's configuration (.cfg, or #cloud-config in its first line), a "
            "directory that holds etc/cloud, or a disk image.",
        ),
    ] = None,
    *,
    sets: Sets = None,
    as_: AsOption = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Make the repairs that are safe, in place; comments and order stay.")
    ] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Say why a rule is there, and what is right.")
    ] = None,
    distro: Annotated[
        str | None,
        typer.Option("--distro", help="For a file alone: the distribution that it lies in, such as rocky/9."),
    ] = None,
    fetch_schema: Annotated[
        bool,
        typer.Option(
            "--fetch-schema",
            help="For a file alone: fetch the schema of this distribution's cloud-init into the cache.",
        ),
    ] = False,
    format: Format = None,
    engine: Engine = None,
    sarif: Sarif = None,
    list_: Annotated[bool, typer.Option("--list", help="List the rules.")] = False,
    json: Json = False,
) -> None:
    """Find what is wrong with a recipe or a cloud configuration.

    Everything at once, as file:line:column with a hint. For a recipe neither the network nor the base is needed. A
    configuration is judged as the cloud-init of its image reads it, by the schema that this cloud-init ships. A comment
    allows a finding for a reason: `# goldsmith: allow GS617 our lab has a mirror`. Ends with 2 if a finding is an
    error that is not allowed.

    \b
    Examples:
      goldsmith lint debian12-base.yaml
      goldsmith lint debian12-base.yaml --set role=web --json
      goldsmith lint 99-custom-defaults.cfg --distro rocky/9
      goldsmith lint 99-custom-defaults.cfg --fetch-schema --fix
      goldsmith lint /srv/rootfs
      goldsmith lint vendor-image.qcow2
      goldsmith lint --explain GS617
    """
    from goldsmith import api
    from goldsmith.pipeline.existing.lint import Kind

    with conversation("lint", json=json) as talk:
        if explain is not None:
            explain_rule(talk, explain, api.explain_rule(explain))
            return
        if list_:
            list_rules(talk, api.lint_rules())
            return
        if target is None:
            raise InputError(
                "nothing to lint was given", hint="goldsmith lint RECIPE|FILE|DIR|DISK, --list or --explain CODE"
            )
        require_one_document(sarif, json=json)
        judged = target

        def judge(*, fetch: bool = False) -> Linted:
            return api.lint(
                judged,
                sets=sets or (),
                kind=Kind(as_.value) if as_ is not None else None,
                format=format,
                engine=engine.value if engine else None,
                distro=distro,
                fetch_schema=fetch,
                emit=talk.emit,
            )

        linted = judge(fetch=fetch_schema)
        repaired = api.repair(linted) if fix else ()
        linted = judge() if repaired else linted
        code = 2 if linted.errors else 0
        say_sarif(talk, sarif, linted.findings, api.lint_rules(), code=code)
        _say(talk, target, linted, len(repaired), code)


def _say(talk: Conversation, target: Path, linted: Linted, repaired: int, code: int) -> None:
    text = finding_lines(linted.findings)
    if linted.against is not None:
        text.append(f"judged by {linted.against}")
    done = f"; {repaired} repaired" if repaired else ""
    text.append(f"{target}: {linted.summary}{done}")
    talk.finish({**linted.as_json(), "repaired": repaired}, text, code=code)
