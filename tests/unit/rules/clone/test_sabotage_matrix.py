"""The rules about user-data and about the second boot, on sabotaged copies of recorded evidence.

The evidence is of a bootstrapped Debian 12 with `datasource: local`, rehearsed: a clone with no seed, one with an empty
NoCloud seed, and one with user-data that was started twice. Of its packages only a few are kept.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.rule import Outcome, Verdict
from goldsmith.verification.verify import judge_evidence

RECORDED = Path(__file__).parents[2] / "verification" / "recorded-matrix.json"
THIRD = "clone-3"
PROBE = "goldsmith-probe"
Document = dict[str, Any]
Edit = Callable[[Document], None]


def recorded() -> Document:
    document: Document = json.loads(RECORDED.read_text(encoding="utf-8"))
    return document


def third(where: str, value: Any) -> Edit:
    """Replace one value of the clone with user-data."""

    def edit(document: Document) -> None:
        *way, last = (int(part) if part.isdigit() else part for part in where.split("."))
        target: Any = document["clones"][2]
        for part in way:
            target = target[part]
        target[last] = copy.deepcopy(value)

    return edit


def both(*edits: Edit) -> Edit:
    def edit(document: Document) -> None:
        for each in edits:
            each(document)

    return edit


def accounts(start: str, change: Callable[[list[Document]], list[Document]]) -> Edit:
    """Change the accounts that the first boot (`facts`) or the second (`again`) left."""

    def edit(document: Document) -> None:
        clone = document["clones"][2]
        facts = clone["facts"] if start == "facts" else clone["again"]["facts"]
        facts["accounts"] = change(facts["accounts"])

    return edit


def probe(**changes: Any) -> Callable[[list[Document]], list[Document]]:
    return lambda all_: [{**each, **changes} if each["name"] == PROBE else each for each in all_]


def keys(change: Callable[[Document], None], name: str = PROBE, start: str = "facts") -> Edit:
    def edit(document: Document) -> None:
        clone = document["clones"][2]
        facts = clone["facts"] if start == "facts" else clone["again"]["facts"]
        change(next(each for each in facts["authorized"] if each["name"] == name))

    return edit


def place(number: int, **changes: Any) -> Edit:
    return keys(lambda own: own["places"][number].update(changes))


def mark(change: Callable[[list[Document]], object]) -> Edit:
    def edit(document: Document) -> None:
        change(document["clones"][2]["again"]["facts"]["marks"])

    return edit


def its_key(document: Document) -> str:
    return str(document["clones"][2]["probe"]["fingerprint"])


def opens_another_account(document: Document) -> None:
    facts = document["clones"][2]["facts"]
    facts["authorized"][0]["fingerprints"] = [its_key(document)]


STALLED = both(
    third("again.ready", False), third("again.off", False), third("again.problem", "stalled after kernel (at 5.0 s)")
)
PANIC = {
    "name": "kernel-panic",
    "line": "Kernel panic - not syncing",
    "seconds": 5.0,
    "boot": 1,
    "ends": True,
    "cause": "the kernel panicked",
    "hint": "read the lines above it",
}
SABOTAGE: list[tuple[str, str, str, Edit]] = [
    (
        "GS430",
        "the user was not made",
        f"user-data was not obeyed: user {PROBE} was not made",
        accounts("facts", lambda all_: [each for each in all_ if each["name"] != PROBE]),
    ),
    (
        "GS430",
        "a password opens it",
        f"user {PROBE}, that user-data locks, is not locked: its password is empty",
        accounts("facts", probe(password="empty")),
    ),
    (
        "GS430",
        "it may not use sudo",
        f"user {PROBE} may not use sudo, though user-data says so",
        third("facts.sudo_rules", ["debian ALL=(ALL) NOPASSWD:ALL"]),
    ),
    (
        "GS431",
        "it has no key",
        f"the key of user-data does not open {PROBE}: no authorized_keys",
        third("facts.authorized", []),
    ),
    (
        "GS431",
        "it has another key",
        f"the key of user-data does not open {PROBE}: 1 other keys",
        keys(lambda own: own.update(fingerprints=["SHA256:other"])),
    ),
    (
        "GS431",
        "it has a key more",
        f"{PROBE} has keys that user-data does not name: 2 keys",
        keys(lambda own: own["fingerprints"].append("SHA256:other")),
    ),
    ("GS431", "the key opens root too", f"the key that is for {PROBE} opens root too", opens_another_account),
    (
        "GS431",
        "others may write to the home",
        f"sshd would not trust the keys of {PROBE}: others may write to /home/{PROBE} (0777)",
        place(0, mode=0o777),
    ),
    (
        "GS431",
        "root owns the folder",
        f"sshd would not trust the keys of {PROBE}: /home/{PROBE}/.ssh is owned by uid 0",
        place(1, uid=0),
    ),
    (
        "GS431",
        "others may read the file",
        f"sshd would not trust the keys of {PROBE}: others may read /home/{PROBE}/.ssh/authorized_keys (0644)",
        place(2, mode=0o644),
    ),
    (
        "GS440",
        "the second boot stalled",
        "the second boot stopped after kernel: stalled after kernel (at 5.0 s)",
        both(STALLED, third("again.milestones", [{"name": "kernel", "seconds": 5.0}])),
    ),
    (
        "GS440",
        "its console shows why the second boot stopped",
        "the second boot stopped after kernel: the kernel panicked; stalled after kernel (at 5.0 s)",
        both(
            STALLED,
            third("again.milestones", [{"name": "kernel", "seconds": 5.0}]),
            third("again.causes", [PANIC]),
        ),
    ),
    (
        "GS440",
        "it had to be switched off",
        "it did not power off by itself",
        third("again.off", False),
    ),
    (
        "GS441",
        "it became another instance",
        "in its second boot the clone became another instance: instance nocloud",
        third("again.facts.instance_id", "nocloud"),
    ),
    (
        "GS441",
        "a stage did not end",
        "in the second boot cloud-init did not end modules-final",
        third("again.facts.status.stages.3.finished", None),
    ),
    (
        "GS441",
        "no result was written",
        "in the second boot cloud-init did not end its last stage",
        third("again.facts.result", None),
    ),
    (
        "GS441",
        "a module failed",
        "in the second boot cloud-init ended with an error: ('mounts', OSError())",
        third("again.facts.result.errors", ["('mounts', OSError())"]),
    ),
    (
        "GS442",
        "a mark was made again",
        "was made again: what it stands for is not done once",
        mark(lambda all_: all_[0].update(text="99: 1795999999.5")),
    ),
    ("GS442", "a mark was lost", "was lost", mark(lambda all_: all_.pop())),
    (
        "GS442",
        "something new was done",
        "in the second boot the mark config_late is new",
        mark(lambda all_: all_.append({"name": "config_late", "text": "1: 2.0"})),
    ),
    (
        "GS442",
        "the log says so",
        "in the second boot cloud-init did again what is done once: config-ssh",
        third("again.facts.done_once", ["config-ssh"]),
    ),
    (
        "GS443",
        "the machine-id changed",
        "became 0123456789abcdef0123456789abcdef in the second boot",
        third("again.facts.machine_id", "0123456789abcdef0123456789abcdef"),
    ),
    (
        "GS443",
        "a host key was made anew",
        "host key ssh_host_dsa_key changed in the second boot",
        third("again.facts.host_keys.0.fingerprint", "SHA256:new"),
    ),
    (
        "GS443",
        "host keys are gone",
        "host key ssh_host_dsa_key changed in the second boot",
        third("again.facts.host_keys", []),
    ),
    (
        "GS444",
        "an account came back",
        "account rocky changed in the second boot: not there, then uid 1009",
        accounts(
            "again",
            lambda all_: [
                *all_,
                {"name": "rocky", "uid": 1009, "shell": "/bin/bash", "password": "locked", "groups": []},
            ],
        ),
    ),
    (
        "GS444",
        "an account was unlocked",
        f"account {PROBE} changed in the second boot",
        accounts("again", probe(password="set")),
    ),
    (
        "GS444",
        "a key was added",
        f"account {PROBE} changed in the second boot",
        keys(lambda own: own["fingerprints"].append("SHA256:other"), start="again"),
    ),
    (
        "GS407",
        "the image's default user is gone where user-data adds another",
        "user debian was not made",
        accounts("facts", lambda all_: [each for each in all_ if each["name"] != "debian"]),
    ),
    (
        "GS505",
        "an account that nobody configured differs",
        "clone-1 and clone-3 differ: only in clone-3",
        accounts(
            "facts",
            lambda all_: [
                *all_,
                {"name": "extra", "uid": 1009, "shell": "/bin/sh", "password": "locked", "groups": []},
            ],
        ),
    ),
]
BLINDED: list[tuple[str, str, Edit]] = [
    ("GS430", "the boot stalled", both(third("ready", False), third("problem", "no progress"))),
    ("GS431", "cloud-init did not run", third("facts.status", None)),
    ("GS440", "the first boot stalled", both(third("ready", False), third("problem", "no progress"))),
    ("GS441", "the second boot stalled", STALLED),
    ("GS441", "cloud-init did not run again", third("again.facts.status", None)),
    ("GS442", "the disk could not be read", third("again.facts", None)),
    ("GS442", "the evidence is older than marks", third("facts.marks", [])),
    ("GS443", "the second boot stalled", STALLED),
    ("GS444", "it was switched off", third("again.off", False)),
]


def outcomes(edit: Edit, code: str) -> list[Outcome]:
    document = recorded()
    edit(document)
    return [each for each in judge_evidence(Evidence.from_json(document)) if each.rule == code]


def test_recorded_evidence_of_a_good_image_passes_every_rule_but_that_of_machines() -> None:
    said = judge_evidence(Evidence.from_json(recorded()))
    assert {(each.rule, each.verdict) for each in said if each.verdict is not Verdict.PASS} == {
        (code, Verdict.UNPROVEN) for code in ("GS401", "GS428", "GS429")
    }


@pytest.mark.parametrize(("code", "what", "message", "edit"), SABOTAGE, ids=[f"{c}-{w}" for c, w, _, _ in SABOTAGE])
def test_a_rule_fails_on_sabotage(code: str, what: str, message: str, edit: Edit) -> None:
    failed = [each for each in outcomes(edit, code) if each.verdict is Verdict.FAIL]
    assert len(failed) == 1, what
    assert message in failed[0].message
    assert failed[0].subject.split(":")[0] in {THIRD, "clones"}


@pytest.mark.parametrize(("code", "what", "edit"), BLINDED, ids=[f"{c}-{w}" for c, w, _ in BLINDED])
def test_a_rule_that_cannot_look_is_unproven(code: str, what: str, edit: Edit) -> None:
    seen = {each.subject.split(":")[0]: each.verdict for each in outcomes(edit, code)}
    assert seen[THIRD] is Verdict.UNPROVEN, what
    assert set(seen.values()) == {Verdict.PASS, Verdict.UNPROVEN}


def test_what_a_clone_was_not_given_is_not_asked_of_it() -> None:
    said = {(each.rule, each.subject): each.seen for each in judge_evidence(Evidence.from_json(recorded()))}
    assert said["GS431", "clone-1"] == "does not apply: this clone was given no user-data"
    assert said["GS442", "clone-2"] == "does not apply: this clone was booted once"


def test_an_image_that_takes_no_nocloud_seed_is_not_asked_to_obey_one() -> None:
    document = recorded()
    next(each for each in document["prediction"]["seeds"] if each["seed"] == "nocloud-user-data").update(
        datasource="DataSourceNone", why="datasource_list is [Ec2, None]", users=None
    )
    accounts("facts", lambda all_: [each for each in all_ if each["name"] != PROBE])(document)
    said = [each for each in judge_evidence(Evidence.from_json(document)) if each.rule in {"GS430", "GS431"}]
    assert {each.verdict for each in said} == {Verdict.PASS}
    assert said[-1].seen == ("does not apply: the image takes no NoCloud seed (datasource_list is [Ec2, None])")


def test_a_user_of_the_images_own_list_may_be_absent_only_where_user_data_replaces_the_list() -> None:
    document = recorded()
    ops = {"name": "ops", "default": False, "locked": True, "groups": [], "shell": None, "gecos": None}
    ops["sudo"] = ["ALL=(ALL) NOPASSWD:ALL"]
    document["prediction"]["users"].append(ops)
    document["expectation"]["users_present"] = ["ops"]
    for clone in document["clones"][:2]:
        account = {"name": "ops", "uid": 1009, "shell": "/bin/bash", "password": "locked", "groups": []}
        clone["facts"]["accounts"].append(account)
        clone["facts"]["system"]["sudo"]["rules"].append("ops ALL=(ALL) NOPASSWD:ALL")
    outcomes = judge_evidence(Evidence.from_json(document))
    said = {(each.rule, each.subject): each for each in outcomes if "ops" in each.subject}
    assert {each.verdict for each in said.values()} == {Verdict.PASS}
    assert said["GS408", "clone-3: ops"].seen == "does not apply: user-data replaces the image's list of users"
    assert {each.verdict for each in outcomes if each.rule in {"GS421", "GS505"}} == {Verdict.PASS}


def test_beside_a_machine_a_rehearsal_need_not_prove_what_it_cannot() -> None:
    document = recorded()
    document["clones"][0].update(hardware=True, driver="qemu")
    document["clones"][2].update(hardware=False, driver="container")
    mixed = {each.subject: each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS401"}
    assert mixed[THIRD].verdict is Verdict.PASS
    assert "see clone-1" in mixed[THIRD].seen
    for clone in document["clones"]:
        clone.update(hardware=False, driver="container")
    alone = {each.subject: each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS401"}
    assert {each.verdict for each in alone.values()} == {Verdict.UNPROVEN}


def test_beside_machines_a_rehearsal_need_not_have_a_random_seed() -> None:
    document = recorded()
    for number, clone in enumerate(document["clones"][:2]):
        clone.update(hardware=True, driver="qemu")
        clone["facts"]["random_seed"] = str(number) * 64
    document["clones"][2]["facts"]["random_seed"] = None
    said = [each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS503"]
    assert [each.verdict for each in said] == [Verdict.PASS]
    document["clones"][1]["facts"]["random_seed"] = None
    said = [each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS503"]
    assert [(each.verdict, each.message) for each in said] == [(Verdict.UNPROVEN, "clone-2 has none")]
