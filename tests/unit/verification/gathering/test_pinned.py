"""Network configuration for the card of one machine is found, and nothing else that looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.verification.gathering.conftest import opened

from goldsmith.rules.system import Pinned
from goldsmith.verification.gathering.pinned import address_in, pinned


def test_every_way_to_name_a_card_is_found_once(root: Path) -> None:
    files = {
        "etc/netplan/50-cloud-init.yaml": "network:\n  match: {macaddress: '52:54:00:AB:cd:01'}\n",
        "etc/systemd/network/10-lan.link": "[Match]\nMACAddress=52-54-00-ab-cd-02 52:54:00:ab:cd:03\n",
        "etc/NetworkManager/system-connections/lab.nmconnection": "[ethernet]\nmac-address=52:54:00:AB:CD:04\n",
        "etc/sysconfig/network-scripts/ifcfg-eth0": 'HWADDR="52:54:00:ab:cd:05"\n',
        "etc/udev/rules.d/70-persistent-net.rules": 'ATTR{address}=="52:54:00:ab:cd:06", NAME="eth0"\n',
        "etc/network/interfaces": "iface eth0 inet dhcp\n  hwaddress ether 52:54:00:ab:cd:07\n",
    }
    with opened(root, files) as tree:
        found = pinned(tree)
    assert {each.path for each in found} == {f"/{name}" for name in files}
    assert Pinned("/etc/systemd/network/10-lan.link", "52:54:00:ab:cd:02") in found


@pytest.mark.parametrize(
    "text",
    [
        "# hwaddress ether 52:54:00:ab:cd:07",
        "address 2001:db8:0:1:2:3:4:5",
        "address 00:00:00:00:00:00",
        "uuid=5254-00ab",
        "52:54:00:ab:cd",
        "52:54:00:ab:cd:07:08",
        "52:54-00:ab-cd:07",
    ],
)
def test_what_is_no_address_of_a_card_is_none(text: str) -> None:
    assert address_in(text) is None


def test_other_files_there_are_not_read(root: Path) -> None:
    with opened(root, {"etc/netplan/notes.txt": "52:54:00:ab:cd:01"}) as tree:
        assert pinned(tree) == ()
