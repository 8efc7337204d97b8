"""The pure parts of a bootstrap: command line, guest files, disk layout, boot code."""

from __future__ import annotations

import io
import struct
import tarfile
from pathlib import Path

import pytest
import yaml

from goldsmith.base.bootstrap import guestfiles, tree
from goldsmith.base.bootstrap.ids import Ids
from goldsmith.base.bootstrap.layout import Layout, bios_code, device_script
from goldsmith.base.bootstrap.make import inputs_digest
from goldsmith.base.distro import Distro, known
from goldsmith.base.identity import Identity
from goldsmith.errors import BuildError, HostError

IDS = Ids("11111111-2222-3333-4444-555555555555", "1A2B-3C4D")
TOY = Distro("toy/1", "one", "toy", ("kernel", "cloud-init"), ("/keys/toy.gpg",), "toy-keyring")
ROOT = Identity(is_root=True, prefix=())
USER = Identity(is_root=False, prefix=("unshare",))


def argv(identity: Identity, mirrors: Path | None = None) -> list[str]:
    return tree.mmdebstrap_argv(
        TOY,
        Path("/scratch/root"),
        mirrors,
        Path("/keys/toy.gpg"),
        early=Path("/work dir/early.tar"),
        late=Path("/work dir/late.tar"),
        identity=identity,
    )


def test_the_whole_command_line() -> None:
    script = guestfiles.finish_script(own_sources=True)
    assert argv(ROOT, Path("/work dir/mirrors.list")) == [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        "--include=kernel,cloud-init",
        "--keyring=/keys/toy.gpg",
        "--dpkgopt=force-unsafe-io",
        "--essential-hook=tar-in '/work dir/early.tar' /",
        "--customize-hook=tar-in '/work dir/late.tar' /",
        '--customize-hook=chroot "$1" /bin/sh -c \'' + script.replace("'", "'\"'\"'") + "'",
        "one",
        "/scratch/root",
        "/work dir/mirrors.list",
    ]


def test_a_plain_user_differs_only_by_the_mode() -> None:
    differing = [(a, b) for a, b in zip(argv(ROOT), argv(USER), strict=True) if a != b]
    assert differing == [("--mode=root", "--mode=unshare")]


def test_default_sources_of_mmdebstrap_are_not_removed() -> None:
    assert "sources.list" in guestfiles.finish_script(own_sources=True)
    assert "sources.list" not in guestfiles.finish_script(own_sources=False)


def test_every_file_belongs_to_root_and_is_readable() -> None:
    files = guestfiles.early_files(IDS) | guestfiles.late_files(IDS, "Types: deb\n")
    with tarfile.open(fileobj=io.BytesIO(guestfiles.as_tar(files))) as tar:
        members = {member.name: member for member in tar}
    assert {(member.uid, member.gid) for member in members.values()} == {(0, 0)}
    assert {name for name, member in members.items() if member.isreg()} == set(files)
    assert {member.mode for member in members.values() if member.isdir()} == {0o755}
    unusual = {name: member.mode for name, member in members.items() if member.isreg() and member.mode != 0o644}
    # netplan warns about configuration that others may read: it may hold a Wi-Fi password.
    assert unusual == {"etc/netplan/90-default.yaml": 0o600}


def test_folders_come_before_their_files() -> None:
    with tarfile.open(fileobj=io.BytesIO(guestfiles.as_tar({"a/b/c": "text"}))) as tar:
        assert tar.getnames() == ["a", "a/b", "a/b/c"]


def test_fstab_names_both_file_systems() -> None:
    assert guestfiles.early_files(IDS)["etc/fstab"].split("\n") == [
        f"UUID={IDS.root} / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1",
        "UUID=1A2B-3C4D /boot/efi vfat defaults,umask=0077 0 0",
        "",
    ]


def test_the_network_configuration_is_yaml_that_netplan_takes() -> None:
    network = yaml.safe_load(guestfiles.NETPLAN)["network"]
    assert network["version"] == 2
    assert {name: entry["match"] for name, entry in network["ethernets"].items()} == {
        "all-en": {"name": "en*"},
        "all-eth": {"name": "eth*"},
    }


def test_the_menu_boots_by_links_that_follow_the_newest_kernel() -> None:
    menu = guestfiles.grub_menu(IDS)
    assert f"linux /vmlinuz root=UUID={IDS.root} ro console=tty0 console=ttyS0,115200\n" in menu
    assert f"linux /vmlinuz.old root=UUID={IDS.root} ro console=tty0 console=ttyS0,115200\n" in menu
    assert menu.count(f"search --no-floppy --fs-uuid --set=root {IDS.root}\n") == 2


def test_ids_are_new_each_time_and_well_formed() -> None:
    one, two = Ids.new(), Ids.new()
    assert (one.root, one.esp) != (two.root, two.esp)
    assert len(one.esp) == 9
    assert int(one.esp.replace("-", ""), 16) >= 0


def test_partitions_are_numbered_like_the_official_image_and_do_not_overlap() -> None:
    layout = Layout(3 << 30)
    rows = [line.split(": ") for line in layout.table().splitlines()[1:]]
    spans = []
    for number, fields in rows:
        values = dict(field.split("=") for field in fields.split(", "))
        spans.append((int(values["start"]), int(values["start"]) + int(values["size"]), int(number)))
    assert [number for _, _, number in sorted(spans)] == [14, 15, 1]
    assert all(end <= start for (_, end, _), (start, _, _) in zip(sorted(spans), sorted(spans)[1:], strict=False))
    # The backup table takes the last 33 sectors.
    assert max(end for _, end, _ in spans) <= (3 << 30) // 512 - 34
    assert all(start % 2048 == 0 for start, _, _ in spans)


def test_boot_code_points_at_its_core() -> None:
    boot_image = bytes(440) + b"\xff" * 70 + b"\x55\xaa"
    boot, core = bios_code(boot_image, bytes(1300))
    assert len(boot) == 440
    assert struct.unpack_from("<Q", boot, 0x5C) == (2048,)
    assert boot[0x66:0x68] == b"\x90\x90"
    assert struct.unpack_from("<QHH", core, 500) == (2049, 2, 0x820)
    assert len(core) == 1300


@pytest.mark.parametrize(
    ("boot", "core"), [(bytes(511), bytes(2000)), (bytes(512), bytes(512)), (bytes(512), bytes(4 << 20))]
)
def test_boot_code_that_does_not_fit(boot: bytes, core: bytes) -> None:
    with pytest.raises(BuildError):
        bios_code(boot, core)


def test_device_nodes_have_octal_modes() -> None:
    script = device_script().splitlines()
    assert script[0] == "cd /dev"
    assert "mknod null c 1 3" in script
    assert "sif null mode 020666" in script
    assert "sif console mode 020600" in script


def test_the_digest_of_inputs_follows_every_input() -> None:
    twelve, thirteen = known()["debian/12"], known()["debian/13"]
    assert inputs_digest(twelve, "x86_64") == inputs_digest(twelve, "x86_64")
    assert len({inputs_digest(twelve, "x86_64"), inputs_digest(thirteen, "x86_64"), inputs_digest(twelve, "arm")}) == 3


def test_keys_that_are_not_there() -> None:
    with pytest.raises(HostError) as raised:
        tree.find_keyring(TOY)
    assert raised.value.hint == "as root: apt-get install --no-install-recommends toy-keyring"


def test_the_distributions() -> None:
    assert {name: (distro.suite, distro.default_user) for name, distro in known().items()} == {
        "debian/12": ("bookworm", "debian"),
        "debian/13": ("trixie", "debian"),
    }
