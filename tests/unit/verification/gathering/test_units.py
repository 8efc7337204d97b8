from __future__ import annotations

from pathlib import Path

from tests.unit.verification.gathering.conftest import opened

from goldsmith.verification.gathering.units import enabled


def test_what_something_wants_is_enabled_unless_it_is_masked(root: Path) -> None:
    files = {
        "etc/systemd/system/multi-user.target.wants/ssh.service": "->/lib/systemd/system/ssh.service",
        "usr/lib/systemd/system/sysinit.target.wants/dev-hugepages.mount": "->../dev-hugepages.mount",
        "etc/systemd/system/cloud-init.target.requires/cloud-init.service": "->/lib/systemd/system/cloud-init.service",
        "etc/systemd/system/multi-user.target.wants/masked.service": "->/lib/systemd/system/masked.service",
        "etc/systemd/system/masked.service": "->/dev/null",
        "etc/systemd/system/idle.service": "[Service]\n",
    }
    with opened(root, files) as tree:
        assert enabled(tree) == ("cloud-init.service", "dev-hugepages.mount", "ssh.service")
