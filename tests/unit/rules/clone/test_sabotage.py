"""Every rule about clones passes on evidence recorded from a real boot, and fails on a sabotaged copy of it.

The evidence is of a bootstrapped Debian 12 with `datasource: local`, two clones: one with no seed, one with an empty
NoCloud seed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.rules.clone.test_sabotage_matrix import SABOTAGE as OF_MATRIX

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.rule import Needs, Verdict, rules_of
from goldsmith.verification.verify import judge_evidence

RECORDED = Path(__file__).parents[2] / "verification" / "recorded-evidence.json"
Document = dict[str, Any]
Edit = Callable[[Document], None]


def recorded() -> Document:
    document: Document = json.loads(RECORDED.read_text(encoding="utf-8"))
    return document


def put(where: str, value: Any) -> Edit:
    """Replace one value; a `*` stands for every clone."""

    def edit(document: Document) -> None:
        for number in range(len(document["clones"])) if "*" in where else (0,):
            *way, last = (int(part) if part.isdigit() else part for part in where.replace("*", str(number)).split("."))
            target: Any = document
            for part in way:
                target = target[part]
            target[last] = copy.deepcopy(value)

    return edit


def both(*edits: Edit) -> Edit:
    def edit(document: Document) -> None:
        for each in edits:
            each(document)

    return edit


def account(name: str, password: str = "locked", groups: tuple[str, ...] = ()) -> Document:
    return {"name": name, "uid": 1001, "shell": "/bin/bash", "password": password, "groups": list(groups)}


def every_account(change: Callable[[list[Document]], list[Document]], *numbers: int) -> Edit:
    def edit(document: Document) -> None:
        for number in numbers or range(len(document["clones"])):
            facts = document["clones"][number]["facts"]
            facts["accounts"] = change(facts["accounts"])

    return edit


def debian(**changes: Any) -> Callable[[list[Document]], list[Document]]:
    def change(accounts: list[Document]) -> list[Document]:
        return [{**each, **changes} if each["name"] == "debian" else each for each in accounts]

    return change


def same_as_first(*fields: str) -> Edit:
    def edit(document: Document) -> None:
        first, second = (clone["facts"] for clone in document["clones"])
        for name in fields:
            second[name] = copy.deepcopy(first[name])

    return edit


def disabled(seed: int) -> Edit:
    return both(
        put(f"prediction.seeds.{seed}.enabled", False),
        put(f"prediction.seeds.{seed}.why", "no list"),
        put(f"prediction.seeds.{seed}.datasource", None),
    )


def no_network_for(*names: str, installed: bool) -> Edit:
    error = "('package-update-upgrade-install', ProcessExecutionError(\"Unexpected error while running command.\"))"
    log = "cc_package_update_upgrade_install.py[WARNING]: Failed to install packages: ['htop']"

    def edit(document: Document) -> None:
        document["prediction"]["packages"] = list(names)
        for facts in (document["sealed"], *(clone["facts"] for clone in document["clones"])):
            if installed:
                facts["packages"] = sorted({*facts["packages"], *names})
        facts = document["clones"][0]["facts"]
        facts["result"]["errors"] = [error]
        facts["status"]["stages"][3]["errors"] = [error]
        facts["cloud_log"].append(log)

    return edit


NO_CLOUD_INIT = both(put("clones.0.facts.status", None), put("clones.0.facts.result", None))
STALLED = both(
    put("clones.0.ready", False), put("clones.0.off", False), put("clones.0.problem", "no progress for 63 s")
)

# code of the rule, what was done to the evidence, and by what; the rule's outcome has to be a failure.
SABOTAGE: list[tuple[str, str, Edit]] = [
    ("GS401", "the boot stalled", STALLED),
    ("GS401", "it had to be switched off", put("clones.1.off", False)),
    ("GS402", "cloud-init is disabled by the configuration", both(disabled(0), NO_CLOUD_INIT)),
    ("GS402", "cloud-init left nothing", NO_CLOUD_INIT),
    (
        "GS402",
        "its status is no JSON",
        both(NO_CLOUD_INIT, put("clones.0.facts.status_error", "status.json is no JSON")),
    ),
    ("GS403", "another datasource was taken", put("clones.1.facts.status.datasource", "DataSourceNone")),
    ("GS403", "no datasource was found", put("clones.0.facts.status.datasource", None)),
    ("GS403", "none can be found", put("prediction.seeds.0.datasource", None)),
    ("GS404", "the final stage did not end", put("clones.0.facts.status.stages.3.finished", None)),
    ("GS404", "a stage was running", put("clones.0.facts.status.stage", "modules-config")),
    ("GS404", "no result was written", put("clones.0.facts.result", None)),
    ("GS404", "a module failed", put("clones.0.facts.result.errors", ["('ssh', OSError())"])),
    ("GS404", "a stage has an error", put("clones.0.facts.status.stages.1.errors", ["('users-groups', KeyError())"])),
    ("GS404", "a package is missing and cannot be installed", no_network_for("htop", installed=False)),
    ("GS405", "a drop-in is no YAML", put("clones.0.facts.cloud_log", ["util.py[WARNING]: Failed loading yaml blob"])),
    (
        "GS405",
        "the fallback was not predicted",
        put("clones.1.facts.cloud_log", ["x.py[WARNING]: Used fallback datasource"]),
    ),
    (
        "GS405",
        "a newer cloud-init recovered from an error",
        put("clones.0.facts.status.stages.1.recoverable", [["WARNING", ["Failed loading yaml blob"]]]),
    ),
    ("GS405", "a package is missing and cannot be installed", no_network_for("htop", installed=False)),
    ("GS406", "it was booted before", put("clones.0.facts.previous_instance_id", "iid-datasource-none")),
    ("GS406", "state was sealed in", put("sealed.instance_id", "i-0abc")),
    ("GS406", "it became another instance", put("clones.1.facts.instance_id", "nocloud")),
    ("GS407", "the default user was not made", every_account(lambda all_: [a for a in all_ if a["name"] != "debian"])),
    ("GS407", "its password is set", every_account(debian(password="set"))),
    ("GS407", "it is not in its groups", every_account(debian(groups=["adm"]))),
    ("GS407", "it has another shell", every_account(debian(shell="/bin/false"))),
    ("GS407", "it has no sudo rule", put("clones.*.facts.sudoers", ["README"])),
    ("GS408", "a demanded user is absent", put("expectation.users_present", ["debian", "admin"])),
    (
        "GS408",
        "a password opens a demanded user",
        both(put("expectation.users_present", ["ops"]), every_account(lambda all_: [*all_, account("ops", "set")])),
    ),
    ("GS409", "a forbidden user exists", every_account(lambda all_: [*all_, account("rocky")])),
    ("GS410", "a demanded package is absent", put("expectation.packages", ["htop"])),
    ("GS411", "there are no host keys", put("clones.0.facts.host_keys", [])),
    (
        "GS411",
        "the keys are the image's",
        lambda d: put("sealed.host_keys", d["clones"][0]["facts"]["host_keys"])(d),
    ),
    ("GS411", "others can read a key", put("clones.0.facts.host_keys.0.private", False)),
    ("GS412", "a machine-id was sealed in", put("sealed.machine_id", "0123456789abcdef0123456789abcdef")),
    ("GS412", "the boot left none", put("clones.0.facts.machine_id", "uninitialized")),
    ("GS412", "it is all zeros", put("clones.0.facts.machine_id", "0" * 32)),
    ("GS412", "D-Bus has another", put("clones.0.facts.dbus_machine_id", "0123456789abcdef0123456789abcdef")),
    ("GS413", "root needs no password", every_account(lambda all_: [{**all_[0], "password": "empty"}, *all_[1:]])),
    ("GS501", "both have one machine-id", same_as_first("machine_id", "dbus_machine_id")),
    ("GS502", "both have the same keys", same_as_first("host_keys")),
    ("GS503", "both keep the same seed", same_as_first("random_seed")),
    ("GS503", "a seed was sealed in", put("sealed.random_seed", "ab" * 32)),
    (
        "GS504",
        "both became the instance nocloud",
        both(put("clones.*.seed", "nocloud-empty"), put("clones.*.facts.instance_id", "nocloud")),
    ),
    ("GS505", "one has a user more", every_account(lambda all_: [*all_, account("extra")], 0)),
    ("GS505", "one's user is in a group more", every_account(debian(groups=["adm", "sudo"]), 1)),
    ("GS506", "one has a package more", lambda d: d["clones"][1]["facts"]["packages"].append("zz-extra")),
    ("GS506", "both lost a package", lambda d: d["sealed"]["packages"].append("zz-extra")),
    ("GS507", "the sealed file changed", put("digest_after", "0" * 64)),
]

# What leaves a rule without an answer: never a pass.
BLINDED: list[tuple[str, str, Edit]] = [
    ("GS401", "only rehearsals booted", put("clones.*.hardware", False)),
    ("GS402", "the boot stopped early", both(STALLED, NO_CLOUD_INIT, put("clones.0.milestones", []))),
    ("GS403", "the boot stalled", STALLED),
    ("GS404", "cloud-init did not run", NO_CLOUD_INIT),
    ("GS407", "the disk could not be read", put("clones.0.facts", None)),
    ("GS410", "no package records", both(put("clones.*.facts.packages", []), put("sealed.packages", []))),
    ("GS411", "a key has no public half", put("clones.0.facts.host_keys.0.fingerprint", None)),
    ("GS412", "it was switched off", put("clones.0.off", False)),
    ("GS501", "one clone alone", lambda d: d["clones"].pop()),
    ("GS501", "one SMBIOS UUID for both", put("clones.*.booted_uuid", "79debe22-62e7-4efb-941d-e1211d92cc55")),
    ("GS502", "one has no keys", put("clones.0.facts.host_keys", [])),
    ("GS503", "one stalled", STALLED),
    ("GS505", "one stalled", STALLED),
    ("GS506", "both stalled", both(STALLED, put("clones.1.ready", False))),
]


def verdicts(edit: Edit, code: str) -> set[Verdict]:
    document = recorded()
    edit(document)
    return {each.verdict for each in judge_evidence(Evidence.from_json(document)) if each.rule == code}


def named(cases: list[tuple[str, str, Edit]]) -> list[str]:
    return [f"{code}-{what}" for code, what, _ in cases]


def test_recorded_evidence_of_a_good_image_passes_every_rule() -> None:
    outcomes = judge_evidence(Evidence.from_json(recorded()))
    assert [each for each in outcomes if each.verdict is not Verdict.PASS] == []
    judged = {each.rule for each in outcomes}
    assert judged == {rule.code for rule in (*rules_of(Needs.CLONE), *rules_of(Needs.CLONES))}


@pytest.mark.parametrize(("code", "what", "edit"), SABOTAGE, ids=named(SABOTAGE))
def test_a_rule_fails_on_sabotage(code: str, what: str, edit: Edit) -> None:
    assert Verdict.FAIL in verdicts(edit, code), what


@pytest.mark.parametrize(("code", "what", "edit"), BLINDED, ids=named(BLINDED))
def test_a_rule_that_cannot_look_is_unproven(code: str, what: str, edit: Edit) -> None:
    seen = verdicts(edit, code)
    assert Verdict.UNPROVEN in seen, what
    assert Verdict.FAIL not in seen, what


def test_every_rule_about_clones_has_a_sabotage() -> None:
    rules = {rule.code for rule in (*rules_of(Needs.CLONE), *rules_of(Needs.CLONES))}
    assert rules == {code for code, _, _ in SABOTAGE} | {code for code, _, _, _ in OF_MATRIX}


def test_a_failure_has_a_finding_that_says_what_and_on_which_clone() -> None:
    document = recorded()
    put("sealed.machine_id", "0123456789abcdef0123456789abcdef")(document)
    failed = [each for each in judge_evidence(Evidence.from_json(document)) if each.verdict is Verdict.FAIL]
    assert {each.subject for each in failed} == {"clone-1", "clone-2"}
    for each in failed:
        assert each.finding is not None
        assert each.finding.message == (
            "machine-id 0123456789abcdef0123456789abcdef was sealed into the image: all clones share it"
        )
        assert each.finding.hint == "generalize with machine-id"


def test_packages_without_network_are_excused_only_where_all_are_in_the_image() -> None:
    excused = no_network_for("htop", installed=True)
    assert verdicts(excused, "GS404") == {Verdict.PASS}
    assert verdicts(excused, "GS405") == {Verdict.PASS}


def test_a_clone_may_be_without_cloud_init_only_where_the_recipe_chose_the_base_as_it_is() -> None:
    off = both(disabled(0), NO_CLOUD_INIT)
    chosen = both(off, put("expectation.datasource", "as-base"))
    assert verdicts(off, "GS402") == {Verdict.FAIL, Verdict.PASS}
    for code in ("GS402", "GS403", "GS404", "GS405", "GS406", "GS407"):
        assert verdicts(chosen, code) == {Verdict.PASS}, code
    everywhere = both(chosen, disabled(1))
    assert Verdict.FAIL in verdicts(everywhere, "GS402")


def test_deprecations_alone_are_no_failure() -> None:
    said = put("clones.0.facts.status.stages.1.recoverable", [["DEPRECATED", ["user is deprecated"]]])
    assert verdicts(said, "GS405") == {Verdict.PASS}
