"""Whatever the account databases say: those who are kept lose nothing, and those who go leave nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import generalize, select
from goldsmith.generalization.select import with_users

NAMES = st.sampled_from(["ann", "bob", "eve", "root", "www", "ann-", "a.b", "ü", "NAME"])
HOMES = st.sampled_from(
    ["/home/ann", "/home/bob", "/home", "/", "/root", "/srv/x", "/etc", "../etc", "/home/../etc", ""]
)
LINE = st.builds(
    lambda name, uid, home: f"{name}:x:{uid}:{uid}::{home}:/bin/sh",
    NAMES,
    st.sampled_from(["0", "33", "999", "1000", "1001", "60000", "60001", "65534", "-1", "x", "", "99999999999999"]),
    HOMES,
)
RUBBISH = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20)
PASSWD = st.lists(st.one_of(LINE, LINE, LINE, RUBBISH), max_size=8)
SUDOERS = st.lists(
    st.sampled_from(
        ["ann ALL=(ALL) ALL", "# bob", "bob ALL=(ALL) ALL", "%sudo ALL=ALL", "", "Defaults x", "a \\", "#1000 ALL"]
    ),
    max_size=5,
)
MEMBERS = st.lists(NAMES, max_size=3).map(",".join)


@given(
    passwd=PASSWD,
    sudoers=SUDOERS,
    members=MEMBERS,
    keep=st.sets(NAMES, max_size=2),
    remove=st.sets(NAMES, max_size=2),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_accounts_go_whole_or_not_at_all(
    passwd: list[str], sudoers: list[str], members: str, keep: set[str], remove: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        make(top, "guest debian\nf 0644 /home/ann/x = 'a'\nf 0644 /home/bob/x = 'b'\nf 0644 /srv/x/y = 'c'\n")
        files = {
            "etc/passwd": passwd,
            "etc/shadow": [f"{line.split(':')[0]}:!:1::::::" for line in passwd],
            "etc/group": [f"sudo:x:27:{members}", "ann:x:1000:"],
            "etc/sudoers.d/some": sudoers,
        }
        for path, lines in files.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")
        release = (top / "etc/os-release").read_bytes()
        with opened(top) as guest:
            done = generalize(guest, with_users(select("user-account"), keep=sorted(keep), remove=sorted(remove)))
        assert done.second.changes == ()
        after = (top / "etc/passwd").read_bytes().decode().split("\n")[:-1]
        gone = {line.split(":")[0] for line in passwd} - {line.split(":")[0] for line in after}
        # Only people, and only those who were to go.
        people = {line.split(":")[0] for line in passwd if is_person(line)}
        people -= {line.split(":")[0] for line in passwd if is_of_the_system(line)}
        assert gone == {name for name in people if name not in keep and (not remove or name in remove)}
        # Who stays keeps every line, and who goes is named nowhere any more.
        assert after == [line for line in passwd if line.split(":")[0] not in gone]
        groups = (top / "etc/group").read_text(encoding="utf-8").split("\n")
        assert set(groups[0].split(":")[3].split(",")) - {""} == set(members.split(",")) - gone - {""}
        assert (top / "etc/os-release").read_bytes() == release


def is_of_the_system(line: str) -> bool:
    fields = line.split(":")
    return len(fields) == 7 and fields[2] in {"0", "33", "999", "60001", "65534"}


def is_person(line: str) -> bool:
    fields = line.split(":")
    return len(fields) == 7 and fields[2] in {"1000", "1001", "60000"}
