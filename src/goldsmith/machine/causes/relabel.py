"""/.autorelabel: all files get their SELinux labels, then the machine starts again."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "relabel",
    cause="SELinux labels all files anew, then restarts the machine",
    hint="label the files before the image is sealed; /.autorelabel makes every clone's first boot longer by minutes",
    line=r"SELinux \S+ policy relabel is required|Relabeling could take a very long time",
)
