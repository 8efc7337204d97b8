"""From a distribution's name to a bootable disk, step by step. Read this first."""

from __future__ import annotations

import hashlib
import inspect
import json
from pathlib import Path
from types import ModuleType

from goldsmith.base.bootstrap import archive, guestfiles, layout, tree
from goldsmith.base.bootstrap.archive import find_suites, host_files
from goldsmith.base.bootstrap.ids import Ids
from goldsmith.base.bootstrap.layout import Layout, write_disk
from goldsmith.base.bootstrap.tree import find_keyring, make_tree
from goldsmith.base.distro import Distro
from goldsmith.base.hashing import reporting
from goldsmith.base.identity import Identity
from goldsmith.base.scratch import tree_folder
from goldsmith.disk import qemu_img
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import Compression
from goldsmith.events import Emit
from goldsmith.run import require

TOOLS = ("mmdebstrap", "sfdisk", "mke2fs", "debugfs", "e2fsck", "mkfs.vfat", "mcopy", "qemu-img")


def bootstrap(distro: Distro, work: Path, emit: Emit) -> Path:
    """A qcow2 image of the distribution in the empty folder `work`.

    Raises HostError where this host lacks a program, the archive's keys, subordinate ids or space; ProcessError with
    apt's last lines where packages cannot be had.
    """
    for tool in TOOLS:
        require(tool)
    find_keyring(distro)
    identity = Identity.current()
    identity.require()
    ids = Ids.new()
    suites = find_suites(distro, host_files())
    shape = Layout(distro.virtual_size)
    raw = work / "disk.raw"
    with tree_folder(work, identity) as folder:
        root = folder / "root"
        make_tree(distro, root, work=work, ids=ids, suites=suites, identity=identity, emit=emit)
        write_disk(raw, shape, root, ids, identity)
    disk = _packed(Disk(raw, DiskFormat.RAW, shape.size), work / "disk.qcow2", emit)
    raw.unlink()
    return disk.path


def _packed(raw: Disk, target: Path, emit: Emit) -> Disk:
    """Compressed: a third of the bytes to keep, and to read again at every use."""
    report = reporting(emit, raw.virtual_size)
    return qemu_img.convert(
        raw,
        target,
        DiskFormat.QCOW2,
        compression=Compression.ZSTD,
        on_progress=lambda fraction: report(int(fraction * raw.virtual_size)),
    )


def inputs_digest(distro: Distro, arch: str) -> str:
    """A digest of everything in goldsmith that decides what a bootstrap makes; the archive's state is no part of it."""
    inputs = {
        "distro": [distro.name, distro.suite, distro.default_user, list(distro.packages), distro.virtual_size],
        "arch": arch,
        "code": [_source_digest(module) for module in (archive, guestfiles, layout, tree)],
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _source_digest(module: ModuleType) -> str:
    return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()
