"""Options that several verbs share, spelled and explained once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from goldsmith.disk.disk import DiskFormat


class EngineName(StrEnum):
    """The engines of this version, for --engine."""

    MOUNT = "mount"
    GUESTFS = "guestfs"


class DriverName(StrEnum):
    """The drivers of this version, for --driver."""

    QEMU = "qemu"
    LIBVIRT = "libvirt"
    CONTAINER = "container"


class As(StrEnum):
    """What an argument is, for --as."""

    RECIPE = "recipe"
    CLOUD_CONFIG = "cloud-config"
    TREE = "tree"
    DISK = "disk"


class GeneralizingTool(StrEnum):
    """Who generalizes, for --with."""

    GOLDSMITH = "goldsmith"
    VIRT_SYSPREP = "virt-sysprep"


AsOption = Annotated[As | None, typer.Option("--as", help="What the argument is, where its name does not say it.")]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output; talk goes to standard error.")
]
Events = Annotated[
    str | None,
    typer.Option(
        "--events", metavar="PATH|FD", help="Write every event as a JSON line to a file or an open descriptor."
    ),
]
Engine = Annotated[
    EngineName | None,
    typer.Option(
        "--engine",
        help="How a disk's guest is opened. Default: mount for root and a base of known origin, else guestfs.",
    ),
]
Driver = Annotated[
    DriverName | None,
    typer.Option(
        "--driver",
        help="How clones boot. Default: qemu. libvirt gives the same machines to libvirtd: qemu:///system for root,"
        " qemu:///session for others. container rehearses the userland in seconds, as root; boot loader, kernel,"
        " initramfs and udev stay unproven.",
    ),
]
Format = Annotated[
    DiskFormat | None,
    typer.Option(
        "--format", help="The disk's format, where the name does not end in .qcow2 or .raw. It is never probed."
    ),
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a variable of the recipe; may be repeated.")
]
POOL = "The pool: the folder of admitted images. Default: goldsmith/images in $XDG_STATE_HOME (~/.local/state)."
PoolFolder = Annotated[Path | None, typer.Option("--pool", metavar="DIR", help=POOL)]
RecipeFile = Annotated[
    Path, typer.Argument(metavar="RECIPE", help="A recipe; `goldsmith init` writes one to start from.")
]
Operations = Annotated[
    str,
    typer.Option(
        "--operations",
        metavar="LIST",
        help="virt-sysprep's list syntax: defaults,-logfiles,user-account. `goldsmith generalize --list` names all.",
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="PATH=REASON", help="Spare a path or glob, and say why; may be repeated."),
]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Write the outcomes as JUnit XML too, for CI systems."),
]
