"""Identities that storage, containers, agents and networks gave to this one machine."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "host-ids",
    (
        "/etc/nvme/hostid",
        "/etc/nvme/hostnqn",
        "/etc/docker/key.json",
        "/var/lib/docker/engine-id",
        "/etc/salt/minion_id",
        "/etc/salt/pki/minion/*",
        "/etc/chef/client.pem",
        "/etc/chef/validation.pem",
        "/etc/chef/first-boot.json",
        "/etc/SUSEConnect",
        "/etc/zypp/credentials.d/*",
        "/etc/machine-access",
        "/var/lib/ubuntu-advantage/private",
        "/var/lib/ubuntu-advantage/machine-token.json",
        "/var/lib/landscape/client/*",
        "/var/lib/tailscale/*",
        "/var/lib/zerotier-one/identity.*",
        "/etc/rancher/node/password",
        "/var/lib/waagent/*",
        "/var/lib/amazon/ssm/*",
        "/var/lib/google/*",
        "/etc/default/instance_configs.cfg",
        "/var/ossec/etc/client.keys",
        "/etc/cockpit/ws-certs.d/0-self-signed*",
        "/etc/pki/tls/private/localhost.key",
        "/etc/pki/tls/certs/localhost.crt",
    ),
    covers="ids and keys of NVMe, Docker, Salt, Chef, SUSE, Ubuntu Pro, Landscape, cloud and VPN agents, Cockpit",
    reason="identifies one machine to others",
    severity=Severity.ERROR,
)
