from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation, explain_rule, finding_lines, list_rules
from goldsmith.cli.options import Engine, Events, Format, Json, Keep, Operations
from goldsmith.cli.sarif import Sarif, require_one_document, say_sarif
from goldsmith.errors import InputError


def audit(
    disk: Annotated[
        Path | None, typer.Argument(metavar="DISK|DIR", help="A disk image, or a directory that is a guest's tree.")
    ] = None,
    *,
    operations: Operations = "defaults",
    keep: Keep = None,
    waive: Annotated[
        list[str] | None,
        typer.Option(
            "--waive",
            metavar="CODE[:PATH]=REASON",
            help="Take a rule's findings as they are, all or those at a path or glob, and say why; may be repeated.",
        ),
    ] = None,
    canary: Annotated[
        list[Path] | None,
        typer.Option(
            "--canary",
            metavar="FILE",
            help="Search all bytes for the content of FILE, less line ends at its end: as it is, in Base64 and "
            "URL-encoded, in free space, journals and slack too; may be repeated.",
        ),
    ] = None,
    sarif: Sarif = None,
    list_: Annotated[bool, typer.Option("--list", help="List the rules.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Say what a rule looks at, and why it is there.")
    ] = None,
    format: Format = None,
    engine: Engine = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Look for what clones must not inherit, in any image.

    Nothing is changed. Every operation of generalizing is planned on what is there; what is still planned is a finding,
    beside those of the rules over a tree: secrets, open accounts, agents, labels, tools of the build. Secrets are never
    shown in whole. Ends with 5 if a finding that is not waived is an error.

    \b
    Examples:
      goldsmith audit vendor-image.qcow2
      goldsmith audit vendor-image.img --format raw --operations defaults,-logfiles
      goldsmith audit golden.qcow2 --canary deploy-key.pem --canary registry-token
      goldsmith audit golden.qcow2 --waive 'GS310:/etc/ssl/private/*=a certificate of our lab'
      goldsmith audit /srv/rootfs --sarif audit.sarif
      goldsmith audit --explain GS310
    """
    from goldsmith import api

    with conversation("audit", json=json, events=events) as talk:
        if explain is not None:
            explain_rule(talk, explain, api.explain_rule(explain))
            return
        if list_:
            list_rules(talk, api.audit_rules())
            return
        if disk is None:
            raise InputError(
                "no disk or directory was given", hint="goldsmith audit DISK|DIR, --list or --explain CODE"
            )
        require_one_document(sarif, json=json)
        audited = api.audit(
            disk,
            format=format,
            engine=engine.value if engine else None,
            operations=operations,
            keep=keep or (),
            waive=waive or (),
            canaries=canary or (),
            emit=talk.emit,
        )
        code = 5 if audited.failed else 0
        say_sarif(talk, sarif, audited.findings, api.audit_rules(), code=code)
        idle = [f"the waiver of {waiver} covers nothing" for waiver in audited.idle]
        text = [*finding_lines(audited.findings), *idle, f"{disk}: {audited.summary}"]
        talk.finish(audited.as_json(), text, code=code)
