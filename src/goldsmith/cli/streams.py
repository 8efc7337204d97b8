"""Standard streams as a program needs them, however it was started."""

from __future__ import annotations

import os
import sys


def open_standard_streams() -> None:
    """Give descriptors 0, 1 and 2 that were closed (`goldsmith … <&-`) to /dev/null.

    Else the next files to be opened would get these numbers, and a program that we start would take them for its own
    standard streams.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def silence_closed_pipes() -> None:
    """Turn an output whose reader is gone (`goldsmith … | head`) to /dev/null, so that nothing fails over it again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
