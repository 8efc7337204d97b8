"""Temporary files."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# The directories themselves stay, mode 1777. Where /tmp is a link, nothing behind it is touched: see View.find.
removal(
    "tmp-files",
    ("/tmp/*", "/var/tmp/*"),
    covers="everything in /tmp and /var/tmp",
    reason="a temporary file of the build",
    upstream="virt-sysprep tmp-files",
)
