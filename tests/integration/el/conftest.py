"""A small guest dressed as Enterprise Linux, on a disk with all its partitions; it does not boot."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.el_image.disk import ElImage, make_image

KERNEL = "6.12.0-55.el10.x86_64"
SIZE = 640 << 20


@pytest.fixture(scope="session")
def el_image(tmp_path_factory: pytest.TempPathFactory) -> ElImage:
    """Read only for all: copies are cheap."""
    folder = tmp_path_factory.mktemp("el10")
    return make_image(folder / "el.raw", _tree(folder / "tree"), size=SIZE)


@pytest.fixture(scope="session")
def el9_image(tmp_path_factory: pytest.TempPathFactory) -> ElImage:
    folder = tmp_path_factory.mktemp("el9")
    return make_image(folder / "el.raw", _tree(folder / "tree"), size=SIZE, major="9")


def _tree(top: Path) -> Path:
    for name in ("boot/efi", "dev", "etc/cloud", "home/rocky/.ssh", "proc", "root", "run", "srv", "sys", "tmp",
                 "usr/bin", "usr/lib64", "usr/lib/systemd", "usr/sbin", "var/lib/cloud", "var/log/audit",
                 "var/spool/cron", "var/tmp", "var/www/html"):  # fmt: skip
        (top / name).mkdir(parents=True)
    for name, target in (("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64"), ("sbin", "usr/sbin")):
        (top / name).symlink_to(target)
    (top / "var/run").symlink_to("../run")
    files = {
        f"boot/vmlinuz-{KERNEL}": "kernel",
        f"boot/initrd.img-{KERNEL}": "initramfs",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nrocky:x:1000:1000::/home/rocky:/bin/bash\n",
        "etc/shadow": "root:*:19000::::::\nrocky:!:19000::::::\n",
        "etc/group": "root:x:0:\nrocky:x:1000:\n",
        "home/rocky/.bashrc": "# .bashrc\n",
        "home/rocky/.ssh/authorized_keys": "",
        "usr/bin/bash": "\x7fELF",
        "usr/sbin/sshd": "\x7fELF",
        "usr/lib/systemd/systemd": "\x7fELF",
        "usr/lib64/libc.so.6": "\x7fELF",
        "var/log/messages": "build-host kernel: Linux version\n",
        "var/log/audit/audit.log": "type=DAEMON_START\n",
        "var/www/html/index.html": "<p>\n",
    }
    for name, text in files.items():
        (top / name).write_text(text)
    (top / "etc/shadow").chmod(0)
    (top / "tmp").chmod(0o1777)
    os.mkfifo(top / "var/lib/pipe")
    subprocess.run(["ln", top / "usr/bin/bash", top / "usr/bin/sh"], check=True)
    return top
