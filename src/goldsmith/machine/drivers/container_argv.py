"""The command line of systemd-nspawn for a rehearsal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from goldsmith.guest.worker.idmap import UIDS

SEEDS = "/var/lib/cloud/seed"
SEED_FOLDER = f"{SEEDS}/nocloud"
# What a booted system needs no more than a guest program does; see guest/worker/container.py.
DROPPED = "CAP_SYS_TTY_CONFIG,CAP_AUDIT_CONTROL,CAP_LEASE,CAP_NET_BROADCAST"
# Words of the kernel's command line that cloud-init obeys. In a container it reads those of PID 1 instead.
OBEYED = ("ci.", "cc:", "cloud-config-url=", "cloud-init=", "ds=")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What to boot: `root` shows the guest's files with their owners mapped to `base`; `seed` is a folder of the host
    with a NoCloud seed, `words` are the image's own for its kernel.
    """

    name: str
    root: str
    base: int
    uuid: UUID
    seed: str | None = None
    words: Sequence[str] = ()


def nspawn_argv(rehearsal: Rehearsal) -> list[str]:
    """Own user, PID, mount and network namespaces; nothing is registered anywhere; SIGTERM asks it to power off."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--settings=no",
        "--register=no",
        "--keep-unit",
        "--boot",
        "--console=read-only",
        f"--machine={rehearsal.name}",
        f"--uuid={rehearsal.uuid}",
        f"--directory={rehearsal.root}",
        f"--private-users={rehearsal.base}:{UIDS}",
        # The root is mapped already.
        "--private-users-ownership=off",
        "--private-network",
        f"--drop-capability={DROPPED}",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--kill-signal=SIGRTMIN+4",
        # The overlay is thrown away when the host goes down.
        "--suppress-sync=yes",
        *([f"--bind-ro={rehearsal.seed}:{SEED_FOLDER}"] if rehearsal.seed is not None else []),
        *[word for word in rehearsal.words if word.startswith(OBEYED)],
    ]
