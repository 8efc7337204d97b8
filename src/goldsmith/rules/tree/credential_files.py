"""GS317: no file of credentials is left, of a user or of the system.

Files that programs keep credentials in, by their names: of clouds, registries, clusters, databases, mail, shares and
networks. Where a file is often there without a secret, what makes it one has to stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS317"
EXPECTED = "no files of credentials"
ANY = rb"\S"
ASSIGNED = rb"(?im)^[ \t]*[\w.-]{0,40}(?:pass(?:word|wd)?|secret|token|psk|wep-key\d)[ \t]*[=:][ \t]*[^\s#;]"
ROW = rb"(?m)^[ \t]*[^\s#][^\n]*[:\s]\S"
CLUSTER = rb"(?m)^[ \t]*(?:token|password|client-key-data|client-key|id-token):\s*\S"
VARIABLE = rb"(?m)^[ \t]*(?:export[ \t]+)?\w*(?:PASSWORD|SECRET|TOKEN|API_?KEY)\w*=[\"']?[^\s\"'$]"
# A path names where the secret lies, which is how it should be.
SETTING = rb"(?m)^[ \t]*(?:export[ \t]+)?\w*(?:PASSWORD|SECRET|TOKEN|API_?KEY)\w*=[\"']?[^\s\"'$/]"
UNIT = rb"(?m)^[ \t]*Environment=[^\n]*(?:PASSWORD|SECRET|TOKEN|API_?KEY)\w*=[\"']?[^\s\"'$%/]"
AUTH = rb'"(?:auth|identitytoken|registrytoken)"\s{0,8}:\s{0,8}"\S'
FILES: tuple[tuple[str, str, bytes], ...] = (
    ("~/.aws/credentials", "AWS credentials", rb"(?i)secret|session_token"),
    ("~/.azure/*oken*", "Azure tokens", ANY),
    ("~/.azure/msal_*", "Azure tokens", ANY),
    ("~/.config/gcloud/*credentials*", "Google Cloud credentials", ANY),
    ("~/.config/gcloud/access_tokens.db", "Google Cloud tokens", ANY),
    ("~/.boto", "cloud credentials", ASSIGNED),
    ("~/.s3cfg", "cloud credentials", rb"(?m)^secret_key *= *\S"),
    ("~/.config/rclone/rclone.conf", "cloud credentials", ASSIGNED),
    ("~/.config/openstack/*.yaml", "OpenStack credentials", ASSIGNED),
    ("~/.terraform.d/credentials.tfrc.json", "Terraform tokens", ANY),
    ("~/.vault-token", "a Vault token", ANY),
    ("~/.docker/config.json", "container registry credentials", AUTH),
    ("~/.dockercfg", "container registry credentials", rb'"auth"'),
    ("~/.config/containers/auth.json", "container registry credentials", rb'"auth"\s{0,8}:\s{0,8}"\S'),
    ("/etc/containers/auth.json", "container registry credentials", rb'"auth"\s{0,8}:\s{0,8}"\S'),
    ("/var/lib/kubelet/config.json", "container registry credentials", rb'"auth"\s{0,8}:\s{0,8}"\S'),
    ("~/.kube/config", "credentials of a cluster", CLUSTER),
    ("/etc/kubernetes/*.conf", "credentials of a cluster", rb"(?m)^[ \t]*(?:token|client-key-data|client-key):\s*\S"),
    ("/etc/rancher/*/*.yaml", "credentials of a cluster", rb"(?m)^[ \t]*(?:token|agent-token|client-key-data):\s*\S"),
    ("~/.config/gh/hosts.yml", "GitHub credentials", rb"oauth_token:\s*\S"),
    ("~/.config/glab-cli/config.yml", "GitLab credentials", rb"token:\s*\S"),
    ("~/.git-credentials", "git credentials", ANY),
    ("~/.config/git/credentials", "git credentials", ANY),
    ("~/.netrc", "passwords of hosts", rb"(?i)password\s+\S"),
    ("~/.authinfo", "passwords of hosts", ANY),
    ("~/.npmrc", "credentials of a package registry", rb"(?m)_(?:authToken|auth|password)\s*=\s*[^\s$]"),
    ("~/.yarnrc.yml", "credentials of a package registry", rb"(?:npmAuthToken|npmAuthIdent):\s*[^\s$]"),
    ("~/.pypirc", "credentials of a package index", ASSIGNED),
    ("~/.config/pip/pip.conf", "credentials of a package index", ASSIGNED),
    ("~/.cargo/credentials*", "credentials of a package registry", rb"token"),
    ("~/.gem/credentials", "credentials of a package registry", ANY),
    ("~/.m2/settings*.xml", "credentials of a package repository", rb"<(?:password|passphrase)>[^<$]"),
    ("~/.gradle/gradle.properties", "credentials of a package repository", ASSIGNED),
    ("~/.composer/auth.json", "credentials of a package registry", rb'"[^"\s]{1,200}"\s{0,8}:\s{0,8}"\S'),
    ("~/.config/composer/auth.json", "credentials of a package registry", rb'"[^"\s]{1,200}"\s{0,8}:\s{0,8}"\S'),
    ("~/.pgpass", "database passwords", ROW),
    ("~/.my.cnf", "database passwords", ASSIGNED),
    ("~/.mylogin.cnf", "database passwords", ANY),
    ("/etc/mysql/debian.cnf", "database passwords", ASSIGNED),
    ("~/.msmtprc", "mail passwords", rb"(?m)^[ \t]*password\s+\S"),
    ("/etc/msmtprc", "mail passwords", rb"(?m)^[ \t]*password\s+\S"),
    ("/etc/exim4/passwd.client", "mail passwords", rb"(?m)^[ \t]*[^\s#:]+:[^\s:]+:\S"),
    ("/etc/postfix/sasl_passwd", "mail passwords", ROW),
    ("/etc/postfix/sasl/sasl_passwd", "mail passwords", ROW),
    ("~/.smbcredentials", "passwords of shares", ASSIGNED),
    ("~/.cifs*", "passwords of shares", ASSIGNED),
    ("/etc/*cifs*cred*", "passwords of shares", ASSIGNED),
    ("/etc/*smb*cred*", "passwords of shares", ASSIGNED),
    ("/etc/samba/*cred*", "passwords of shares", ASSIGNED),
    ("/etc/fstab", "passwords of shares", rb"(?m)^[^#\n]*[\s,](?:password|pass)=[^\s,]"),
    ("/etc/davfs2/secrets", "passwords of shares", ROW),
    ("/etc/ppp/*-secrets", "network passwords", rb'(?m)^[ \t]*[^\s#]+[ \t]+\S+[ \t]+(?!"\*?"|[*-])\S'),
    ("/etc/ipsec.secrets", "network passwords", rb"(?m)^[^#\n]*:\s*(?:PSK|XAUTH|EAP)\s+\S"),
    ("/etc/wpa_supplicant/*.conf", "network passwords", rb"(?m)^[ \t]*(?:psk|password|wep_key\d)[ \t]*=[ \t]*\S"),
    ("/etc/NetworkManager/system-connections/*", "network passwords", ASSIGNED),
    ("/var/lib/iwd/*.psk", "network passwords", ANY),
    ("/etc/netplan/*", "network passwords", rb"(?m)^[ \t-]*(?:password|psk):[ \t]*\S"),
    ("/etc/apt/auth.conf", "passwords of package sources", rb"(?i)\bpassword\s+\S"),
    ("/etc/apt/auth.conf.d/*", "passwords of package sources", rb"(?i)\bpassword\s+\S"),
    ("/etc/yum.repos.d/*", "passwords of package sources", rb"(?m)^[ \t]*(?:proxy_)?password[ \t]*=[ \t]*[^\s_]"),
    ("/etc/yum.conf", "passwords of package sources", rb"(?m)^[ \t]*(?:proxy_)?password[ \t]*=[ \t]*[^\s_]"),
    ("/etc/dnf/dnf.conf", "passwords of package sources", rb"(?m)^[ \t]*(?:proxy_)?password[ \t]*=[ \t]*[^\s_]"),
    ("/etc/zypp/repos.d/*", "passwords of package sources", rb"(?m)^[ \t]*(?:proxy_)?password[ \t]*=[ \t]*\S"),
    ("/etc/environment", "a secret for all programs", VARIABLE),
    ("/etc/profile.d/*.sh", "a secret for all logins", SETTING),
    ("/etc/default/*", "a secret of a service", SETTING),
    ("/etc/sysconfig/*", "a secret of a service", SETTING),
    ("/etc/systemd/system/*.service", "a secret of a service", UNIT),
    ("/etc/systemd/system/*.d/*.conf", "a secret of a service", UNIT),
    ("~/.vnc/passwd", "a password of the desktop", rb"(?s)."),
    ("~/.local/share/keyrings/*.keyring", "a key ring", rb"(?s)."),
    ("~/.password-store/*/*.gpg", "a password store", rb"(?s)."),
)  # fmt: skip
COMPILED = tuple((pattern, what, re.compile(sign)) for pattern, what, sign in FILES)
LIMIT = 1 << 20


@rule(
    CODE,
    "files of credentials",
    needs=Needs.TREE,
    why="Credentials of whoever built the image would be on every clone, and in every copy of the image.",
    roots=("/etc", "/var/lib/kubelet/config.json", "/var/lib/iwd"),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    told: set[str] = set()
    for pattern, what, sign in COMPILED:
        for entry in subject.files(pattern):
            # A file too long to be read is no reason to take it for harmless.
            content = subject.content(entry.path, limit=LIMIT)
            if entry.path in told or (content is not None and not sign.search(content)):
                continue
            told.add(entry.path)
            message = f"{what} are in the image" if what.endswith("s") else f"{what} is in the image"
            hint = "remove it before sealing; give a build its credentials as secrets, and clones theirs at run time"
            yield leaked(subject, CODE, entry.path, EXPECTED, what, message, hint=hint)
    if not told:
        yield passed(CODE, "/root", EXPECTED, "none")
