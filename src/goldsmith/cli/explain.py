from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation, finding_lines
from goldsmith.cli.options import AsOption, Engine, Events, Format, Json, Sets
from goldsmith.findings import printable


def explain(
    what: Annotated[
        Path,
        typer.Argument(
            metavar="DISK|DIR|RECIPE|FILE",
            help="A disk, a directory that contains etc/cloud, a recipe, or one file of cloud-init's configuration.",
        ),
    ],
    key: Annotated[
        str | None,
        typer.Argument(
            metavar="[KEY]", help="Only this: a dotted path, a JSON pointer, or the name of a cloud-init module."
        ),
    ] = None,
    *,
    first_boot: Annotated[
        bool, typer.Option("--first-boot", help="Say what a first boot does, with each kind of seed.")
    ] = False,
    distro: Annotated[
        str | None,
        typer.Option(
            "--distro",
            help="What lies below a file or a recipe without its base at hand: the known defaults of a distribution, "
            "such as rocky/9. Default: the recipe's own; for a file, debian/12.",
        ),
    ] = None,
    cmdline: Annotated[
        str | None,
        typer.Option("--cmdline", help="The kernel's command line. Default: the one in the image's boot loader."),
    ] = None,
    user_data: Annotated[
        Path | None,
        typer.Option("--user-data", metavar="FILE", help="User-data that clones are given: first boots follow it."),
    ] = None,
    metadata_keys: Annotated[
        int, typer.Option("--metadata-keys", min=0, help="How many SSH keys the metadata of a cloud brings.")
    ] = 1,
    as_: AsOption = None,
    format: Format = None,
    engine: Engine = None,
    sets: Sets = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Show what cloud-init will do, and which file makes it so.

    The configuration is computed as the cloud-init inside the image computes it, each value with its file, line and
    what it overrode. Nothing is changed, nothing is booted, nothing is fetched.

    \b
    Examples:
      goldsmith explain /srv/rootfs system_info.default_user.name
      goldsmith explain vendor-image.qcow2 --first-boot
      goldsmith explain debian12-base.yaml --first-boot --user-data user-data
      goldsmith explain debian12-base.yaml runcmd
      goldsmith explain 99-custom-defaults.cfg --distro rocky/9 --json
    """
    from goldsmith import api
    from goldsmith.pipeline.existing.lint import Kind

    with conversation("explain", json=json, events=events) as talk:
        explanation = api.explain(
            what,
            format=format,
            engine=engine.value if engine else None,
            sets=sets or (),
            distro=distro,
            cmdline=cmdline,
            user_data=user_data,
            metadata_keys=metadata_keys,
            kind=Kind(as_.value) if as_ is not None else None,
            emit=talk.emit,
        )
        notes = [f"note: {printable(note)}" for note in explanation.notes]
        if key is not None:
            text = [*explanation.key_text(key), *notes]
        elif first_boot:
            text = [*explanation.first_boot_text(), *notes, *finding_lines(explanation.findings)]
        else:
            text = [*explanation.as_text(), "", *finding_lines(explanation.findings)]
        talk.finish(explanation.as_json(key) if json else {}, text)
