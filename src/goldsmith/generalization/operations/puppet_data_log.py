"""State and certificates of a Puppet agent."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

removal(
    "puppet-data-log",
    (
        "/var/log/puppet/*",
        "/var/lib/puppet/*/*",
        "/etc/puppet/ssl/*",
        "/etc/puppet/csr_attributes.yaml",
        "/etc/puppetlabs/puppet/csr_attributes.yaml",
        "/etc/puppetlabs/puppet/ssl/*",
        "/opt/puppetlabs/puppet/cache/*",
        "/var/log/puppetlabs/*/*",
    ),
    covers="state, certificates and logs of a Puppet agent",
    reason="one host's registration with Puppet",
    upstream="virt-sysprep puppet-data-log (which misses /etc/puppetlabs and /opt/puppetlabs)",
    severity=Severity.ERROR,
)
