"""Units that failed, in the words of consoles of several distributions."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.verification.gathering.conftest import opened

from goldsmith.verification.gathering.failed_units import failed_units, named

DEBIAN = (
    b"[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mssh.service\x1b[0m - OpenBSD Secure Shell server.\r\n"
    b"See 'systemctl status ssh.service' for details.\r\n"
    b"[FAILED] Failed to start systemd-remount-fs.\xe2\x80\xa6ount Root and Kernel File Systems.\r\n"
    b"[FAILED] Failed unmounting tmp.mount - /tmp.\r\n"
)


def console(folder: Path, content: bytes) -> Path:
    path = folder / "console.log"
    path.write_bytes(content)
    return path


def test_names_are_read_and_the_end_of_a_boot_is_none_of_it(tmp_path: Path) -> None:
    assert failed_units(console(tmp_path, DEBIAN)) == (
        "ssh.service",
        "systemd-remount-fs.…ount Root and Kernel File Systems",
    )


def test_a_unit_that_starts_later_did_not_fail(tmp_path: Path) -> None:
    later = b"[  OK  ] Started ssh.service - OpenBSD Secure Shell server.\r\n"
    assert failed_units(console(tmp_path, DEBIAN + later)) == ("systemd-remount-fs.…ount Root and Kernel File Systems",)


def test_a_flood_is_cut(tmp_path: Path) -> None:
    flood = b"".join(b"[FAILED] Failed to start unit%d.service.\n" % number for number in range(5000))
    assert len(failed_units(console(tmp_path, flood))) == 100
    assert failed_units(console(tmp_path, b"[FAILED] Failed to start " + b"x" * 10_000_000)) == ("x" * 200,)


def test_without_a_console_nothing_is_known(tmp_path: Path) -> None:
    assert failed_units(tmp_path / "none") == ()


@pytest.mark.parametrize(
    "said",
    [
        "systemd-remount-fs.service",
        "systemd-remount-fs.…ount Root and Kernel File Systems",
        "Remount Root and Kernel File Systems",
        "Remount Root …nel File Systems",
    ],
)
def test_descriptions_become_names(root: Path, said: str) -> None:
    files = {
        "usr/lib/systemd/system/systemd-remount-fs.service": (
            "[Unit]\nDescription=Remount Root and Kernel File Systems\n"
        ),
        "usr/lib/systemd/system/other.service": "[Unit]\nDescription=Another\n",
    }
    with opened(root, files) as tree:
        assert named(tree.guest, (said,)) == ("systemd-remount-fs.service",)


def test_what_no_file_tells_stays(root: Path) -> None:
    with opened(root, {}) as tree:
        assert named(tree.guest, ("/srv/data", "x.service")) == ("/srv/data", "x.service")
