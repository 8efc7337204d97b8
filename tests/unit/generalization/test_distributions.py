"""Operations that virt-sysprep ties to a list of distributions do their work on every one of the family."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import generalize, select

RELEASES = {
    "rocky": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.0"\n',
    "almalinux": 'ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n',
    "oracle": 'ID="ol"\nID_LIKE="fedora"\nVERSION_ID="9.6"\n',
    "amazon": 'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n',
    "amazon 2": 'ID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\n',
    "centos": 'ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="10"\n',
    "rhel": 'ID="rhel"\nID_LIKE="centos fedora"\nVERSION_ID="10.0"\n',
    "fedora": "ID=fedora\nVERSION_ID=42\n",
}
IFCFG = "etc/sysconfig/network-scripts/ifcfg-eth0"
TREE = {
    IFCFG: "DEVICE=eth0\nHWADDR=52:54:00:00:00:01\nHOSTNAME=builder\nDHCP_HOSTNAME=builder\n",
    "etc/NetworkManager/system-connections/wired.nmconnection": "[connection]\nid=wired\n",
    "etc/NetworkManager/system-connections/wired": "[connection]\nid=wired\n",
    "var/account/pacct": "programs",
    "var/account/pacct.1": "programs",
    "var/cache/dnf/baseos/x.rpm": "package",
    "var/cache/yum/x86_64/x.rpm": "package",
    "var/lib/yum/uuid": "uuid",
    "var/lib/rpm/__db.001": "shared memory",
    "var/lib/rpm/rpmdb.sqlite": "database",
    "etc/sysconfig/rhn/systemid": "id",
    "etc/pki/consumer/key.pem": "key",
    "var/lib/dhclient/dhclient.leases": "lease",
    "var/lib/NetworkManager/internal-1-eth0.lease": "lease",
    "etc/hostname": "builder\n",
}


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_the_whole_red_hat_family_is_treated_alike(tmp_path: Path, release: str) -> None:
    make(tmp_path, "guest rocky\n")
    for path, text in {**TREE, "etc/os-release": release}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    with opened(tmp_path) as guest:
        generalize(guest, select("defaults"))
    left = {path: (tmp_path / path).read_text() for path in TREE if (tmp_path / path).exists()}
    assert left == {
        IFCFG: "DEVICE=eth0\n",
        "var/account/pacct": "",
        "var/lib/rpm/rpmdb.sqlite": "database",
        "etc/hostname": "",
    }
