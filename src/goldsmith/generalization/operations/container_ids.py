"""Ids and credentials of container engines and of Kubernetes nodes."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# Images that were pulled on purpose stay; so does all configuration of the engines.
removal(
    "container-ids",
    (
        "/etc/docker/key.json",
        "/var/lib/docker/engine-id",
        "/var/lib/docker/swarm/*",
        "/var/lib/docker/network/files/*",
        "/var/lib/kubelet/pki/*",
        "/var/lib/kubelet/bootstrap-kubeconfig",
        "/var/lib/kubelet/kubeconfig",
        "/var/lib/kubelet/cpu_manager_state",
        "/var/lib/kubelet/memory_manager_state",
        "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint",
        "/etc/kubernetes/*.conf",
        "/etc/kubernetes/pki/*",
        "/etc/rancher/node/*",
        "/etc/rancher/k3s/k3s.yaml",
        "/etc/rancher/rke2/rke2.yaml",
        "/var/lib/rancher/*/server/token",
        "/var/lib/rancher/*/server/node-token",
        "/var/lib/rancher/*/server/agent-token",
        "/var/lib/rancher/*/server/cred/*",
        "/var/lib/rancher/*/server/tls/*",
        "/var/lib/rancher/*/server/db/*",
        "/var/lib/rancher/*/agent/*.crt",
        "/var/lib/rancher/*/agent/*.key",
        "/var/lib/rancher/*/agent/*.kubeconfig",
    ),
    covers="ids of Docker and its swarm, keys and credentials of kubelet, kubeadm, k3s and RKE2",
    reason="identifies one node to its cluster",
    severity=Severity.ERROR,
)
