"""Configurations of the kinds that people write, as drop-ins: a name and what the files hold.

A file is `99-x.cfg` unless the entry names its own; all of them lie over the package's own files.
"""

from __future__ import annotations

from textwrap import dedent

ONE_FILE = {
    "the manual workflow": """\
        #cloud-config
        # golden image defaults
        system_info:
          default_user:
            name: admin
            sudo: ["ALL=(ALL) NOPASSWD:ALL"]
            shell: /bin/bash
        ssh_pwauth: false
        packages:
          - htop
          - vim-enhanced
        cloud_final_modules: []
        """,
    "default user cleared of groups": "system_info: {default_user: {name: ops, groups: [], lock_passwd: false}}\n",
    "an empty mapping clears nothing": "system_info: {}\n",
    "an empty list clears": "users: []\n",
    "null blocks": "users:\nsystem_info:\n  default_user:\n",
    "a string under which a mapping lies": "system_info: debian\napt: none\n",
    "a list under which a mapping lies": "system_info: [a]\nusers: {a: 1}\n",
    "a number over a mapping": "system_info: 1\n",
    "users with default": """\
        users:
          - default
          - name: ops
            groups: [adm, sudo]
            ssh_authorized_keys:
              - ssh-ed25519 AAAA ops@example.org
        """,
    "datasource list": "datasource_list: [ NoCloud, None ]\n",
    "datasource list in lines": "datasource_list:\n  - NoCloud\n  - None\n",
    "no network": "network: {config: disabled}\n",
    "yes and no": "a: yes\nb: No\nc: ON\nd: off\ne: y\nf: n\ng: 'yes'\nh: TRUE\ni: True\nj: tRue\n",
    "numbers": "a: 0644\nb: 0o644\nc: 0x1F\nd: 1_000\ne: 1e3\nf: 1.0e+3\ng: .5\nh: 0b11\ni: 08\nj: -0\nk: 1.\n",
    "sexagesimals": "a: 1:30\nb: 22:22:22\nc: 10:00.5\nd: 190:20:30.15\ne: 00:16:3e:00:00:01\nf: 0:0\n",
    "dates": "a: 2026-01-02\nb: 2026-01-02T03:04:05Z\nc: 2026-01-02 03:04:05 +1\nd: 2026-1-2 3:4:5.6\ne: 01-02-2026\n",
    "infinities": "a: .inf\nb: -.Inf\nc: .nan\nd: inf\ne: nan\n",
    "nulls": "a: ~\nb: null\nc: Null\nd: NULL\ne: None\nf:\ng: nil\n",
    "versions": "a: 3.10\nb: '3.10'\nc: 1.2.3\nd: 24.04\n",
    "blocks of text": "a: |\n  one\n  two\nb: >\n  one\n  two\n\n  three\nc: |-\n  x\nd: |+\n  x\n\ne: 1\n",
    "quoted": "a: \"\\u00e9\\n\\x41\"\nb: 'it''s'\nc: \"a\\\n  b\"\n",
    "anchors": "x: &x {a: 1, b: [1, 2]}\ny: *x\nz: {<<: *x, b: 3}\n",
    "merged twice": "a: &a {k: 1}\nb: &b {k: 2, l: 3}\nc:\n  <<: [*a, *b]\n  m: 4\n",
    "an own key before a merged one": "a: &a {k: 1, l: 1}\nc:\n  k: own\n  <<: *a\n",
    "sets and pairs": "a: !!set {x, y}\nb: !!omap [x: 1, y: 2]\nc: !!pairs [x: 1, x: 2]\n",
    "binary": "a: !!binary |\n  aGVsbG8=\n",
    "stated types": 'a: !!str 1\nb: !!int "7"\nc: !!float 1\nd: !!bool "no"\ne: !!null ""\n',
    "keys that are no strings": "1: a\ntrue: b\n2026-01-02: c\n~: d\n1.5: e\nno: f\n",
    "the same key twice": "a: 1\na: 2\nb: {c: 1, c: 2}\n",
    "an equals sign": "a: =\nb: {=: 1}\n",
    "unusual but legal": "? a\n: 1\n? [b, c]\n: 2\n",
    "byte order mark": "\ufeffa: 1\n",
    "carriage returns": "a: 1\r\nb:\r\n  - 2\r\n  - 3\r\n",
    "no newline at the end": "a: 1",
    "document marks": "---\na: 1\n...\n",
    "a version line": "%YAML 1.1\n---\na: 0644\n",
    "a version line of 1.2": "%YAML 1.2\n---\na: 0644\nb: no\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "a tab": "a:\n\t- 1\n",
    "a tab behind a colon": "a:\t1\n",
    "an unclosed list": "a: [1\n",
    "an unclosed quote": 'a: "1\n',
    "a list at the top": "- a\n- b\n",
    "text at the top": "hello\n",
    "a number at the top": "42\n",
    "nothing": "",
    "comments only": "# nothing\n#cloud-config\n",
    "a python object": "a: !!python/object:os.system {}\n",
    "an own tag": "a: !vault |\n  x\n",
    "a control character": "a: \x07\n",
    "a zero": "a: \0\n",
    "next line": "a: b\u0085c: d\n",
    "a date that is none": "a: 2026-13-45\n",
    "an empty int": "a: !!int ''\n",
    "an empty float": "a: !!float ''\n",
    "a bool that is none": "a: !!bool maybe\n",
    "a date by its tag that is none": "a: !!timestamp never\n",
    "a mapping as a string": "a: !!str {b: 1}\n",
    "an alias without an anchor": "a: *nobody\n",
    "a merge of a scalar": "a: {<<: 1}\n",
    "jinja": "## template: jinja\na: '{{ v1.region }}'\n",
    "jinja without quotes": "## template: jinja\na: {{ v1.region }}\n",
    "module lists": """\
        cloud_init_modules: [migrator, cc_ssh, users-groups.py, ' seed_random ']
        cloud_config_modules:
          - [runcmd, always]
          - [timezone, ' once ', a, b]
          - {name: locale, frequency: once-per-instance, args: [x]}
          - {frequency: always}
          - []
          - ''
          - ~
        cloud_final_modules: []
        """,
    "a list of modules that is a string": "cloud_final_modules: runcmd\n",
    "a list of modules that is nothing": "cloud_final_modules: ~\ncloud_init_modules: 0\n",
    "conf_d empty": "conf_d: ''\n",
    "merge_how in the strongest": "merge_how: list(append)+dict(recurse_array)+str()\nusers: [x]\n",
    "merge_type": "merge_type: dict(replace)\nusers: [x]\n",
    "merge_how and merge_type": "merge_how: list()+dict()\nmerge_type: dict(replace)\nusers: [x]\n",
    "merge_how that is none": "merge_how: bogus\n",
    "merge_how of an unknown merger": "merge_how: tuple()\n",
    "merge_how in dashes": "merge_how: LIST(Append) + dict( recurse-array , no_replace )+str()\nusers: [x]\n",
    "merge_how as a list": "merge_how: [{name: list, settings: [append]}, [dict, recurse_array]]\n",
    "merge_how as a number": "merge_how: 7\n",
    "merge_how as no": "merge_how: no\n",
    "merge_how empty": "merge_how: ''\nmerge_type: 'dict(replace)'\nusers: [x]\n",
    "merge_how as an empty list": "merge_how: []\nusers: [x]\n",
    "merge_how without a mapping's merger": "merge_how: list()\nusers: [x]\n",
}

# Name → content, beside the package's own files; cloud.cfg replaces the package's.
SEVERAL = {
    "later names win": {"10-a.cfg": "a: 1\nb: 1\n", "9-b.cfg": "a: 2\n", "99_x.cfg": "b: 3\n", "99-y.cfg": "b: 4\n"},
    "case and letters": {
        "Z.cfg": "a: Z\n",
        "a.cfg": "a: a\n",
        "é.cfg": "b: 1\n",
        "zz.cfg": "b: 2\n",
        "_.cfg": "a: _\n",
    },
    "hidden and other suffixes": {".h.cfg": "h: 1\n", "a.CFG": "b: 1\n", "a.cfg.bak": "b: 1\n", "c.yaml": "b: 1\n"},
    "only a suffix": {".cfg": "a: 1\n"},
    "a bad one between good ones": {"50-a.cfg": "a: 1\n", "60-b.cfg": "a: [\n", "70-c.cfg": "b: 2\n"},
    "latin-1 among them": {"50-a.cfg": "a: 1\n", "60-b.cfg": "latin: ü\n".encode("latin-1").decode("latin-1")},
    "merged deeply": {
        "10.cfg": "a: {b: {c: 1, d: [1, 2]}, e: x}\n",
        "20.cfg": "a: {b: {c: 2, f: {}}, e: {g: 1}}\n",
        "30.cfg": "a: {b: {d: [3]}, h: ~}\n",
        "40.cfg": "a: {h: {i: 1}, b: {f: {j: 1}}}\n",
    },
    "a string gives way": {"10.cfg": "a: {b: 1}\n", "20.cfg": "a: text\n", "30.cfg": "a: [1]\n"},
    "a list gives way": {"10.cfg": "a: {b: 1}\n", "20.cfg": "a: [1]\n"},
    "lists appended from below": {
        "cloud.cfg": "merge_how: list(append)+dict(recurse_array)+str()\nusers: [1, 2]\nruncmd: [[a]]\n",
        "99-x.cfg": "users: [3]\nruncmd: [[b]]\n",
    },
    "strings appended from below": {
        "cloud.cfg": "merge_how: str(append)+dict(recurse_str)+list()\na: low\nb: 1\n",
        "99-x.cfg": "a: high\nb: text\n",
    },
    "a base that deletes": {
        "cloud.cfg": "merge_how: dict(allow_delete)\na: ~\nb: 1\n",
        "99-x.cfg": "a: 1\nb: 2\n",
    },
    "a base that replaces": {"cloud.cfg": "merge_how: dict(replace)\na: low\n", "99-x.cfg": "a: high\nb: 1\n"},
    "appending a number": {"cloud.cfg": "merge_how: str(append)+dict(recurse_str)\na: low\n", "99-x.cfg": "a: 5\n"},
    "appending to a number": {
        "10.cfg": "merge_how: list(append)+dict(recurse_list)\na: [1]\n",
        "20.cfg": "a: 5\n",
        "30.cfg": "a: [2]\n",
    },
    "lists by index": {
        "10.cfg": "merge_how: list(recurse_dict,recurse_list,recurse_str)+dict(recurse_list)+str(append)\n"
        "a: [{x: 1}, [1], low, 4, 5]\n",
        "20.cfg": "a: [{y: 2}, [2, 3], high]\n",
    },
    "lists not replaced": {
        "10.cfg": "merge_how: list(no_replace)+dict(recurse_list)\na: [1]\n",
        "20.cfg": "a: [2, 3]\n",
    },
    "lists prepended": {"10.cfg": "merge_how: list(prepend)+dict(recurse_list)\na: [1]\n", "20.cfg": "a: [2, 3]\n"},
    "a broken base": {"cloud.cfg": "users: [default\n", "99-x.cfg": "ssh_pwauth: false\n"},
    "an empty base": {"cloud.cfg": "", "99-x.cfg": "ssh_pwauth: false\n"},
    "another folder": {"cloud.cfg": "conf_d: '@ROOT@/srv/conf'\n", "99-x.cfg": "a: 1\n", "/srv/conf/x.cfg": "a: 2\n"},
    "another folder with blanks": {"cloud.cfg": "conf_d: ' @ROOT@/srv/conf/ '\n", "/srv/conf/x.cfg": "a: 2\n"},
    "a folder that is not there": {"cloud.cfg": "conf_d: /nowhere/at/all\n", "99-x.cfg": "a: 1\n"},
    "a folder that is null": {"cloud.cfg": "conf_d:\na: 0\n", "99-x.cfg": "a: 1\n"},
    "a folder that is blank": {"cloud.cfg": "conf_d: '  '\na: 0\n", "99-x.cfg": "a: 1\n"},
    "a folder that is a list": {"cloud.cfg": "conf_d: [a]\n", "99-x.cfg": "a: 1\n"},
    "a folder that is an empty list": {"cloud.cfg": "conf_d: []\na: 0\n", "99-x.cfg": "a: 1\n"},
    "what ds-identify wrote": {
        "99-x.cfg": "datasource_list: [Ec2, None]\n",
        "/run/cloud-init/cloud.cfg": "datasource_list: [ NoCloud, None ]\n",
    },
}

CMDLINES = (
    "root=/dev/sda1 ro cc: {a: 1} end_cc quiet",
    "cc: ssh_pwauth: false\\nusers: [] end_cc cc: b: 2",
    "cc:%7Ba%3A%201%7D end_cc",
    "cc:",
    "cc: end_cc",
    "abcc: {a: 1} end_cc",
    "cc: [1] end_cc",
    "cc: {a: [ end_cc",
    "quiet cc: merge_how: 'dict(replace)' end_cc",
    "cc: system_info: {default_user: {name: x}} end_cc",
)


def bytes_of(text: str) -> bytes:
    return dedent(text).encode("utf-8", "surrogateescape")


def placed(files: dict[str, str]) -> dict[str, bytes]:
    """By guest path."""
    return {
        name
        if name.startswith("/")
        else "/etc/cloud/cloud.cfg"
        if name == "cloud.cfg"
        else f"/etc/cloud/cloud.cfg.d/{name}": bytes_of(text)
        for name, text in files.items()
    }
