"""The initramfs gave up and waits for a person: initramfs-tools, dracut and mkinitcpio."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "initramfs-shell",
    cause="the initramfs gave up and waits in a shell",
    hint="the lines before it on the console say what was missing",
    line=(
        r'^Generating "/run/initramfs/rdsosreport\.txt"'
        r"|Entering emergency mode. Exit the shell to continue|You are now being dropped into an emergency shell"
    ),
    prompt=r"\(initramfs\) ?|dracut:/?#",
    ends=True,
)
