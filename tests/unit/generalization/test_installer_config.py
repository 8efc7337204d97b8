"""The installer's network goes only where cloud-init writes another."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import Keep, look, plan, select

NETPLAN = "/etc/netplan/00-installer-config.yaml"
SWITCH = "/etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg"
OWN = "/etc/cloud/cloud.cfg.d/99-no-network.cfg"
MARKER = "/etc/cloud/cloud-init.disabled"
CLOUD_INIT = "f 0644 /usr/lib/python3/dist-packages/cloudinit/version.py = '__VERSION__ = \"24.1\"\\n'\n"
TREE = f"""\
guest debian
f 0644 {SWITCH} = "network: {{config: disabled}}\\n"
f 0600 {NETPLAN} = "# This is the network config written by 'subiquity'\\nnetwork: {{version: 2}}\\n"
"""
DISABLED = f'f 0644 {OWN} = "network: {{config: disabled}}\\n"\n'


@pytest.mark.parametrize(
    ("more", "keep", "gone"),
    [
        pytest.param(CLOUD_INIT, "", [SWITCH, NETPLAN], id="cloud-init takes over"),
        pytest.param("", "", [], id="no cloud-init"),
        pytest.param(CLOUD_INIT + DISABLED, "", [SWITCH], id="the administrator turned its networking off"),
        pytest.param(CLOUD_INIT, SWITCH, [], id="the switch is kept"),
        pytest.param(CLOUD_INIT + f"f 0644 {MARKER} = ''\n", "", [SWITCH], id="cloud-init is off"),
        pytest.param(
            CLOUD_INIT + f"f 0644 {MARKER} = 'by virt-install\\n'\n", "", [MARKER, SWITCH, NETPLAN], id="virt-install"
        ),
    ],
)
def test_a_clone_is_never_left_without_a_network(tmp_path: Path, more: str, keep: str, gone: list[str]) -> None:
    make(tmp_path, TREE + more)
    operations = select("installer-config")
    with opened(tmp_path) as guest:
        planned = plan(look(guest, operations), operations, keep=[Keep(keep, "ours")] if keep else ())
    assert [change.path for change in planned] == gone
