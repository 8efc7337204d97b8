"""Decompresses a whole file into another one, with bounds: what comes out is a stranger's choice."""

from __future__ import annotations

import gzip
import lzma
import os
import signal
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, assert_never

from goldsmith.base.hashing import is_zero
from goldsmith.base.packing import Packer
from goldsmith.disk.limits import full_disk_as_host_error, no_space
from goldsmith.errors import InputError, TrustError
from goldsmith.run import require, running

# What may come out: disks of zeros pack a thousandfold and more, so a ratio alone would refuse honest ones.
ALWAYS_ALLOWED = 64 << 30
RATIO = 100
CHUNK = 1 << 20
# Slowest rate taken, in bytes a second of what comes out.
SLOWEST = 5 << 20


def unpack(packed: Path, packer: Packer, target: Path, progress: Callable[[int], None], *, name: str) -> None:
    """Decompress `packed` into the new file `target`; runs of zeros become holes. `progress` takes the bytes so far.

    Raises InputError where it is damaged or ends early, TrustError where it grows beyond all measure, HostError where
    there is no space. `name` is what the person calls the file.
    """
    limit = max(ALWAYS_ALLOWED, packed.stat().st_size * RATIO)
    match packer:
        case Packer.ZSTD:
            _unzstd(packed, target, limit, progress, name)
        case Packer.XZ | Packer.GZIP:
            with full_disk_as_host_error(target.parent, f"decompressing {name}"), target.open("xb") as out:
                try:
                    with _opened(packed, packer) as source:
                        _copy(source, out, limit, progress, name)
                except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
                    raise _damaged(name, packer, str(error)) from error
        case _:
            assert_never(packer)


def _opened(packed: Path, packer: Packer) -> gzip.GzipFile | lzma.LZMAFile:
    return gzip.open(packed, "rb") if packer is Packer.GZIP else lzma.open(packed, "rb")


def _copy(
    source: gzip.GzipFile | lzma.LZMAFile, out: IO[bytes], limit: int, progress: Callable[[int], None], name: str
) -> None:
    done = 0
    while chunk := source.read(CHUNK):
        done += len(chunk)
        if done > limit:
            raise _bomb(name, limit)
        if is_zero(chunk):
            out.seek(done)
        else:
            out.write(chunk)
        progress(done)
    out.truncate(done)


def _unzstd(packed: Path, target: Path, limit: int, progress: Callable[[int], None], name: str) -> None:
    require("zstd")
    argv = ["prlimit", f"--fsize={limit}", "--core=0", "--", "zstd", "--decompress", "--quiet", "--sparse",
            "--memory=2048MB", "-o", str(target.absolute()), "--", str(packed.absolute())]  # fmt: skip
    with tempfile.TemporaryFile() as log:
        with running(argv, log=log) as process:
            waited = 0.0
            while (returncode := process.wait(0.2)) is None:
                waited += 0.2
                done = target.stat().st_size if target.exists() else 0
                progress(done)
                if waited > 600 + done / SLOWEST:
                    raise InputError(f"decompressing {name} did not end within {waited:.0f} s")
        log.seek(0)
        said = log.read().decode("utf-8", "replace").strip().splitlines()
    if returncode == 0:
        progress(target.stat().st_size)
        return
    tail = said[-1] if said else f"exit code {returncode}"
    if returncode == 128 + signal.SIGXFSZ or "File too large" in tail:
        raise _bomb(name, limit)
    if "No space left" in tail or _full(target.parent):
        raise no_space(target.parent, f"decompressing {name}")
    raise _damaged(name, Packer.ZSTD, tail)


def _full(folder: Path) -> bool:
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize < CHUNK


def _bomb(name: str, limit: int) -> TrustError:
    return TrustError(
        f"{name} grows beyond {limit >> 30} GiB when it is decompressed",
        hint="if that is what you want, decompress it yourself and name the result",
    )


def _damaged(name: str, packer: Packer, why: str) -> InputError:
    return InputError(f"{name} is no whole .{packer} file: {why or 'it ends early'}", hint="download or copy it again")
