"""The few system calls that Python 3.11 lacks: openat2, mounts, namespaces, capabilities, syncfs, loops, FITRIM."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

# openat2(2); the number is the same on every architecture.
SYS_OPENAT2 = 437
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10

# Flags of the mount system calls.
MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_REMOUNT = 32
MS_NOATIME = 1024
MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8

# linux/sched.h
CLONE_NEWNS = 0x00020000

# linux/prctl.h
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
# More than any kernel has.
MOST_CAPABILITIES = 64

# linux/loop.h
LOOP_CTL_GET_FREE = 0x4C82
LOOP_CONFIGURE = 0x4C0A
LO_FLAGS_READ_ONLY = 1
LO_FLAGS_AUTOCLEAR = 4

# linux/fs.h: _IOWR('X', 121, struct fstrim_range)
FITRIM = 0xC0185879


def openat2(directory: int, path: str, flags: int, resolve: int) -> int:
    """A descriptor of `path` below the descriptor `directory`, resolved as `resolve` says. Raises OSError."""
    how = struct.pack("QQQ", flags | os.O_CLOEXEC, 0, resolve)
    name = os.fsencode(path)
    for _ in range(100):
        descriptor = _libc.syscall(
            ctypes.c_long(SYS_OPENAT2), ctypes.c_int(directory), ctypes.c_char_p(name), ctypes.c_char_p(how), len(how)
        )
        if descriptor >= 0:
            return int(descriptor)
        number = ctypes.get_errno()
        # openat2(2): EAGAIN means that a rename happened meanwhile, and asks to try again.
        if number not in {errno.EAGAIN, errno.EINTR}:
            break
    raise OSError(number, os.strerror(number), path)


def mount(source: str, target: str, filesystem: str, flags: int, options: str = "") -> None:
    """Attach a device, or a file system of the kernel, like the system call of that name. Raises OSError."""
    done = _libc.mount(
        os.fsencode(source), os.fsencode(target), filesystem.encode(), ctypes.c_ulong(flags), options.encode()
    )
    _check(done, target)


def unmount(target: str, *, detach: bool = False) -> None:
    """Unmount, as in umount2(2), never through a link; with `detach` also what is mounted below. Raises OSError."""
    _check(_libc.umount2(os.fsencode(target), UMOUNT_NOFOLLOW | (MNT_DETACH if detach else 0)), target)


def own_mount_namespace() -> None:
    """A copy of the mount namespace for the calling thread and what it starts from now on. Raises OSError."""
    _check(_libc.unshare(CLONE_NEWNS), "mount namespace")


def enter_namespace(descriptor: int) -> None:
    """Move this process into the namespace that a file of /proc/PID/ns stands for; of a PID namespace, its children
    from now on. Raises OSError.
    """
    _check(_libc.setns(descriptor, 0), "namespace")


def keep_capabilities(allowed: int) -> None:
    """Give up all capabilities whose bits are not set, for whatever program is started next. Raises OSError."""
    for number in range(MOST_CAPABILITIES):
        # EINVAL: this kernel has no more of them.
        if not allowed >> number & 1 and _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            if ctypes.get_errno() == errno.EINVAL:
                return
            _check(-1, f"capability {number}")


def set_undumpable() -> None:
    """No process of another user may trace this one or read its memory. Raises OSError."""
    _check(_libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")


def invoke(number: int, *arguments: int | bytes | ctypes.c_size_t) -> int:
    """Any system call by its number. Raises OSError."""
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    _check(min(0, result), f"system call {number}")
    return result


def sync_filesystem(descriptor: int) -> None:
    """Wait, as in syncfs(2), until everything written to the file system has reached its
    device. Raises OSError.
    """
    _check(_libc.syncfs(descriptor), f"descriptor {descriptor}")


def trim_filesystem(descriptor: int) -> None:
    """Tell the device which blocks are free. Raises OSError."""
    fcntl.ioctl(descriptor, FITRIM, struct.pack("QQQ", 0, 2**64 - 1, 0))


def attach_loop(backing: int, offset: int, size: int, *, read_only: bool) -> tuple[int, str]:
    """A loop device over a part of a file: its descriptor and its name.

    The device goes away with its last user (LO_FLAGS_AUTOCLEAR): keep the descriptor until it is mounted.
    """
    with open("/dev/loop-control", "rb", buffering=0) as control:
        for _ in range(64):
            number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
            name = f"/dev/loop{number}"
            device = os.open(name, (os.O_RDONLY if read_only else os.O_RDWR) | os.O_CLOEXEC)
            try:
                fcntl.ioctl(device, LOOP_CONFIGURE, _loop_config(backing, offset, size, read_only=read_only))
            except OSError as error:
                os.close(device)
                # Somebody else took it between the two calls.
                if error.errno != errno.EBUSY:
                    raise
                continue
            return device, name
    raise OSError(errno.EBUSY, "no loop device stays free", "/dev/loop-control")


def _loop_config(backing: int, offset: int, size: int, *, read_only: bool) -> bytes:
    """The structure loop_config of linux/loop.h: descriptor, block size, loop_info64, eight reserved words."""
    flags = LO_FLAGS_AUTOCLEAR | (LO_FLAGS_READ_ONLY if read_only else 0)
    info = struct.pack("5Q4I64s64s32s2Q", 0, 0, 0, offset, size, 0, 0, 0, flags, b"goldsmith", b"", b"", 0, 0)
    return struct.pack("II", backing, 0) + info + bytes(64)


def _check(result: int, path: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
