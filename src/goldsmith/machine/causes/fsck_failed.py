"""A file system has errors that are repaired only by hand."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "fsck-failed",
    cause="a file system is damaged, and its check does not repair it",
    hint="check the image's file systems by hand: it was copied while something wrote to it, or is cut short",
    line=(
        "UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY|fsck (?:failed|exited) with (?:exit )?status"
        "|requires a manual fsck|[Rr]un xfs_repair|Failed to start .*File System Check"
    ),
)
