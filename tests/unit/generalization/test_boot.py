"""What generalizing takes out of /boot, and when it leaves it: a clone has to boot."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import look, plan, select

ID = "0123456789abcdef0123456789abcdef"
RESCUE = f"/boot/vmlinuz-0-rescue-{ID}"
ENTRY = f"/boot/loader/entries/{ID}-0-rescue.conf"
TREE = f"""\
guest rocky
f 0755 {RESCUE} = "kernel"
f 0644 {ENTRY} = "linux /vmlinuz-0-rescue-{ID}\\n"
"""
OTHER = f"/boot/loader/entries/{ID}-6.1.conf"
KERNEL = 'f 0755 /boot/vmlinuz-6.1 = "kernel"\n'


def gone(top: Path, text: str, name: str) -> list[str]:
    make(top, text)
    with opened(top) as guest:
        return [change.path for change in plan(look(guest, select(name)), select(name))]


@pytest.mark.parametrize(
    ("more", "dispensable"),
    [
        pytest.param(KERNEL + f'f 0644 {OTHER} = "linux /vmlinuz-6.1\\n"\n', True, id="/boot of its own"),
        pytest.param(KERNEL + f'f 0644 {OTHER} = "linux /boot/vmlinuz-6.1\\n"\n', True, id="/boot on the root"),
        pytest.param("", False, id="the only entry"),
        pytest.param(KERNEL, False, id="a kernel without an entry"),
        pytest.param(f'f 0644 {OTHER} = "linux /vmlinuz-6.1\\n"\n', False, id="an entry without its kernel"),
        pytest.param(
            KERNEL + f'f 0644 {OTHER} = "linux /vmlinuz-6.1\\n"\n'
            f'f 0644 /boot/grub2/grubenv = "# GRUB Environment Block\\nsaved_entry={ID}-0-rescue\\n"\n',
            False,
            id="the default entry",
        ),
        pytest.param(
            KERNEL + f'f 0644 {OTHER} = "linux /vmlinuz-6.1\\n"\n'
            f'f 0644 /boot/grub2/grub.cfg = "linux16 /vmlinuz-0-rescue-{ID}\\n"\n',
            False,
            id="a menu of GRUB names it",
        ),
    ],
)
def test_the_rescue_kernel_goes_only_where_another_boots(tmp_path: Path, more: str, *, dispensable: bool) -> None:
    assert gone(tmp_path, TREE + more, "rescue-kernel") == ([ENTRY, RESCUE] if dispensable else [])


@pytest.mark.parametrize(
    ("content", "rewritten"),
    [
        (b"# GRUB Environment Block\nrecordfail=1\n".ljust(1024, b"#"), True),
        (b"# GRUB Environment Block\nsaved_entry=0\n".ljust(1024, b"#"), False),
        (b"# GRUB Environment Block\nrecordfail=1\n", False),
        (b"# GRUB Environment Block\nrecordfail=1\n".ljust(2048, b"#"), False),
        (b"recordfail=1\n".ljust(1024, b"#"), False),
        (b"# GRUB Environment Block\nx=#\nrecordfail=1\n".ljust(1024, b"#"), True),
    ],
)
def test_only_a_block_that_grub_reads_is_rewritten_and_keeps_its_size(
    tmp_path: Path, content: bytes, *, rewritten: bool
) -> None:
    make(tmp_path, "guest debian\nf 0644 /boot/grub/grubenv = ''\n")
    (tmp_path / "boot/grub/grubenv").write_bytes(content)
    with opened(tmp_path) as guest:
        planned = plan(look(guest, select("grub-environment")), select("grub-environment"))
        guest.apply(planned)
    after = (tmp_path / "boot/grub/grubenv").read_bytes()
    assert bool(planned.changes) is rewritten
    assert len(after) == len(content)
    assert (b"recordfail" in after) is (b"recordfail" in content and not rewritten)


CLOUD_INIT = "f 0644 /usr/lib/python3/dist-packages/cloudinit/version.py = '__VERSION__ = \"24.1\"\\n'\n"
MADE = """\
guest debian
f 0644 /etc/passwd = "root:x:0:0::/root:/bin/sh\\nbuilder:x:1000:1000::/home/builder:/bin/sh\\n"
f 0440 /etc/sudoers.d/90-cloud-init-users = "# Created by cloud-init\\n# User rules for builder\\nbuilder ALL=ALL\\n"
"""


@pytest.mark.parametrize(
    ("text", "goes"),
    [
        pytest.param(MADE + CLOUD_INIT, True, id="cloud-init makes it again"),
        pytest.param(MADE, False, id="no cloud-init"),
        pytest.param(MADE + CLOUD_INIT + "f 0644 /etc/cloud/cloud-init.disabled = ''\n", False, id="cloud-init is off"),
        pytest.param(MADE.replace("Created by cloud-init", "By hand") + CLOUD_INIT, False, id="not cloud-init's file"),
        pytest.param(MADE.replace("# User rules for builder", "#") + CLOUD_INIT, False, id="no head for the user"),
    ],
)
def test_the_build_user_goes_only_where_cloud_init_makes_users(tmp_path: Path, text: str, *, goes: bool) -> None:
    assert ("/etc/passwd" in gone(tmp_path, text, "cloud-init-user")) is goes
