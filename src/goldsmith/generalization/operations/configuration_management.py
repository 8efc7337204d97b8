"""Registration with configuration management: Salt, Chef, CFEngine; what Ansible left."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# Configuration (which master, which grains) stays; Puppet has an operation of its own, as upstream.
removal(
    "configuration-management",
    (
        "/etc/salt/minion_id",
        "/etc/salt/pki/minion/*",
        "/var/cache/salt/minion/*",
        "/etc/chef/client.pem",
        "/etc/chef/validation.pem",
        "/etc/chef/first-boot.json",
        "/etc/cinc/client.pem",
        "/etc/cinc/validation.pem",
        "/var/chef/cache/*",
        "/var/cfengine/ppkeys/*",
        "/var/lib/cfengine3/ppkeys/*",
        "~/.ansible/tmp",
        "~/.ansible/cp",
        "~/.ansible/facts",
        "~/.ansible/galaxy_token",
        "/etc/ansible/facts.d/.cache",
    ),
    covers="ids and keys of Salt minions, Chef and CFEngine clients; Ansible's remains in homes",
    reason="identifies one machine to its manager",
    severity=Severity.ERROR,
)
