"""State of PAM modules."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# pam_faillock keeps counters on disk where an administrator says so (dir=/var/lib/faillock is the usual place).
removal(
    "pam-data",
    ("/var/run/console/*", "/var/run/faillock/*", "/var/run/sepermit/*", "/var/lib/faillock/*"),
    covers="login failures and console locks of PAM",
    reason="logins of the build",
    upstream="virt-sysprep pam-data",
)
