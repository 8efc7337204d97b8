#!/bin/sh
# Policy that cloud-init's defaults cannot give: user-data outranks them, a file of sshd's own does not ask.
set -eu

# sshd takes the first value that it reads; cloud-init writes 50-cloud-init.conf.
install -d -m 0755 /etc/ssh/sshd_config.d
cat > /etc/ssh/sshd_config.d/10-hardening.conf <<'CONF'
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
X11Forwarding no
CONF
chmod 0644 /etc/ssh/sshd_config.d/10-hardening.conf

# No password opens root's account, whatever the base had.
usermod --lock root
