"""Makes a swap area forget: everything behind its header, which keeps UUID and label, becomes zero."""

from __future__ import annotations

import os

from goldsmith.disk.erase import erase
from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.disk.scrub import Area
from goldsmith.disk.source import Source
from goldsmith.findings import Finding

PAGES = (4096, 8192, 16384, 65536)


def scrub(area: Area) -> tuple[Finding, ...]:
    """Zero all pages but the first. A hibernation image is gone with them, as it has to be."""
    with Source.open(area.path) as source:
        page = next(page for page in PAGES if source.read(area.offset + page - 10, 4) == b"SWAP")
    descriptor = os.open(area.path, os.O_RDWR | os.O_CLOEXEC)
    try:
        with full_disk_as_host_error(area.path.parent, f"scrubbing {area}"):
            erase(descriptor, area.offset + page, area.size - page)
    finally:
        os.close(descriptor)
    return ()
