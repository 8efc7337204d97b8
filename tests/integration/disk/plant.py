"""Plants canaries in a file system and deletes them again, and lists what is there: a program of its own, so that it
runs in a mount namespace of its own (`unshare --mount`), where nobody else can keep the file system mounted.

    plant.py plant IMAGE FOLDER [OPTIONS]    plant.py list IMAGE FOLDER [OPTIONS]
"""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

SIZES = {"few": 3, "some": 12, "block": 40, "leaf": 300, "node": 2000}


def write(path: Path, content: bytes = b"") -> None:
    path.write_bytes(content)


def settle(top: Path) -> None:
    """Have everything on the disk: what is deleted before that was never there."""
    subprocess.run(["sync", "--file-system", top], check=True)


def attribute(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.E2BIG, errno.ENOTSUP}:
            raise


def names(top: Path, chance: random.Random) -> None:
    """Names of every length in directories of every form: some emptied, some that keep every third entry."""
    for form, size in SIZES.items():
        for folder in (top / f"{form}-emptied", top / f"{form}-mixed"):
            folder.mkdir()
            for number in range(size):
                if "mixed" in folder.name and number % 3 == 0:
                    write(folder / f"keep-{number}-{'k' * chance.randrange(30)}", b"kept")
                write(folder / f"CANARYNAME{number}{'n' * chance.randrange(60)}", b"CANARYCONTENT")
    settle(top)
    for path in top.glob("*/CANARY*"):
        path.unlink()
    renamed = top / "renamed"
    renamed.mkdir()
    for number in range(60):
        write(renamed / f"CANARYNAME{number}")
        (renamed / f"CANARYNAME{number}").rename(renamed / f"n{number}")


def growing(top: Path) -> None:
    """Directories and files whose form changed after the canary went."""
    for number in range(40):
        folder = top / f"grown{number}"
        folder.mkdir()
        write(folder / f"CANARYNAME{number}")
        write(folder / "small", b"CANARYINLINE%d" % number)
    settle(top)
    for number in range(40):
        folder = top / f"grown{number}"
        (folder / f"CANARYNAME{number}").unlink()
        for each in range(30):
            write(folder / f"x{each}")
        write(folder / "small", b"now long\n" * 1000)


def links(top: Path, chance: random.Random) -> None:
    folder = top / "links"
    folder.mkdir()
    for number in range(200):
        (folder / f"short{number}").symlink_to(f"CANARYTARGET{number}{'s' * chance.randrange(40)}")
        (folder / f"long{number}").symlink_to(f"CANARYLONGTARGET{number}" * 12)
        (folder / f"keep{number}").symlink_to(f"a target that stays {number}")
    settle(top)
    for number in range(200):
        (folder / f"short{number}").unlink()
        (folder / f"long{number}").unlink()


def attributes(top: Path, chance: random.Random) -> None:
    """Attributes in inodes, leaves, trees and blocks of their own; removed, partly removed, replaced, and with their
    file.
    """
    folder = top / "attributes"
    folder.mkdir()
    for number in range(60):
        path = folder / f"file{number}"
        write(path, b"file")
        attribute(path, "user.keep", b"kept value")
        count, padding, length = ((1, 0, 1), (30, 0, 3), (300, 50, 3), (3, 5, 3000))[number % 4]
        for each in range(count):
            attribute(path, f"user.CANARYATTRIBUTE{each}{'a' * padding}", b"CANARYVALUE%d" % each * length)
    settle(top)
    for number in range(60):
        path = folder / f"file{number}"
        if number % 8 >= 6:
            path.unlink()
            continue
        for name in os.listxattr(path):
            if "CANARY" in name:
                os.removexattr(path, name)
    for number in range(10):
        path = folder / f"mixed{number}"
        write(path)
        for each in range(200):
            name = f"user.{'CANARYATTRIBUTE' if each % 2 else 'kept'}{each}{'a' * chance.randrange(40)}"
            attribute(path, name, (b"CANARYVALUE" if each % 2 else b"kept") + b"." * chance.randrange(40))
        for name in os.listxattr(path):
            if "CANARY" in name:
                os.removexattr(path, name)
    path = folder / "replaced"
    write(path)
    attribute(path, "user.value", b"CANARYVALUE" * 300)
    attribute(path, "user.value", b"short" * 100)


def contents(top: Path) -> None:
    """Files that went, shrank, lie in pieces; and files that took over their blocks without writing to them."""
    folder = top / "contents"
    folder.mkdir()
    for number in range(50):
        write(folder / f"file{number}", b"CANARYCONTENT%d" % number * 1000)
        write(folder / f"tiny{number}", b"CANARYINLINE%d" % number)
    settle(top)
    for number in range(50):
        (folder / f"tiny{number}").unlink()
        if number % 2:
            (folder / f"file{number}").unlink()
        else:
            write(folder / f"file{number}", b"kept")
    with (folder / "pieces").open("wb") as file:
        for number in range(400):
            file.seek(number * 16384)
            file.write(b"kept")


def never_written(top: Path) -> None:
    """Much room is filled with canaries, freed, and taken again by files that were never written."""
    folder = top / "reserved"
    folder.mkdir()
    status = os.statvfs(folder)
    piece = 4 << 20
    count = min(status.f_bavail * status.f_frsize // piece // 2, 20)
    for number in range(count):
        write(folder / f"full{number}", b"CANARYCONTENT".ljust(4096) * (piece // 4096))
    settle(top)
    for number in range(count):
        (folder / f"full{number}").unlink()
    settle(top)
    for number in range(count + count // 2):
        with (folder / f"reserved{number}").open("wb") as file:
            file.write(b"first")
            os.posix_fallocate(file.fileno(), 0, piece)


def listing(top: Path) -> None:
    """Everything that a guest can see of every path, but for the size of directories, which a scrub may shrink."""
    for path in (top, *sorted(top.rglob("*"))):
        if path.name == "lost+found":
            continue
        status = path.lstat()
        kept = {
            each: os.getxattr(path, each, follow_symlinks=False)
            for each in sorted(os.listxattr(path, follow_symlinks=False))
        }
        if path.is_symlink():
            content = str(path.readlink())
        else:
            content = sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        size = 0 if path.is_dir() else status.st_size
        numbers = (status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_nlink, size)
        shown = (str(path.relative_to(top)), *numbers, status.st_mtime_ns, status.st_ctime_ns, kept, content)
        sys.stdout.write(f"{shown!r}\n")


def main(action: str, image: str, folder: str, options: str = "loop") -> None:
    top, chance = Path(folder), random.Random(7)
    subprocess.run(["mount", "-o", options, image, folder], check=True)
    try:
        if action == "list":
            listing(top)
            return
        never_written(top)
        names(top, chance)
        growing(top)
        links(top, chance)
        attributes(top, chance)
        contents(top)
    finally:
        subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
