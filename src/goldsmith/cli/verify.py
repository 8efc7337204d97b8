from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Driver, Engine, Events, Format, Json, Junit, PoolFolder
from goldsmith.machine.options import Bus, Network


def verify(
    image: Annotated[
        str, typer.Argument(metavar="DISK|IMAGE", help="A disk image, or NAME[:VERSION] of an admitted image.")
    ],
    *,
    recipe: Annotated[
        Path | None,
        typer.Option("--recipe", help="A recipe whose section `verify` holds, for example for a disk."),
    ] = None,
    clones: Annotated[
        int | None,
        typer.Option(
            "--clones",
            metavar="N",
            min=2,
            max=64,
            help="How many boot. Default: one for each seed on each firmware.",
        ),
    ] = None,
    seed: Annotated[
        list[str] | None,
        typer.Option(
            "--seed",
            metavar="LIST",
            help="What clones are given: none, empty (a NoCloud seed), user-data (a user with a key); with commas"
            " between them, or repeated. Default: all three.",
        ),
    ] = None,
    firmware: Annotated[
        list[str] | None,
        typer.Option(
            "--firmware",
            metavar="LIST",
            help="What machines start with: bios, uefi, or both. Default: bios.",
        ),
    ] = None,
    second_boot: Annotated[
        bool | None,
        typer.Option(
            "--second-boot/--no-second-boot",
            help="Start one clone a second time. Default: yes.",
        ),
    ] = None,
    rehearse: Annotated[
        bool | None,
        typer.Option(
            "--rehearse/--no-rehearse",
            help="Boot clones with user-data, and more than one of a kind, in containers, in seconds, as root. Default:"
            " where machines are emulated and the image is of known origin.",
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="SIZE", help="Such as 2G. Default: 1G."),
    ] = None,
    cpus: Annotated[int | None, typer.Option("--cpus", metavar="N", help="Processors. Default: 1.")] = None,
    tpm: Annotated[bool | None, typer.Option("--tpm/--no-tpm", help="A TPM 2.0.")] = None,
    machine: Annotated[
        str | None,
        typer.Option("--machine", metavar="TYPE", help="QEMU's machine type, such as q35."),
    ] = None,
    cpu: Annotated[
        str | None,
        typer.Option("--cpu", metavar="MODEL", help="Processor model, with features as in max,-avx. Default: max."),
    ] = None,
    bus: Annotated[Bus | None, typer.Option("--bus", help="Of the disk. Default: virtio.")] = None,
    network: Annotated[Network | None, typer.Option("--network", help="Default: none.")] = None,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="DIR", help="Keep evidence, consoles and a page in this folder."),
    ] = None,
    junit: Junit = None,
    pool: PoolFolder = None,
    format: Format = None,
    engine: Engine = None,
    driver: Driver = None,
    json: Json = False,
    events: Events = None,
) -> None:
    """Boot clones of an image, and judge what they left.

    One clone has no seed at all, one an empty NoCloud seed, one user-data that adds a user; one of them is started
    twice. None has a network, unless --network gives it one. The image is not changed. What is expected comes from
    --recipe, else from the manifest of an image of the pool; without both only what holds for every image is judged.
    Ends with 5 if the proof fails, or something could not be proven.

    \b
    Examples:
      goldsmith verify debian12-base
      goldsmith verify debian12-base:1.0 --evidence proof/
      goldsmith verify vendor-image.qcow2 --recipe debian12-base.yaml --json
      goldsmith verify debian12-base --firmware bios,uefi --memory 2G
      goldsmith verify debian12-base --driver libvirt
      goldsmith verify debian12-base --driver container --clones 12
    """
    from goldsmith import api

    with conversation("verify", json=json, events=events) as talk:
        verified = api.verify(
            image,
            recipe=recipe,
            pool=pool,
            format=format,
            engine=engine.value if engine else None,
            driver=driver.value if driver else None,
            clones=clones,
            seeds=seed or (),
            firmwares=firmware or (),
            second_boot=second_boot,
            rehearse=rehearse,
            machine={
                "memory": memory,
                "cpus": cpus,
                "tpm": tpm,
                "machine": machine,
                "cpu": cpu,
                "bus": bus,
                "network": network,
            },
            evidence=evidence,
            emit=talk.emit,
        )
        if junit is not None:
            api.write_junit(verified, junit)
        talk.finish(verified.as_json(), verified.as_text().splitlines(), code=0 if verified.passed else 5)
