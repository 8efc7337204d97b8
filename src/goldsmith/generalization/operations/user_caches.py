"""Caches in homes, and what desktops and monitors remember there."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "user-caches",
    (
        "~/.cache/*",
        "~/.thumbnails/*",
        # Electron and Chromium keep theirs beside the configuration.
        "~/.config/*/Cache",
        "~/.config/*/*/Cache",
        "~/.config/*/Code Cache",
        "~/.config/*/GPUCache",
        "~/.config/configstore/*",
        "~/.npm/_cacache",
        "~/.npm/_logs",
        "~/.cargo/registry/cache",
        # Written by the program at its end, whoever looked around in the build.
        "~/.config/htop/htoprc",
        "~/.config/procps/toprc",
        "~/.config/mc/panels.ini",
        "~/.config/pulse/cookie",
        "~/.pulse-cookie",
    ),
    covers="what is in ~/.cache and in the caches of other places, in every home; the cookie of a sound server",
    reason="a cache of the build's programs",
)
