from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goldsmith.cli.conversation import Conversation, conversation
from goldsmith.cli.options import Engine, Events, Format, GeneralizingTool, Json, Keep, Operations
from goldsmith.errors import InputError

if TYPE_CHECKING:
    from goldsmith.generalization.operation import Operation
    from goldsmith.generalization.select import Foreign


def generalize(
    disk: Annotated[
        Path | None, typer.Argument(metavar="DISK|DIR", help="A disk image, or a directory that is a guest's tree.")
    ] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="Seal the result to a new disk; DISK stays as it is."),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Change the disk or directory itself.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what would be changed.")] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="List the operations: what each covers and its upstream equivalent.")
    ] = False,
    operations: Operations = "defaults",
    keep: Keep = None,
    keep_user_accounts: Annotated[
        list[str] | None,
        typer.Option(
            "--keep-user-accounts", metavar="NAMES", help="user-account leaves these; wins over --remove-user-accounts."
        ),
    ] = None,
    remove_user_accounts: Annotated[
        list[str] | None,
        typer.Option("--remove-user-accounts", metavar="NAMES", help="user-account removes these and no others."),
    ] = None,
    script: Annotated[
        list[Path] | None,
        typer.Option(
            "--script", metavar="FILE", help="Run a script of the host first, confined inside the guest; repeatable."
        ),
    ] = None,
    run_clean_scripts: Annotated[
        bool,
        typer.Option("--run-clean-scripts", help="Run the guest's /etc/cloud/clean.d first, confined in the guest."),
    ] = False,
    with_: Annotated[
        list[GeneralizingTool] | None,
        typer.Option(
            "--with",
            help="Who does it: goldsmith, or the installed virt-sysprep (never its customize); give both, "
            "virt-sysprep first, and goldsmith takes out what it left.",
        ),
    ] = None,
    format: Format = None,
    engine: Engine = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Take out of a guest what clones must not inherit.

    One of --dry-run, --output and --in-place has to be said. What was done is proven by planning again: the second plan
    has to be empty. OUT is packed as qcow2 with zstd, or raw where its name ends in .raw; nothing is overwritten.

    \b
    Examples:
      goldsmith generalize --list
      goldsmith generalize vm.qcow2 --dry-run
      goldsmith generalize vm.qcow2 --output golden.qcow2
      goldsmith generalize /srv/rootfs --in-place --operations defaults,-ssh-hostkeys
      goldsmith generalize vm.qcow2 -o golden.qcow2 --keep '/etc/netplan/*=lab network'
      goldsmith generalize vm.qcow2 -o golden.qcow2 --operations defaults,user-account --keep-user-accounts admin
      goldsmith generalize vm.qcow2 -o golden.qcow2 --script ./forget-licence.sh --run-clean-scripts
      goldsmith generalize vm.qcow2 -o golden.qcow2 --with virt-sysprep
    """
    from goldsmith import api

    with conversation("generalize", json=json, events=events) as talk:
        if list_:
            _list(talk, api.operations(), api.foreign_operations())
            return
        if disk is None:
            raise InputError("no disk or directory was given", hint="goldsmith generalize DISK|DIR, or --list")
        report = api.generalize(
            disk,
            format=format,
            engine=engine.value if engine else None,
            operations=operations,
            keep=keep or (),
            keep_user_accounts=keep_user_accounts or (),
            remove_user_accounts=remove_user_accounts or (),
            scripts=script or (),
            clean_scripts=run_clean_scripts,
            tools=tuple(each.value for each in with_ or (GeneralizingTool.GOLDSMITH,)),
            output=output,
            in_place=in_place,
            dry_run=dry_run,
            emit=talk.emit,
        )
        talk.finish(report.as_json(), report.as_text())


def _list(talk: Conversation, operations: Sequence[Operation], foreign: Sequence[Foreign]) -> None:
    document = [
        {"name": each.name, "default": each.default, "covers": each.covers, "upstream": each.upstream or None}
        for each in operations
    ]
    unknown = [{"name": each.name, "why": each.why} for each in foreign]
    width = max(len(name) for name in (*(each.name for each in operations), *(each.name for each in foreign)))
    text = [
        f"{'*' if each.default else ' '} {each.name:<{width}}  {each.covers}"
        + (f"  [{each.upstream}]" if each.upstream else "")
        for each in operations
    ]
    others = [f"- {each.name:<{width}}  {each.why}" for each in foreign]
    legend = "* by default; [the equivalent elsewhere]; - an operation of virt-sysprep that does nothing here"
    talk.finish({"operations": document, "foreign": unknown}, [*text, *others, legend])
