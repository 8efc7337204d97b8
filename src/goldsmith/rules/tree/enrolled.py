"""GS322: no agent of the image is enrolled anywhere.

Monitoring, security and management agents keep the identity that a server gave them. Clones of an enrolled agent are
one machine to that server. What operations know (host-ids and others) is removed by them; these are agents whose state
only their own tools can reset.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS322"
EXPECTED = "no enrolled agents"
AGENTS = {
    "CrowdStrike Falcon": ("/opt/CrowdStrike/falconstore", "/opt/CrowdStrike/falconstore.bak"),
    "Microsoft Defender": ("/etc/opt/microsoft/mdatp/mdatp_onboard.json",),
    "Azure Monitor": ("/etc/opt/microsoft/omsagent/*/certs/oms.key", "/etc/opt/microsoft/omsagent/certs/oms.key"),
    "Wazuh or OSSEC": ("/var/ossec/etc/client.keys", "/var/ossec/etc/authd.pass"),
    "Elastic Agent": ("/opt/Elastic/Agent/fleet.*", "/var/lib/elastic-agent/fleet.enc"),
    "Zabbix": ("/etc/zabbix/*.psk", "/etc/zabbix/*/*.psk"),
    "osquery": ("/var/osquery/osquery.db/CURRENT", "/etc/osquery/enroll_secret"),
    "New Relic": ("/var/db/newrelic-infra/data/.agent/*",),
    "Splunk forwarder": ("/opt/splunkforwarder/etc/instance.cfg", "/opt/splunkforwarder/etc/passwd"),
    "Qualys": ("/etc/qualys/hostid", "/etc/qualys/cloud-agent/qagent.db"),
    "Rapid7": ("/opt/rapid7/ir_agent/components/bootstrap/common/agent.key",),
    "SentinelOne": ("/opt/sentinelone/configuration/agent_id", "/opt/sentinelone/model/mgmt_config.json"),
    "Tanium": ("/opt/Tanium/TaniumClient/pki.db", "/opt/Tanium/TaniumClient/client.db"),
    "Rudder": ("/opt/rudder/etc/uuid.hive",),
    "GitLab Runner": ("/etc/gitlab-runner/config.toml", "/etc/gitlab-runner/.runner_system_id"),
    "GitHub Actions runner": ("/opt/actions-runner/.credentials", "~/actions-runner/.credentials"),
    "Buildkite": ("/etc/buildkite-agent/buildkite-agent.cfg",),
    "Teleport": ("/var/lib/teleport/host_uuid", "/var/lib/teleport/proc/sqlite.db"),
    "Consul": ("/opt/consul/node-id", "/var/lib/consul/node-id"),
    "Nomad": ("/opt/nomad/*/client-id", "/var/lib/nomad/*/client-id"),
    "kubelet": ("/var/lib/kubelet/pki/kubelet-client-current.pem", "/etc/kubernetes/kubelet.conf"),
    "Docker swarm": ("/var/lib/docker/swarm/certificates/swarm-node.key",),
    "etcd": ("/var/lib/etcd/member/snap/db",),
    "snapd": ("/var/lib/snapd/device/private-keys-v1/*",),
    "Proxmox": ("/etc/pve/local/pve-ssl.key",),
    "FleetDM": ("/opt/orbit/secret-orbit-node-key.txt",),
    "NetBird": ("/etc/netbird/config.json", "/var/lib/netbird/default.json"),
    "Cloudflare tunnel": ("/etc/cloudflared/*.json", "~/.cloudflared/*.json"),
}  # fmt: skip
# Wildcards begin below these.
ROOTS = tuple(
    sorted({path.split("*")[0].rstrip("/") for paths in AGENTS.values() for path in paths if not path.startswith("~")})
)


@rule(
    CODE,
    "enrolled agents",
    needs=Needs.TREE,
    why="To the server of an agent, all clones of an enrolled one are the same machine.",
    roots=ROOTS,
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for agent, paths in AGENTS.items():
        for entry in subject.files(*paths):
            clean = False
            message = f"{agent} is enrolled: every clone would be the same machine to its server"
            hint = "reset it by its own tool before sealing, and enroll on each clone"
            yield leaked(subject, CODE, entry.path, EXPECTED, agent, message, hint=hint, severity=Severity.WARNING)
    if clean:
        yield passed(CODE, "/", EXPECTED, "none")
