"""How agents of monitoring and security identify the machine that they were enrolled on."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# Agents with an id in a database of their own format (CrowdStrike, Defender) are reset by their own tools.
removal(
    "monitoring-agents",
    (
        "/var/ossec/etc/client.keys",
        "/var/ossec/queue/rids/*",
        "/etc/elastic-agent/fleet.enc",
        "/etc/elastic-agent/fleet.enc.lock",
        "/opt/Elastic/Agent/fleet.enc",
        "/opt/Elastic/Agent/fleet.enc.lock",
        "/var/lib/filebeat/meta.json",
        "/var/lib/filebeat/registry",
        "/var/lib/metricbeat/meta.json",
        "/var/lib/auditbeat/meta.json",
        "/var/lib/packetbeat/meta.json",
        "/var/lib/heartbeat/meta.json",
        "/etc/datadog-agent/auth_token",
        "/etc/datadog-agent/install.json",
        "/etc/datadog-agent/ipc_cert.pem",
        "/var/osquery/osquery.db",
        "/var/lib/osquery/osquery.db",
        "/etc/zabbix/*.psk",
        "/var/lib/prometheus/node-exporter/*.prom",
        "/var/lib/netdata/registry/*",
        "/var/lib/netdata/cloud.d/*",
        "/var/lib/teleport/host_uuid",
        "/var/lib/teleport/proc/*",
    ),
    covers="enrolment of Wazuh, Elastic, Beats, Datadog, osquery, Zabbix, Netdata, Teleport; node_exporter's texts",
    reason="identifies one machine to its monitoring",
    severity=Severity.ERROR,
)
