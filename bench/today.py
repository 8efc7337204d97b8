"""The job as people do it today: virt-customize, virt-sysprep, virt-sparsify, qemu-img convert, one after the other."""

from __future__ import annotations

from pathlib import Path

from timing import Run, timed

from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.run import run

TIMEOUT = 1200.0
# As goldsmith's own guestfs engine: no libvirt between, emulation where KVM is unproven.
APPLIANCE = {"LIBGUESTFS_BACKEND": "direct"}


def four_tools(base: Disk, drop_in: Path, folder: Path, *, accelerated: bool, keep: Path | None = None) -> Run:
    """Times in seconds by tool, and the size of what comes out; it gets the name `keep`, or goes. The input lies under
    an overlay: free.
    """
    work = create_overlay(folder / "work.qcow2", base)
    result = folder / "today.qcow2"
    environment = {
        **APPLIANCE,
        **({} if accelerated else {"LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"}),
        "TMPDIR": str(folder),
    }
    parts: dict[str, float] = {}
    for name, argv in {
        "virt-customize": ["virt-customize", "--quiet", "--format", "qcow2", "-a", str(work.path), "--no-network",
                           "--upload", f"{drop_in}:/etc/cloud/cloud.cfg.d/{drop_in.name}"],
        "virt-sysprep": ["virt-sysprep", "--quiet", "--format", "qcow2", "-a", str(work.path)],
        "virt-sparsify": ["virt-sparsify", "--quiet", "--format", "qcow2", "--in-place", str(work.path)],
        "qemu-img convert -c": ["qemu-img", "convert", "-c", "-f", "qcow2", "-O", "qcow2", str(work.path), str(result)],
    }.items():  # fmt: skip
        with timed(parts, name):
            run(argv, timeout=TIMEOUT, env=environment)
    size = result.stat().st_size
    if keep is None:
        result.unlink()
    else:
        result.rename(keep)
    return Run("four tools of today", parts, size)
