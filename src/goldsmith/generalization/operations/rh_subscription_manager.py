"""Registration with Red Hat."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# Upstream acts only where the distribution is exactly rhel; these paths mean the same wherever they are. redhat.repo
# names the entitlement that goes, and is written again when a clone is registered.
removal(
    "rh-subscription-manager",
    (
        "/etc/pki/consumer/*",
        "/etc/pki/entitlement/*",
        "/var/lib/rhsm/facts/*",
        "/var/lib/rhsm/cache/*",
        "/var/lib/rhsm/*.json",
        "/etc/rhsm/facts/*",
        "/etc/yum.repos.d/redhat.repo",
        "/etc/insights-client/machine-id",
        "/etc/insights-client/.registered",
        "/etc/insights-client/.unregistered",
        "/etc/insights-client/.last-upload.results",
        "/etc/insights-client/.lastupload",
    ),
    covers="registration with Red Hat Subscription Management and Insights",
    reason="one host's registration",
    upstream="virt-sysprep rh-subscription-manager (rhel only, without Insights)",
    severity=Severity.ERROR,
)
