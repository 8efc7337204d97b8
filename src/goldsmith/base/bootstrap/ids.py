"""The identifiers that tie disk, file systems, fstab and boot loader together: new for every bootstrap."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ids:
    """`root` is the root file system's UUID; `esp` the FAT serial number as blkid writes it (1A2B-3C4D)."""

    root: str
    esp: str

    @classmethod
    def new(cls) -> Ids:
        serial = secrets.token_hex(4).upper()
        return cls(str(uuid.uuid4()), f"{serial[:4]}-{serial[4:]}")
