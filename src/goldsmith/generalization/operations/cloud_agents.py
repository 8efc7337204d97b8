"""What agents of clouds keep of the machine that they ran on."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# `waagent -deprovision` does the same, and also resets users and the host name, which are others' matter here.
removal(
    "cloud-agents",
    (
        "/var/lib/waagent/*",
        "/var/lib/amazon/ssm/*",
        "/var/lib/google/*",
        "/etc/default/instance_configs.cfg",
        "/etc/boto.cfg",
        "/var/lib/hyperv/.kvp_pool_*",
        "/var/lib/qemu-ga/*",
    ),
    covers="state of the agents of Azure, AWS, Google Cloud and QEMU, Hyper-V's key-value pools",
    reason="belongs to another instance",
    severity=Severity.ERROR,
)
