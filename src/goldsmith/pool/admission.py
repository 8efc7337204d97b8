"""Admits a finished image to a pool: everything beside it first, its own name last; that name is the commit point.

Under the pool's lock: an intent file says what will be placed; manifest and evidence are placed; the image gets its
name by a hard link, which cannot replace; the intent goes. Whoever finds an intent under the lock knows its run is
dead: with the image there it was admitted, without it what the intent names is removed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from goldsmith.disk.lease import PREFIX, Stale, disk_usage
from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.errors import InputError
from goldsmith.pool.manifest import Manifest
from goldsmith.pool.naming import ImageName, parse_file

INTENT = f"{PREFIX}admission:"


def place(root: Path, image: Path, manifest: Manifest, sidecars: Mapping[str, Path]) -> Path:
    """Place an image, its manifest and `sidecars` (suffix → file or folder) in `root`, whose lock the caller holds.

    All of them lie in the pool's own file system and are moved. Returns the image's path. Raises InputError where a
    name is taken, HostError where `root` is full or cannot be written; nothing is visible then.
    """
    name = ImageName(manifest.name, manifest.version)
    target = root / manifest.file
    beside = {root / f"{name.stem}{suffix}": source for suffix, source in sidecars.items()}
    for path in (target, root / name.manifest, *beside):
        if os.path.lexists(path):
            raise InputError(f"{path} is there already", hint="raise the version in the recipe, or use another folder")
    intent = root / f"{INTENT}{name.stem}"
    with full_disk_as_host_error(root, f"admitting {name}"):
        try:
            _write(
                intent, json.dumps({"image": target.name, "beside": [p.name for p in (root / name.manifest, *beside)]})
            )
            _fsync_folder(root)
            _write(root / name.manifest, manifest.as_bytes().decode())
            for path, source in beside.items():
                _fsync_tree(source)
                source.rename(path)
            image.chmod(image.stat().st_mode & 0o444)
            _fsync(image)
            _fsync_folder(root)
            _link(image, target)
        except BaseException:
            _undo(root, intent)
            raise
        _fsync_folder(root)
        image.unlink(missing_ok=True)
        intent.unlink()
    return target


def interrupted(root: Path) -> tuple[Stale, ...]:
    """What admissions of dead runs left without an image, sizes in bytes. The caller holds the pool's lock."""
    return tuple(
        Stale(path, disk_usage(path))
        for intent in _intents(root)
        for path in (*_beside(root, intent), intent)
        if os.path.lexists(path)
    )


def recover(root: Path) -> tuple[Stale, ...]:
    """Finish or undo every admission that a dead run left. The caller holds the pool's lock."""
    left = interrupted(root)
    with full_disk_as_host_error(root, f"clearing {root}"):
        for intent in _intents(root):
            _undo(root, intent)
    return left


def _undo(root: Path, intent: Path) -> None:
    for path in _beside(root, intent):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    intent.unlink(missing_ok=True)


def _intents(root: Path) -> Iterator[Path]:
    yield from sorted(path for path in root.glob(f"{INTENT}*") if path.is_file() and not path.is_symlink())


def _beside(root: Path, intent: Path) -> list[Path]:
    """What an intent placed and nothing shows: empty where its image is there, or the intent itself was cut short."""
    try:
        said = json.loads(intent.read_text())
        image, beside = str(said["image"]), [str(name) for name in said["beside"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    stem = intent.name.removeprefix(INTENT)
    parsed = parse_file(image)
    if parsed is None or parsed[0].stem != stem or os.path.lexists(root / image):
        return []
    return [root / name for name in beside if name.startswith(stem) and "/" not in name]


def _link(image: Path, target: Path) -> None:
    try:
        os.link(image, target, follow_symlinks=False)
    except FileExistsError:
        raise InputError(f"{target} is there already", hint="raise the version in the recipe") from None
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK}:
            raise
        # A file system without hard links (vfat, some of FUSE); the pool's lock keeps others of ours away.
        if os.path.lexists(target):
            raise InputError(f"{target} is there already", hint="raise the version in the recipe") from None
        image.rename(target)


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _fsync_tree(path: Path) -> None:
    if path.is_symlink():
        return
    if path.is_dir():
        for child in path.iterdir():
            _fsync_tree(child)
        _fsync_folder(path)
    else:
        _fsync(path)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_fsync_folder = _fsync
