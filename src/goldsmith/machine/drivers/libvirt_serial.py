"""The console log of a domain, whole: virtlogd, which writes it, begins a new file every 2 MiB and keeps four."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

BLOCK = 1 << 20
MOST = 64 << 20


class SerialLog:
    """Appends to `console` what virtlogd writes to `written`, following it through `written.0`, `written.1`."""

    def __init__(self, written: Path, console: Path) -> None:
        self.written = written
        self._console = console
        self._file: IO[bytes] | None = None

    def create(self) -> None:
        """The owner and mode are ours: virtlogd, which may be root, only appends to what is there."""
        for path in (self.written, self._console):
            path.touch(mode=0o600)
        # Held open from the first byte on: it may be the oldest of several before it is looked at.
        self._file = self.written.open("rb", buffering=0)

    def follow(self) -> None:
        """Copy what has come since the last call, at most 64 MiB of it. A host without space keeps what it could."""
        try:
            with self._console.open("ab", buffering=0) as console:
                self._follow(console)
        except OSError:
            return

    def _follow(self, console: IO[bytes]) -> None:
        left = MOST
        while left > 0 and self._file is not None:
            # Looked for before the last read: after a newer file was begun, nothing is added to this one.
            after = self._after()
            while left > 0 and (block := self._file.read(BLOCK)):
                console.write(block)
                left -= len(block)
            if after is None:
                return
            if left > 0:
                newer = after.open("rb", buffering=0)
                self._file.close()
                self._file = newer

    def remove(self) -> None:
        """Only the console log stays."""
        if self._file is not None:
            self._file.close()
            self._file = None
        for path in (self.written, *self._older()):
            path.unlink(missing_ok=True)

    def _after(self) -> Path | None:
        """The file that was begun after the one being read; None where that is the newest."""
        assert self._file is not None
        reading = os.fstat(self._file.fileno()).st_ino
        newer = [self.written, *self._older()]
        for number, path in enumerate(newer):
            try:
                if path.stat().st_ino == reading:
                    return newer[number - 1] if number else None
            except OSError:
                continue
        # It was thrown away meanwhile: go on with the oldest that is left.
        return newer[-1]

    def _older(self) -> list[Path]:
        """Newest first."""
        found = self.written.parent.glob(f"{self.written.name}.*")
        numbered = [path for path in found if path.suffix[1:].isdecimal()]
        return sorted(numbered, key=lambda path: int(path.suffix[1:]))
