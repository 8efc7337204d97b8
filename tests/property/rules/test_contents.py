"""Whatever stands in a guest's files: the audit ends, with outcomes of every rule, and shows no secret."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden.trees import make, opened
from tests.unit.rules.tree.audited import CLEAN

from goldsmith.generalization.generalize import look
from goldsmith.rules.rule import Needs, rules_of
from goldsmith.rules.tree.audit import audit, audit_roots, findings
from goldsmith.rules.tree.subject import TreeSubject

PLACES = (
    *("etc/fstab", "etc/shadow", "etc/gshadow", "etc/sudoers", "etc/doas.conf", "etc/environment", "etc/crypttab"),
    *("etc/cloud/cloud.cfg", "etc/cloud/cloud.cfg.d/1.cfg", "root/.netrc", "root/.docker/config.json", "root/x"),
    *("etc/apt/sources.list", "etc/yum.repos.d/x.repo", "srv/x", "ks.cfg", "preseed.cfg", "etc/dnf/dnf.conf"),
)
SECRET = "hUnTeR2-iS-tHe-SeCrEt-4711"
PIECES = (
    *("\n", " ", "\t", ":", "=", "#", "\\", '"', "'", "/", "@", "-", "x", "\0", "\udcff", "é", "{", "}", "[", "]", ","),
    *(
        "root",
        "::",
        "$6$salt$",
        "a" * 86,
        "NOPASSWD:",
        "ALL=(ALL) ",
        "\npermit nopass me\n",
        "password",
        "passwd: ",
        "rootpw ",
    ),
    *(
        "https://",
        "user:",
        "-----BEGIN " + "PRIVATE KEY-----",
        "MC4CAQAwBQYDK2Vw",
        "eyJhbGciOiJIUzI1NiJ9",
        ".",
        "_authToken=",
    ),
    *(
        "/dev/disk/by-id/",
        "proxy=http://",
        "d-i passwd/root-password password ",
        "ssh-rsa AAAA",
        "PrivateKey = ",
        "token: ",
    ),
    *(
        "users:\n- name: me\n  ",
        "chpasswd:\n  list: |\n    ",
        "&a ",
        "*a",
        "<<: ",
        "gpgcheck=0",
        "[trusted=yes]",
        "deb ",
    ),
    *("aws_secret_access_key = ", "gh" + "p_", "AK" + "IA", f"password {SECRET}", f"password: {SECRET}\n"),
)
text = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@settings(max_examples=25)
@given(contents=st.dictionaries(st.sampled_from(PLACES), text, max_size=6))
def test_the_audit_ends_and_shows_no_secret(contents: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        top = Path(folder)
        make(top, CLEAN)
        for place, content in contents.items():
            (top / place).parent.mkdir(parents=True, exist_ok=True)
            (top / place).write_bytes(content.encode("utf-8", "surrogateescape"))
        with opened(top) as guest:
            outcomes = audit(TreeSubject(look(guest, (), roots=audit_roots()), ()))
    assert {each.rule for each in outcomes} == {rule.code for rule in rules_of(Needs.TREE)}
    for finding in findings(outcomes):
        assert SECRET not in json.dumps(finding.as_json())
        assert finding.message.isprintable()
