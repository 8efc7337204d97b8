"""Every rule of the audit on a tree that it must not pass, and on the nearest one that it has to."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.golden.trees import make, opened
from tests.unit.rules.tree.audited import CLEAN, audited, told

from goldsmith.findings import Severity
from goldsmith.generalization.generalize import Keep, look, select
from goldsmith.guest.index import Index
from goldsmith.rules.rule import Needs, Outcome, Verdict, judge, rules_of
from goldsmith.rules.tree import (
    authorized_keys,
    build_tools,
    contents,
    credential_files,
    proxies,
    tokens,
    url_credentials,
    user_data,
)
from goldsmith.rules.tree.audit import audit_roots, findings
from goldsmith.rules.tree.subject import TreeSubject

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
ID = "0123456789abcdef0123456789abcdef"
BODY = "MC4CAQAwBQYDK2VwBCIEIKr1VxZ0k3uSvD9n"
# Written in two halves: scanners of repositories look for them as well.
PEM = "-----BEGIN " + f"PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n"
SSH = "-----BEGIN " + f"OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----\n"
PGP = "-----BEGIN " + f"PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{BODY}\n-----END PGP PRIVATE KEY BLOCK-----\n"
CERTIFICATE = f"-----BEGIN CERTIFICATE-----\n{BODY}\n-----END CERTIFICATE-----\n"
WIREGUARD = "[Interface]\nPrivate" + "Key = " + "A" * 42 + "E=\n"
AGE = "AGE-SECRET-" + "KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE"
YESCRYPT = "$y$j9T$" + "F5Jx5fExrKuPp53xLKQ..1$" + "X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
SHA512 = "$6$" + "saltsalt$" + "a" * 86
BCRYPT = "$2y$10$" + "b" * 53
AWS = "AK" + "IAQ3EGRIN2TB7ZLMXW"
AWS_SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYz" + "q8rT5yUiOpLkJ"[:11]
GITHUB = "gh" + "p_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
GITLAB = "gl" + "pat-" + "aB3dE5fG7hJ9kL1mN3pQ"
SLACK = "xo" + "xb-" + "281736450918-aB3dE5fG7hJ9"


def encoded(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


JWT = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded({'sub': 'builder', 'admin': True})}.{'s' * 43}"
NO_JWT = f"{encoded({'not': 'a header of such'})}.{encoded({'sub': 'builder'})}.{'s' * 43}"
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB builder@build\n"
UNIT = "f 0644 /usr/lib/systemd/system/cloud-init.service = ''\n"
ENABLED = (
    "l /etc/systemd/system/cloud-init.target.wants/cloud-init.service -> /usr/lib/systemd/system/cloud-init.service\n"
)


def f(path: str, content: str, mode: str = "0600") -> str:
    """A line of a tree's text."""
    return f"f {mode} {path} = {content!r}\n"


# code: (dirt, path of the finding, its severity) for each that has to be told.
TRIGGERS: dict[str, list[tuple[str, str, Severity]]] = {
    "GS301": [(f("/etc/machine-id", f"{ID}\n"), "/etc/machine-id", ERROR)],
    "GS302": [(f("/etc/ssh/ssh_host_rsa_key", "key"), "/etc/ssh/ssh_host_rsa_key", ERROR)],
    "GS303": [(f("/var/lib/cloud/sem/x", ""), "/var/lib/cloud/sem", ERROR)],
    "GS304": [(f("/tmp/x", ""), "/tmp/x", WARNING)],
    "GS305": [("l /var/spool/cron -> /srv/cron\nd 0755 /srv/cron\n", "/var/spool/cron", WARNING)],
    "GS306": [(f("/etc/cloud/cloud-init.disabled", ""), "/etc/cloud/cloud-init.disabled", WARNING)],
    "GS307": [(f("/etc/passwd", "me:x:1000:1000::/srv/me:/bin/sh\n"), "/etc/passwd", WARNING)],
    "GS308": [(f("/boot/grub/grub.cfg", f"linux /v systemd.machine_id={ID}\n"), "/boot/grub/grub.cfg", ERROR)],
    "GS309": [(f("/forcefsck", ""), "/forcefsck", WARNING)],
    "GS310": [
        (f("/etc/ssl/private/www.key", PEM), "/etc/ssl/private/www.key", ERROR),
        (f("/root/deploy", SSH), "/root/deploy", ERROR),
        (f("/srv/backup.asc", PGP), "/srv/backup.asc", ERROR),
        (f("/etc/wireguard/wg0.conf", WIREGUARD), "/etc/wireguard/wg0.conf", ERROR),
        (f("/opt/app/keys.txt", f"# key\n{AGE}\n"), "/opt/app/keys.txt", ERROR),
        (f("/srv/account.json", json.dumps({"private_key": PEM})), "/srv/account.json", ERROR),
        (f("/srv/secret.yaml", "data: " + base64.b64encode(SSH.encode()).decode()), "/srv/secret.yaml", ERROR),
        (f("/root/.gnupg/private-keys-v1.d/A.key", "(private)"), "/root/.gnupg/private-keys-v1.d/A.key", ERROR),
        (f("/etc/cryptsetup-keys.d/data.key", "\x00\x01"), "/etc/cryptsetup-keys.d/data.key", ERROR),
        (f("/opt/app/tls.p12", "\x00\x01"), "/opt/app/tls.p12", WARNING),
        (f("/home/me/.config/key.pem", PEM), "/home/me/.config/key.pem", ERROR),
    ],
    "GS311": [
        (f("/etc/shadow", f"root:{YESCRYPT}:1:0:9:7:::\n"), "/etc/shadow", ERROR),
        (f("/etc/shadow", f"root:!{SHA512}:1:0:9:7:::\n"), "/etc/shadow", WARNING),
        (f("/etc/shadow", "root:ab1yzXyZabcdE:1:0:9:7:::\n"), "/etc/shadow", ERROR),
        (f("/etc/shadow.old", f"root:{SHA512}:1:0:9:7:::\n"), "/etc/shadow.old", ERROR),
        (f("/var/backups/shadow.save", f"root:{SHA512}:1:0:9:7:::\n"), "/var/backups/shadow.save", ERROR),
        (f("/etc/passwd", f"root:{BCRYPT}:0:0:root:/root:/bin/sh\n"), "/etc/passwd", ERROR),
        (f("/etc/gshadow", f"wheel:{SHA512}::\n"), "/etc/gshadow", ERROR),
    ],
    "GS312": [
        (f("/etc/shadow", "root::1:0:9:7:::\n"), "/etc/shadow", ERROR),
        (f("/etc/passwd", "guest::900:900::/:/bin/sh\n"), "/etc/passwd", ERROR),
        (f("/etc/passwd", "toor:x:0:0::/root:/bin/sh\n"), "/etc/passwd", ERROR),
    ],
    "GS313": [
        (f("/ks.cfg", f"rootpw --iscrypted {SHA512}\n"), "/ks.cfg", ERROR),
        (f("/srv/ks.cfg", "lang en_US\nrootpw --plaintext Sommer2026\n"), "/srv/ks.cfg", ERROR),
        (f("/srv/ks.cfg", "user --name=me --password=hunter2\n"), "/srv/ks.cfg", ERROR),
        (f("/preseed.cfg", "d-i passwd/root-password password r00tme\n"), "/preseed.cfg", ERROR),
        (f("/root/make.sh", f"echo 'root:{YESCRYPT}' | chpasswd -e\n"), "/root/make.sh", ERROR),
        (f("/etc/nginx/.htpasswd", f"me:{BCRYPT}\n"), "/etc/nginx/.htpasswd", ERROR),
        (
            f("/var/cache/debconf/passwords.dat", "Name: mysql/root\nTemplate: mysql/root\nValue: hunter2\n"),
            "/var/cache/debconf/passwords.dat",
            ERROR,
        ),
    ],
    "GS314": [
        (f("/etc/backup.conf", f"id={AWS}\n"), "/etc/backup.conf", ERROR),
        (f("/etc/backup.conf", f"aws_secret_access_key = {AWS_SECRET}\n"), "/etc/backup.conf", ERROR),
        (f("/srv/deploy.sh", f"curl -H 'Authorization: {GITHUB}'\n"), "/srv/deploy.sh", ERROR),
        (f("/etc/environment", f"CI={GITLAB}\n"), "/etc/environment", ERROR),
        (f("/usr/local/bin/notify", f"hook {SLACK}\n"), "/usr/local/bin/notify", ERROR),
        (f("/opt/app/config.json", json.dumps({"jwt": JWT})), "/opt/app/config.json", WARNING),
    ],
    "GS315": [
        (
            f("/etc/apt/sources.list.d/x.list", "deb https://bot:hunter2@repo.corp.net/debian stable main\n"),
            "/etc/apt/sources.list.d/x.list",
            ERROR,
        ),
        (f("/etc/yum.repos.d/x.repo", "baseurl=https://bot:hunter2@10.0.0.1/\n"), "/etc/yum.repos.d/x.repo", ERROR),
        (f("/root/.gitconfig", "[remote]\nurl = https://me:s3cr3t@git.corp.net/x\n"), "/root/.gitconfig", ERROR),
        (f("/etc/pip.conf", "index-url = https://a:b%40c@pip.corp.net/simple\n"), "/etc/pip.conf", ERROR),
    ],
    "GS316": [
        (f("/etc/cloud/cloud.cfg.d/99.cfg", "password: Sommer2026\n"), "/etc/cloud/cloud.cfg.d/99.cfg", ERROR),
        (
            f("/etc/cloud/cloud.cfg", f"users: [{{name: me, passwd: '{SHA512}'}}]\n"),
            "/etc/cloud/cloud.cfg",
            ERROR,
        ),
        (
            f("/etc/cloud/cloud.cfg.d/98.cfg", "chpasswd: {list: 'root:hunter2\\nme:RANDOM'}\n"),
            "/etc/cloud/cloud.cfg.d/98.cfg",
            ERROR,
        ),
        (
            f("/etc/cloud/cloud.cfg.d/97.cfg", "chpasswd: {users: [{name: root, password: hunter2}]}\n"),
            "/etc/cloud/cloud.cfg.d/97.cfg",
            ERROR,
        ),
        (
            f("/etc/cloud/cloud.cfg.d/96.cfg", "rh_subscription: {activation-key: k3y, org: '1'}\n"),
            "/etc/cloud/cloud.cfg.d/96.cfg",
            ERROR,
        ),
        (
            f("/boot/firmware/user-data", "MIME-Version: 1.0\n\nplain_text_passwd: hunter2\n"),
            "/boot/firmware/user-data",
            ERROR,
        ),
    ],
    "GS317": [
        (f("/root/.aws/credentials", "[default]\naws_secret_access_key=x\n"), "/root/.aws/credentials", ERROR),
        (
            f("/root/.docker/config.json", '{"auths": {"r": {"auth": "bWU6aHVudGVyMg=="}}}'),
            "/root/.docker/config.json",
            ERROR,
        ),
        (f("/root/.kube/config", "users:\n- user:\n    token: abc\n"), "/root/.kube/config", ERROR),
        (f("/root/.netrc", "machine x login me password hunter2\n"), "/root/.netrc", ERROR),
        (f("/root/.pgpass", "db:5432:*:me:hunter2\n"), "/root/.pgpass", ERROR),
        (f("/root/.git-credentials", "https://me@x\n"), "/root/.git-credentials", ERROR),
        (f("/root/.npmrc", "//r/:_authToken=abc\n"), "/root/.npmrc", ERROR),
        (f("/root/.my.cnf", "[client]\npassword=hunter2\n"), "/root/.my.cnf", ERROR),
        (f("/etc/fstab", "//nas/x /x cifs username=me,password=hunter2 0 0\n"), "/etc/fstab", ERROR),
        (
            f("/etc/wpa_supplicant/wpa_supplicant.conf", "network={\n psk=hunter22\n}\n"),
            "/etc/wpa_supplicant/wpa_supplicant.conf",
            ERROR,
        ),
        (
            f("/etc/NetworkManager/system-connections/lan", "[wifi-security]\npsk=hunter22\n"),
            "/etc/NetworkManager/system-connections/lan",
            ERROR,
        ),
        (f("/etc/netplan/20-wifi.yaml", "wifis:\n  w: {}\n  password: hunter22\n"), "/etc/netplan/20-wifi.yaml", ERROR),
        (
            f("/etc/apt/auth.conf.d/x.conf", "machine x login me password hunter2\n"),
            "/etc/apt/auth.conf.d/x.conf",
            ERROR,
        ),
        (f("/etc/yum.repos.d/x.repo", "[x]\nusername=me\npassword=hunter2\n"), "/etc/yum.repos.d/x.repo", ERROR),
        (f("/etc/environment", "DB_PASSWORD=hunter2\n"), "/etc/environment", ERROR),
        (f("/etc/profile.d/x.sh", "export API_TOKEN='hunter22'\n"), "/etc/profile.d/x.sh", ERROR),
        (f("/etc/default/x", "X_SECRET=hunter22\n"), "/etc/default/x", ERROR),
        (f("/etc/sysconfig/x", 'PASSWORD="hunter22"\n'), "/etc/sysconfig/x", ERROR),
        (
            f("/etc/systemd/system/x.service", '[Service]\nEnvironment="A=1" "DB_PASSWORD=hunter22"\n'),
            "/etc/systemd/system/x.service",
            ERROR,
        ),
        (
            f("/etc/systemd/system/x.service.d/y.conf", "[Service]\nEnvironment=API_KEY=hunter22\n"),
            "/etc/systemd/system/x.service.d/y.conf",
            ERROR,
        ),
    ],
    "GS319": [
        (f("/etc/ssh/authorized_keys/root", RSA), "/etc/ssh/authorized_keys/root", ERROR),
        (f("/etc/skel/.ssh/authorized_keys", RSA), "/etc/skel/.ssh/authorized_keys", ERROR),
        (f("/etc/dropbear/authorized_keys", f"no-pty {RSA}"), "/etc/dropbear/authorized_keys", ERROR),
    ],
    "GS320": [
        (f("/etc/sudoers.d/me", "me ALL=(ALL) NOPASSWD:ALL\n"), "/etc/sudoers.d/me", ERROR),
        (f("/etc/sudoers", "me, you ALL = \\\n  NOPASSWD: ALL\n"), "/etc/sudoers", ERROR),
        (f("/etc/sudoers.d/g", "%wheel ALL=(ALL:ALL) NOPASSWD: ALL\n"), "/etc/sudoers.d/g", WARNING),
        (f("/etc/doas.conf", "permit nopass me as root\n"), "/etc/doas.conf", ERROR),
        (f("/etc/doas.conf", "permit keepenv nopass :wheel\n"), "/etc/doas.conf", WARNING),
        (f("/etc/doas.conf", "permit setenv { A=1 } nopass me as root cmd /bin/sh\n"), "/etc/doas.conf", ERROR),
    ],
    "GS321": [
        (f("/etc/httpd/conf/http.keytab", "\x05\x02"), "/etc/httpd/conf/http.keytab", ERROR),
        (f("/root/me.keytab", "\x05\x02"), "/root/me.keytab", ERROR),
    ],
    "GS322": [
        (f("/opt/CrowdStrike/falconstore", "x"), "/opt/CrowdStrike/falconstore", WARNING),
        (f("/etc/gitlab-runner/config.toml", "x"), "/etc/gitlab-runner/config.toml", WARNING),
    ],
    "GS324": [
        (f("/etc/environment", 'http_proxy="http://proxy.corp.net:3128"\n'), "/etc/environment", WARNING),
        (f("/etc/dnf/dnf.conf", "[main]\nproxy=http://10.0.0.1:3128\n"), "/etc/dnf/dnf.conf", WARNING),
        (f("/etc/profile.d/p.sh", "export HTTPS_PROXY=http://10.0.0.1:1\n"), "/etc/profile.d/p.sh", WARNING),
        (
            f("/etc/apt/apt.conf.d/9", 'A "b";\nAcquire::http::Proxy "http://10.0.0.1:1";\n'),
            "/etc/apt/apt.conf.d/9",
            WARNING,
        ),
        (
            f("/etc/systemd/system/docker.service.d/p.conf", 'Environment="HTTP_PROXY=http://10.0.0.1:1"\n'),
            "/etc/systemd/system/docker.service.d/p.conf",
            WARNING,
        ),
    ],
    "GS325": [
        (UNIT, "/etc/systemd/system", WARNING),
        (
            UNIT + ENABLED + "l /etc/systemd/system/cloud-init.service -> /dev/null\n",
            "/etc/systemd/system/cloud-init.service",
            WARNING,
        ),
        (
            UNIT
            + ENABLED
            + "l /etc/systemd/system/x.wants/cloud-final.service -> /usr/lib/systemd/system/no.service\n",
            "/etc/systemd/system/x.wants/cloud-final.service",
            WARNING,
        ),
    ],
    "GS326": [
        (f("/etc/fstab", "/dev/disk/by-id/ata-QEMU_1 / ext4 defaults 0 1\n"), "/etc/fstab", ERROR),
        (f("/etc/fstab", "/dev/disk/by-path/x /d ext4 nofail 0 1\n"), "/etc/fstab", WARNING),
        (f("/etc/fstab", "/dev/sdb1 /srv ext4 defaults 0 1\n"), "/etc/fstab", NOTE),
        (f("/etc/crypttab", "data /dev/disk/by-id/x none luks\n"), "/etc/crypttab", ERROR),
    ],
    "GS327": [
        (f("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 104\n"), "/usr/sbin/policy-rc.d", WARNING),
        (f("/etc/dpkg/dpkg.cfg.d/unsafe", "force-unsafe-io\n"), "/etc/dpkg/dpkg.cfg.d/unsafe", WARNING),
        (f("/etc/apt/apt.conf.d/x", 'APT::Get::AllowUnauthenticated "true";\n'), "/etc/apt/apt.conf.d/x", WARNING),
        (f("/etc/apt/sources.list", "deb [trusted=yes] http://x/ y z\n"), "/etc/apt/sources.list", WARNING),
        (f("/etc/yum.repos.d/x.repo", "[x]\ngpgcheck=0\n"), "/etc/yum.repos.d/x.repo", WARNING),
    ],
}
# code: trees that look alike and have nothing wrong.
PASSES: dict[str, list[str]] = {
    "GS301": [""],
    "GS302": [f("/etc/ssh/sshd_config", "HostKey /etc/ssh/ssh_host_rsa_key\n")],
    "GS303": ["d 0755 /var/lib/cloud\n"],
    "GS304": ["d 1777 /var/tmp\n"],
    "GS305": ["d 0755 /var/spool/cron\n"],
    "GS306": [f("/etc/cloud/cloud.cfg", "users: [default]\n")],
    "GS307": [f("/etc/passwd", "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n")],
    "GS308": [f("/boot/grub/grub.cfg", "linux /v systemd.machine_id=firmware\n")],
    "GS309": [f("/srv/forcefsck", "")],
    "GS310": [
        f("/etc/ssl/www.pem", CERTIFICATE),
        f("/usr/local/bin/check", "grep -q '-----BEGIN " + "PRIVATE KEY-----' $1\n"),
        f("/etc/wireguard/wg0.conf", "PublicKey = " + "A" * 42 + "E=\nPrivateKey = <yours>\n"),
        f("/srv/pub.asc", f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{BODY}\n"),
        f("/opt/app/icon.png", PEM),
        "p 0600 /root/id_rsa\n",
        "d 0700 /root/id_rsa\n",
        "l /root/id_rsa -> id_rsa\n",
    ],
    "GS311": [
        f("/etc/shadow", "root:*:1:0:9:7:::\nme:!:1:0:9:7:::\nyou:!*:1::::::\nthey:!!:1::::::\n"),
        "p 0600 /etc/shadow.fifo\n",
    ],
    "GS312": [f("/etc/shadow", "root:*:1:0:9:7:::\n"), f("/etc/passwd", "root:x:0:0::/root:/bin/sh\n+::::::\n")],
    "GS313": [
        f("/ks.cfg", "rootpw --lock\nuser --name=me --lock\nrootpw $ROOTPW\n"),
        f("/preseed.cfg", "d-i passwd/root-login boolean false\nd-i passwd/make-user boolean false\n"),
        f("/root/make.sh", "case $h in '$6$'*) echo sha512;; esac\n"),
        f("/var/cache/debconf/passwords.dat", "Name: mysql/root\nTemplate: mysql/root\nOwners: mysql\n"),
    ],
    "GS314": [
        f("/etc/backup.conf", "id=AK" + "IAIOSFODNN7EXAMPLE\nsecret=" + "a" * 40 + "\n"),
        f("/etc/x.conf", f"{NO_JWT}\n"),
        f("/etc/x.conf", "gh" + "p_" + "x" * 36 + "\n"),
        f("/etc/x.conf", "# token: glpat-<yours>\n"),
    ],
    "GS315": [
        f("/etc/x.conf", "# proxy = http://user:password@proxy:8080/\nurl=https://host.corp.net:443/a@b\n"),
        f("/etc/x.conf", "http://me:$PASSWORD@corp.net/\nhttp://me:${P}@corp.net/\nhttp://a:b3@repo.example.org/\n"),
        f("/etc/x.conf", "mailto:me@corp.net git@corp.net:x/y ssh://git@corp.net/x\n"),
    ],
    "GS316": [
        f("/etc/cloud/cloud.cfg", "users: [default]\nsystem_info: {default_user: {name: me, lock_passwd: true}}\n"),
        f("/etc/cloud/cloud.cfg.d/9.cfg", "chpasswd: {list: ['root:RANDOM', 'me:R'], expire: true}\n"),
        f("/etc/cloud/cloud.cfg.d/9.cfg", "users: [{name: me, passwd: '!'}]\nssh_pwauth: false\n"),
        f("/etc/cloud/cloud.cfg.d/9.cfg", "a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\npassword: null\n"),
    ],
    "GS317": [
        f("/root/.docker/config.json", '{"auths": {}, "credsStore": "pass"}'),
        f("/root/.npmrc", "//r/:_authToken=${NPM_TOKEN}\nsave=false\n"),
        f("/etc/ppp/pap-secrets", '# client server secret\nguest\thost\t"*"\t-\n*\thost\t""\t*\n'),
        f("/root/.aws/config", "[default]\nregion = x\n"),
        f("/etc/environment", "PATH=/bin\n"),
        f("/etc/default/x", "#X_TOKEN=abc\nX_TOKEN_FILE=/run/x\nX_TOKEN=$OTHER\nX_SECRET=\n"),
        f("/etc/systemd/system/x.service", "[Service]\nEnvironment=TOKEN=%d/token\nLoadCredential=token:/run/token\n"),
        f("/etc/fstab", "# //nas/x /x cifs password=x\nUUID=1 / ext4 defaults 0 1\n"),
    ],
    "GS319": [f("/etc/ssh/authorized_keys/root", f"# {RSA}")],
    "GS320": [
        f(
            "/etc/sudoers",
            "Defaults env_reset\n# me ALL=(ALL) NOPASSWD:ALL\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL) ALL\n",
        ),
        f("/etc/sudoers.d/README.old", "me ALL=(ALL) NOPASSWD:ALL\n"),
        f("/etc/doas.conf", "permit persist me\ndeny you\npermit nopass\npermit\n"),
    ],
    "GS321": [f("/etc/krb5.keytab.d/README", "none\n")],
    "GS322": ["d 0755 /opt/CrowdStrike\n", f("/etc/gitlab-runner/README", "x")],
    "GS324": [
        f("/etc/dnf/dnf.conf", "[main]\n# proxy=http://10.0.0.1:3128\nproxy=_none_\n"),
        f("/etc/profile.d/p.sh", "# http_proxy=http://10.0.0.1:1\nunset http_proxy\n"),
    ],
    "GS325": [UNIT + ENABLED, ENABLED.replace("cloud-init", "other")],
    "GS326": [f("/etc/fstab", "UUID=1 / ext4 defaults 0 1\n# /dev/sda1\n/dev/sr0 /cd auto noauto 0 0\n")],
    "GS327": [
        f("/etc/apt/sources.list", "deb [signed-by=/k.gpg] http://x/ y z\n# deb [trusted=yes] http://x/ y z\n"),
        f("/etc/yum.repos.d/x.repo", "[x]\ngpgcheck=1\n"),
    ],
}
# Judged below by trees that text cannot say: too many files, and labels.
ELSEWHERE = {"GS318", "GS323"}


SECRETS = (AWS, AWS_SECRET, GITHUB, GITLAB, SLACK, JWT, "hunter2", "Sommer2026", YESCRYPT, SHA512, BODY, AGE)


def judged(top: Path, dirt: str, code: str) -> list[Outcome]:
    """From GS310 on rules tell what operations leave; by themselves, they see all that they look at."""
    return audited(top, dirt, expression="defaults" if code < "GS310" else "smolt-uuid")


def test_every_rule_has_a_tree_that_triggers_it_and_one_that_does_not() -> None:
    codes = {rule.code for rule in rules_of(Needs.TREE)} - ELSEWHERE
    assert set(TRIGGERS) == codes
    assert set(PASSES) == codes


@pytest.mark.parametrize(
    ("code", "number"), [(code, number) for code, cases in TRIGGERS.items() for number in range(len(cases))]
)
def test_dirt_is_told_and_no_secret_shown(code: str, number: int, tmp_path: Path) -> None:
    dirt, path, severity = TRIGGERS[code][number]
    outcomes = judged(tmp_path, dirt, code)
    assert (code, severity, path) in told(outcomes)
    shown = json.dumps([[each.as_json() for each in outcomes], [each.as_json() for each in findings(outcomes)]])
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize(
    ("code", "number"), [(code, number) for code, trees in PASSES.items() for number in range(len(trees))]
)
def test_what_looks_alike_passes(code: str, number: int, tmp_path: Path) -> None:
    outcomes = [each for each in judged(tmp_path, PASSES[code][number], code) if each.rule == code]
    assert {each.verdict for each in outcomes} == {Verdict.PASS}, findings(outcomes)


def test_a_secret_names_its_line(tmp_path: Path) -> None:
    outcomes = audited(tmp_path, f("/srv/x", f"one\ntwo\n{GITHUB}\n"))
    assert [str(found.place) for found in findings(outcomes)] == ["/srv/x:3:1"]


def test_what_the_recipe_wrote_or_keeps_is_a_warning_with_its_reason(tmp_path: Path) -> None:
    dirt = f("/srv/key", PEM) + f("/srv/token", f"{GITHUB}\n")
    keep = (Keep("/srv/token", "revoked"),)
    outcomes = audited(tmp_path, dirt, declared=frozenset({"/srv/key"}), keep=keep)
    assert told(outcomes) == {("GS310", WARNING, "/srv/key"), ("GS314", WARNING, "/srv/token")}
    by_recipe, kept = (found.message for found in findings(outcomes))
    assert by_recipe.endswith("(declared by the recipe)")
    assert kept.endswith("(revoked)")


def test_what_an_operation_removes_is_told_once(tmp_path: Path) -> None:
    dirt = f("/root/.ssh/id_rsa", SSH) + f("/root/.ssh/authorized_keys", RSA)
    assert told(audited(tmp_path / "a", dirt)) == {("GS304", ERROR, "/root/.ssh/authorized_keys")}
    assert told(audited(tmp_path / "b", dirt, expression="defaults,-ssh-userdir")) == {
        ("GS310", ERROR, "/root/.ssh/id_rsa"),
        ("GS319", ERROR, "/root/.ssh/authorized_keys"),
    }


def test_declared_users_may_become_root(tmp_path: Path) -> None:
    dirt = f("/etc/sudoers.d/me", "me ALL=(ALL) NOPASSWD:ALL\n")
    assert told(audited(tmp_path, dirt, users=frozenset({"me"}))) == set()


def test_keys_and_proxies_that_the_recipe_wrote_are_meant(tmp_path: Path) -> None:
    dirt = f("/root/.ssh/authorized_keys", RSA) + f("/etc/environment", "http_proxy=http://10.0.0.1:1\n")
    declared = frozenset({"/root/.ssh/authorized_keys", "/etc/environment"})
    assert told(audited(tmp_path, dirt, declared=declared)) == set()


def test_too_many_files_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_FILES", 5)
    dirt = "".join(f(f"/srv/{number}", "x") for number in range(8))
    (found,) = findings(audited(tmp_path, dirt))
    assert (found.code, found.severity) == ("GS318", WARNING)
    assert "files were not searched for secrets: the limit is reached after 5" in found.message


@pytest.mark.parametrize("path", ["/etc/sudoers", "/etc/cloud/cloud.cfg.d/9.cfg", "/etc/ssh/authorized_keys/root"])
def test_a_configuration_too_long_to_be_read_is_unproven(path: str, tmp_path: Path) -> None:
    outcomes = audited(tmp_path, f(path, "# long\n" * 200_000))
    assert [each.subject for each in outcomes if each.verdict is Verdict.UNPROVEN] == [path]


def test_a_sweep_within_its_bounds_passes(tmp_path: Path) -> None:
    outcomes = [each for each in audited(tmp_path, f("/srv/x", "x")) if each.rule == "GS318"]
    assert [each.verdict for each in outcomes] == [Verdict.PASS]


# -- labels


CONTEXTS = """\
/.*  system_u:object_r:default_t:s0
/etc(/.*)?  system_u:object_r:etc_t:s0
/srv/none(/.*)?  <<none>>
"""


def labels(tmp_path: Path, *bare: str, mode: str = "enforcing", extra: str = "") -> list[Outcome]:
    """The rule on a guest with SELinux whose files all have labels, but the `bare` ones (only root sets real ones)."""
    config = f("/etc/selinux/config", f"SELINUX={mode}\nSELINUXTYPE=targeted\n")
    make(tmp_path, CLEAN + config + f("/etc/selinux/targeted/contexts/files/file_contexts", CONTEXTS) + extra)
    with opened(tmp_path) as guest:
        view = look(guest, (), roots=("/",))
        label = {"security.selinux": b"system_u:object_r:etc_t:s0"}
        entries = [each if each.path in bare else replace(each, xattrs=label) for each in view.index.values()]
        labeled = type(view)(Index(entries), view.info, view.homes, view.reader)
        (rule,) = (each for each in rules_of(Needs.TREE) if each.code == "GS323")
        return judge([rule], TreeSubject(labeled, ()))


@pytest.mark.parametrize(("mode", "severity"), [("enforcing", ERROR), ("permissive", WARNING)])
def test_a_file_without_a_label_is_found(mode: str, severity: Severity, tmp_path: Path) -> None:
    (found,) = findings(labels(tmp_path, "/etc/passwd", "/tmp", mode=mode))
    assert (found.code, found.severity, str(found.place)) == ("GS323", severity, "/etc/passwd")
    assert found.message == "2 paths have no SELinux label: /etc/passwd, /tmp"


def test_a_guest_whose_files_all_have_labels_passes(tmp_path: Path) -> None:
    assert [each.verdict for each in labels(tmp_path)] == [Verdict.PASS]


def test_what_the_policy_gives_no_label_needs_none(tmp_path: Path) -> None:
    outcomes = labels(tmp_path, "/srv/none", "/srv/none/x", extra=f("/srv/none/x", "x"))
    assert [each.verdict for each in outcomes] == [Verdict.PASS]


def test_a_file_system_without_attributes_needs_no_labels(tmp_path: Path) -> None:
    extra = f("/boot/efi/x", "x") + f("/etc/fstab", "UUID=1 /boot/efi vfat umask=0077 0 1\n")
    outcomes = labels(tmp_path, "/boot/efi", "/boot/efi/x", extra=extra)
    assert [each.verdict for each in outcomes] == [Verdict.PASS]


def test_a_guest_without_selinux_needs_no_labels(tmp_path: Path) -> None:
    assert [each.verdict for each in labels(tmp_path, "/etc/passwd", mode="disabled")] == [Verdict.PASS]


def test_a_guest_that_will_be_relabeled_is_not_told_twice(tmp_path: Path) -> None:
    outcomes = labels(tmp_path, "/etc/passwd", extra=f("/.autorelabel", ""))
    assert [each.verdict for each in outcomes] == [Verdict.PASS]


# -- hostile content


def test_hostile_trees_end_in_findings(tmp_path: Path) -> None:
    """Names that are not UTF-8, loops, devices' places taken by FIFOs, huge sparse files, absurd contents."""
    make(tmp_path, CLEAN)
    etc = tmp_path / "etc"
    for name in ("fstab", "environment", "sudoers", "shadow", "crypttab"):
        os.mkfifo(etc / name)
    for folder in (".ssh", ".kube", ".aws"):
        (tmp_path / "root" / folder).symlink_to(folder)
    (tmp_path / "root/.netrc").mkdir()
    (tmp_path / "root/.pgpass").symlink_to("/etc/../../../etc/shadow")
    with (tmp_path / "root/.git-credentials").open("wb") as huge:
        huge.truncate(1 << 40)
    (tmp_path / os.fsdecode(b"root/\xff\n\x1b[2J")).write_text(PEM)
    (etc / "sudoers.d").mkdir()
    (etc / "sudoers.d/spaces").write_text(("a" + " " * 4000 + "\n") * 200 + "b,c ALL=(ALL) NOPASSWD: ALL\n")
    (etc / "doas.conf").write_text(("permit nopass " + "a " * 2000 + "!\n") * 200)
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/a").write_bytes(b"eyJ" * 80_000)
    (tmp_path / "srv/b").write_bytes(b"\n \t" * 80_000)
    (tmp_path / "srv/c").write_bytes(b"http://" + b"a:" * 100_000)
    (tmp_path / "srv/d").write_bytes(b"-----BEGIN " * 20_000)
    (tmp_path / "srv/e").write_bytes(b"https_proxy " * 20_000)
    cloud = etc / "cloud/cloud.cfg.d"
    cloud.mkdir(parents=True)
    (cloud / "1.cfg").write_text("[" * 800)
    pairs = [f"{n}: &{n} [*{p},*{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)]
    (cloud / "2.cfg").write_text("a: &a [x,x]\n" + "".join(pairs))
    (cloud / "3.cfg").write_bytes(b"password: \xff\xfe\n")
    operations = select("defaults")
    with opened(tmp_path) as guest:
        view = look(guest, operations, roots=audit_roots())
        outcomes = judge(rules_of(Needs.TREE), TreeSubject(view, operations))
    found = {(each.code, str(each.place).partition(":")[0]) for each in findings(outcomes)}
    assert ("GS310", "/root/\\xff\\n\\x1b[2J") in found
    assert ("GS317", "/root/.git-credentials") in found
    assert ("GS316", "/etc/cloud/cloud.cfg.d/3.cfg") in found
    assert ("GS320", "/etc/sudoers.d/spaces") in found
    assert {each.rule for each in outcomes if each.verdict is Verdict.UNPROVEN} == {"GS311"}


@pytest.mark.parametrize("piece", ["\n", '"', " ", "a", "= ", "a=", "password ", "-", ",", "deb ["])
def test_no_expression_takes_quadratic_time(piece: str) -> None:
    """On 128 KiB the ones that did took minutes each, which this test's time limit does not allow."""
    text = (piece * (128 << 10))[: 128 << 10].encode()
    signs = (sign for _, _, sign in (*credential_files.COMPILED, *build_tools.COMPILED))
    for expression in {*signs, authorized_keys.KEY, proxies.PROXY, user_data.LINE, tokens.TOKEN, url_credentials.URL}:
        expression.search(text)
