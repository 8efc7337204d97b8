"""GRUB runs and waits for somebody who types: there is no configuration, or it starts nothing."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "grub-prompt",
    cause="GRUB waits in its shell: its configuration is missing, or starts nothing",
    hint="make grub.cfg anew in the image (update-grub, grub2-mkconfig)",
    prompt="grub> ",
    ends=True,
)
