"""Who is logged in."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# /var/run is /run, a tmpfs, on every current system; only where it is a real directory there is something to find.
removal(
    "utmp",
    ("/var/run/utmp", "/var/run/utmpx"),
    covers="utmp",
    reason="logins of the build",
    upstream="virt-sysprep utmp",
)
