from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Json, PoolFolder


def clone(
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="NAME[:VERSION] of an admitted image; the newest version by default.")
    ],
    disk: Annotated[Path, typer.Argument(metavar="DISK", help="The clone's disk: a new qcow2 overlay.")],
    *,
    size: Annotated[
        str | None, typer.Option("--size", help="Virtual size of the clone, such as 20G; default: the image's.")
    ] = None,
    pool: PoolFolder = None,
    json: Json = False,
) -> None:
    """Make a virtual machine's disk: an overlay of an image.

    The image has to stay where it is: the clone's disk holds only what differs from it. Nothing is overwritten.

    \b
    Examples:
      goldsmith clone debian12-base vm1.qcow2
      goldsmith clone debian12-base:1.0 vm2.qcow2 --size 20G
    """
    from goldsmith import api

    with conversation("clone", json=json) as talk:
        made = api.clone(image, disk, size=size, pool=pool)
        talk.finish(made.as_json(), made.as_text())
