"""The same job by goldsmith: drop-in, generalize, second plan, seal, audit, in one guest session of one engine."""

from __future__ import annotations

from pathlib import Path

from timing import Run, timed

from goldsmith.customization.customization import Session
from goldsmith.customization.kinds.defaults import Defaults
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.disk.seal import Packing, seal
from goldsmith.generalization.generalize import generalize
from goldsmith.generalization.select import select
from goldsmith.guest.info import INFO_ROOTS, read_info
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.steps.audit import Intent, audit_guest


def goldsmith(
    base: Disk,
    drop_in: Path,
    folder: Path,
    *,
    engine: str,
    packing: Packing,
    accelerated: bool,
    keep: Path | None = None,
) -> Run:
    """Times in seconds by part, and the size of what comes out; it gets the name `keep`, or goes."""
    parts: dict[str, float] = {}
    operations = select("defaults")
    work = create_overlay(folder / f"{engine}.qcow2", base)
    with timed(parts, "open"):
        opening = open_guest(work, engine=engine, scratch=folder, accelerated=accelerated)
        guest = opening.__enter__()
    try:
        with timed(parts, "drop-in"):
            info = read_info(guest.index(INFO_ROOTS), guest.read)
            session = Session(guest=guest, info=info, folder=folder, variables={})
            Defaults(name=drop_in.stem, config=drop_in.read_text()).perform(session)
        with timed(parts, "generalize, second plan"):
            generalize(guest, operations, declared=session.declared)
    finally:
        with timed(parts, "close"):
            opening.__exit__(None, None, None)
    with timed(parts, "seal"):
        sealed = seal(work, folder / f"{engine}-sealed", packing=packing, scratch=folder)
    with (
        timed(parts, "audit"),
        open_guest(sealed.disk, engine=engine, scratch=folder, read_only=True, accelerated=accelerated) as guest,
    ):
        audited = audit_guest(guest, Intent(operations, declared=frozenset(session.declared)))
    assert not audited.failed, audited.errors
    if keep is None:
        sealed.disk.path.unlink()
    else:
        sealed.disk.path.rename(keep)
    return Run(f"goldsmith {engine}, {packing.value}", parts, sealed.size)
