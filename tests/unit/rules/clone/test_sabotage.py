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


SYSTEM = "clones.0.facts.system"
OF_THE_SYSTEM = ("GS421", "GS422", "GS423", "GS424", "GS425", "GS426", "GS427", "GS508")


# `ssh_pwauth: false`, and an sshd that obeys it, in both clones.
NO_PASSWORDS = both(
    put("prediction.ssh_passwords", False),
    put("clones.*.facts.system.sshd.passwords", False),
    put("clones.*.facts.system.sshd.interactive", False),
    put("clones.*.facts.system.sshd.pam", True),
)


NETWORKED = put("clones.0.machine", {"network": "user"})


def complaint(source: str, message: str, priority: int = 3) -> Edit:
    said = {"priority": priority, "source": source, "unit": "", "message": message}
    return lambda document: document["clones"][0]["facts"]["system"]["journal"]["complaints"].append(said)


def volume(**changes: Any) -> Edit:
    """The last partition of the first clone's disk."""

    def edit(document: Document) -> None:
        volumes = document["clones"][0]["disk"]["volumes"]
        max(volumes, key=lambda each: each["offset"]).update(changes)

    return edit


HERE = {
    "created": "2026-11-24T07:00:00+00:00",
    "goldsmith": "0.1",
    "kvm": False,
    "why": "none",
    "speed": 0.2,
    "size": 1,
}


def slower_than_before(limit: float | None, seconds: float = 10.0, *, kvm: bool = False, speed: float = 0.2) -> Edit:
    def edit(document: Document) -> None:
        document["circumstances"] = HERE
        boots = [{"driver": clone["driver"], "seed": clone["seed"], "seconds": seconds} for clone in document["clones"]]
        document["previous"] = {"image": "x:0.9", "kvm": kvm, "speed": speed, "boots": boots}
        document["expectation"]["slower"] = limit

    return edit


def changed(path: str, state: str, number: int) -> Edit:
    def edit(document: Document) -> None:
        system = document["clones"][number]["facts"]["system"]
        others = [each for each in system["changes"] if each["path"] != path]
        system["changes"] = [*others, {"path": path, "state": state}]

    return edit


def demanded(key: str, wanted: str | None, seen: str | None) -> Edit:
    return both(
        put("expectation.effective", [{"key": key, "value": wanted}]),
        put("prediction.effective", [{"key": key, "value": seen}]),
    )


def own_checks(sight: str, **changes: Any) -> Edit:
    """The recipe has a check of each kind, and every clone what was seen: of the first one as `sight` says."""
    message = "" if sight == "as-asked" else "it is not so"

    def edit(document: Document) -> None:
        checks = {
            "files": [{"path": "/etc/motd"}],
            "commands": [{"run": "true", "argv": ["true"]}],
            "goss": [{"file": "goss.yaml", "text": "x"}],
        }
        document["expectation"]["checks"] = {key: changes.get(key, value) for key, value in checks.items()}
        seen = [
            {"kind": "file", "check": "/etc/motd", "sight": sight, "message": message},
            {"kind": "command", "check": "true", "sight": "as-asked"},
            {"kind": "goss", "check": "goss.yaml", "sight": "as-asked", "part": "File /etc/motd exists"},
        ]
        for clone in document["clones"]:
            clone["checks"] = [{"expected": "so", "seen": "", **each} for each in seen]

    return edit


def check_of_another_kind(sight: str) -> Edit:
    """The command or goss test is the one that `sight` tells of."""

    def edit(document: Document) -> None:
        own_checks("as-asked")(document)
        for clone, number in zip(document["clones"], (1, 2), strict=True):
            clone["checks"][number] |= {"sight": sight, "message": "it is not so"}

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
    ("GS402", "it ran where the base has it off", both(disabled(0), put("expectation.datasource", "as-base"))),
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
    ("GS406", "it was another instance before", put("clones.1.facts.instance_id", "nocloud")),
    (
        "GS406",
        "it became another instance",
        both(
            put("clones.1.facts.instance_id", "nocloud"),
            put("clones.1.facts.previous_instance_id", "NO_PREVIOUS_INSTANCE_ID"),
        ),
    ),
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
    ("GS412", "it is in memory only", put("clones.0.facts.machine_id", "")),
    ("GS420", "a module did not run", lambda d: d["clones"][0]["facts"]["semaphores"].remove("config_ssh")),
    ("GS420", "a user more than predicted", every_account(lambda all_: [*all_, account("extra")], 1)),
    ("GS421", "sudo refuses the file", put(f"{SYSTEM}.sudo.problem", "others can write it (mode 0666)")),
    ("GS421", "there is no file", put(f"{SYSTEM}.sudo", None)),
    ("GS421", "the rule is another user's", put(f"{SYSTEM}.sudo.rules", ["ops ALL=(ALL) NOPASSWD:ALL"])),
    ("GS422", "the shell is not installed", every_account(debian(shell="/bin/zsh"))),
    ("GS423", "an earlier file allows passwords", both(NO_PASSWORDS, put(f"{SYSTEM}.sshd.passwords", True))),
    ("GS423", "passwords stay possible by PAM", both(NO_PASSWORDS, put(f"{SYSTEM}.sshd.interactive", True))),
    ("GS423", "empty passwords are taken", put(f"{SYSTEM}.sshd.empty_passwords", True)),
    ("GS423", "the boot lets root in", put(f"{SYSTEM}.sshd.root", "yes")),
    (
        "GS424",
        "the build's name was sealed in",
        both(put(f"{SYSTEM}.hostname", "buildhost"), put("sealed.system.hostname", "buildhost")),
    ),
    ("GS424", "the configured name was not set", put("prediction.hostname", "web")),
    ("GS425", "a demanded service is not enabled", put("expectation.enabled", ["ssh", "nginx"])),
    ("GS426", "a service failed", put(f"{SYSTEM}.journal.failed", ["nginx.service"])),
    ("GS426", "an early unit failed", put("clones.0.failed", ["systemd-modules-load.service"])),
    (
        "GS426",
        "a unit failed that waits for a network, and there is one",
        both(put("clones.0.failed", ["NetworkManager-wait-online.service"]), NETWORKED),
    ),
    ("GS427", "a network failed that there is", both(complaint("dhclient", "no lease"), NETWORKED)),
    ("GS426", "one failed whose name was cut", put("clones.0.failed", ["systemd-mod…oad Kernel Modules"])),
    ("GS427", "a service complained", complaint("nginx", "bind() to 0.0.0.0:80 failed")),
    ("GS427", "the kernel complained of a file system", complaint("kernel", "EXT4-fs error (device vda1): bad block")),
    ("GS427", "the kernel ran out of memory", complaint("kernel", "Out of memory: Killed process 1 (init)")),
    ("GS427", "the kernel gave up", complaint("kernel", "something", priority=0)),
    ("GS428", "the partition stayed", volume(size=3 << 30, used=3 << 30)),
    ("GS428", "the file system stayed", volume(used=3 << 30)),
    ("GS429", "the journal has to be replayed", volume(clean=False, why="its journal has to be replayed")),
    ("GS432", "it was much slower than the version before", slower_than_before(0.5)),
    ("GS450", "a file is not as asked", own_checks("otherwise")),
    ("GS450", "a command and a goss test are not as asked", check_of_another_kind("otherwise")),
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
    ("GS508", "a file has another content in one", changed("/etc/motd", "regular 0644 0:0 sha256 0011223344556677", 1)),
    ("GS508", "a file is gone in one", changed("/usr/bin/sudo", "removed", 0)),
    ("GS508", "the modes of a home differ", changed("/home/debian", "directory 0777 1000:1000", 0)),
    ("GS509", "a later file takes it back", demanded("ssh_pwauth", "false", "true")),
    ("GS509", "nothing sets it", demanded("ssh_pwauth", "false", None)),
    (
        "GS510",
        "a network card is named",
        put("sealed.system.pinned", [{"path": "/etc/netplan/50-cloud-init.yaml", "address": "52:54:00:ab:cd:01"}]),
    ),
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
    *[(code, "an older goldsmith gathered it", put("clones.*.facts.system", None)) for code in OF_THE_SYSTEM],
    ("GS420", "an older goldsmith predicted nothing", put("clones.0.predicted", None)),
    ("GS421", "nothing looked at an unusual rule", put(f"{SYSTEM}.sudo.unproven", "this host has no visudo")),
    ("GS423", "sshd's configuration is elsewhere", put(f"{SYSTEM}.sshd", None)),
    ("GS426", "no console was read", put("clones.0.failed", None)),
    ("GS427", "the journal is missing", put(f"{SYSTEM}.journal", None)),
    ("GS427", "the journal is damaged", put(f"{SYSTEM}.journal.unreadable", "an impossible size")),
    ("GS427", "a flood of errors", put(f"{SYSTEM}.journal.more", 7)),
    ("GS428", "only rehearsals booted", put("clones.*.hardware", False)),
    ("GS428", "the disk had no more room", put("clones.0.disk.size", 3 << 30)),
    ("GS428", "the file system's size is not known", volume(used=None, why="its superblock is damaged")),
    ("GS428", "the disk could not be read", put("clones.0.disk.unreadable", "it is damaged")),
    ("GS429", "only rehearsals booted", put("clones.*.hardware", False)),
    ("GS429", "the disk was not looked at", put("clones.0.disk", None)),
    ("GS432", "the boot stalled", put("clones.0.milestones", [])),
    ("GS450", "a file could not be read", own_checks("not-seen")),
    ("GS450", "no agent answered", check_of_another_kind("not-seen")),
    ("GS450", "nothing looked", own_checks("as-asked", commands=[{"run": "false", "argv": ["false"]}])),
    ("GS450", "nothing was recorded", put("expectation.checks", {"files": [{"path": "/etc/motd"}]})),
    ("GS450", "the boot stalled", both(own_checks("as-asked"), STALLED)),
    ("GS501", "one clone alone", lambda d: d["clones"].pop()),
    ("GS501", "one SMBIOS UUID for both", put("clones.*.booted_uuid", "79debe22-62e7-4efb-941d-e1211d92cc55")),
    ("GS502", "one has no keys", put("clones.0.facts.host_keys", [])),
    ("GS503", "one stalled", STALLED),
    ("GS505", "one stalled", STALLED),
    ("GS506", "both stalled", both(STALLED, put("clones.1.ready", False))),
    ("GS508", "one stalled", STALLED),
    ("GS508", "a boot rewrote the image", put(f"{SYSTEM}.changes", None)),
    ("GS509", "the setting was not looked at", put("expectation.effective", [{"key": "locale", "value": "false"}])),
    ("GS510", "an older goldsmith looked at the image", put("sealed.system", None)),
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
    # Where one clone has cloud-init and the other has not, no two are of one kind.
    for code in ("GS402", "GS403", "GS404", "GS405", "GS406", "GS407", "GS508"):
        assert verdicts(chosen, code) == {Verdict.PASS}, code
    everywhere = both(chosen, disabled(1))
    assert Verdict.FAIL in verdicts(everywhere, "GS402")


def test_checks_of_the_recipes_own_are_outcomes_of_their_own() -> None:
    document = recorded()
    own_checks("otherwise")(document)
    own = [each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS450"]
    assert [(each.subject, each.verdict.value, each.message) for each in own if each.subject.startswith("clone-1")] == [
        ("clone-1: file /etc/motd", "fail", "it is not so"),
        ("clone-1: command true", "pass", ""),
        ("clone-1: goss goss.yaml: File /etc/motd exists", "pass", ""),
    ]


def test_what_ran_in_a_clone_before_it_stalled_at_its_end_still_holds() -> None:
    document = recorded()
    both(own_checks("as-asked"), put("clones.0.off", False))(document)
    own = [each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS450"]
    assert [each.verdict.value for each in own[:3]] == ["unproven", "pass", "pass"]
    assert own[0].message == "the clone's disk proves nothing: the boot did not end cleanly"


def test_deprecations_alone_are_no_failure() -> None:
    said = put("clones.0.facts.status.stages.1.recoverable", [["DEPRECATED", ["user is deprecated"]]])
    assert verdicts(said, "GS405") == {Verdict.PASS}


def test_what_is_obeyed_passes() -> None:
    assert verdicts(NO_PASSWORDS, "GS423") == {Verdict.PASS}
    assert verdicts(demanded("ssh_pwauth", "false", "false"), "GS509") == {Verdict.PASS}
    assert verdicts(put("expectation.enabled", ["ssh.service", "ssh"]), "GS425") == {Verdict.PASS}
    assert verdicts(put("prediction.hostname", "localhost.example.com"), "GS424") == {Verdict.PASS}


def test_a_name_that_the_configuration_keeps_is_no_failure() -> None:
    name = both(put(f"{SYSTEM}.hostname", "golden"), put("sealed.system.hostname", "golden"))
    assert Verdict.FAIL in verdicts(name, "GS424")
    assert verdicts(both(name, put("prediction.keeps_hostname", True)), "GS424") == {Verdict.PASS}


@pytest.mark.parametrize("said", ["nginx.service", "nginx"])
def test_a_unit_may_fail_where_the_recipe_says_so(said: str) -> None:
    failed = put("clones.*.facts.system.journal.failed", ["nginx.service"])
    assert verdicts(both(failed, put("expectation.may_fail", [said])), "GS426") == {Verdict.PASS}


def test_what_a_container_cannot_do_fails_in_a_machine_alone() -> None:
    failed = put("clones.*.failed", ["systemd-remount-fs.service"])
    assert verdicts(failed, "GS426") == {Verdict.FAIL}
    assert verdicts(both(failed, put("clones.*.hardware", False)), "GS426") == {Verdict.PASS}


def test_a_stage_that_fails_for_want_of_a_network_is_excused_as_a_unit_too() -> None:
    failed = put(f"{SYSTEM}.journal.failed", ["cloud-final.service"])
    assert Verdict.FAIL in verdicts(failed, "GS426")
    assert verdicts(both(no_network_for("htop", installed=True), failed), "GS426") == {Verdict.PASS}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("kernel", "ACPI Error: AE_NOT_FOUND"),
        ("kernel", "tsc: Fast TSC calibration failed"),
        (
            "kernel",
            "RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!",
        ),
        ("systemd", "Failed to start nginx.service - A web server."),
        ("systemd-networkd-wait-online", "Timeout occurred while waiting for network connectivity."),
    ],
)
def test_what_is_no_fault_of_the_image_is_no_surprise(source: str, message: str) -> None:
    assert verdicts(complaint(source, message), "GS427") == {Verdict.PASS}


def test_a_journal_that_is_kept_in_memory_is_not_asked_for() -> None:
    kept_nowhere = both(put("clones.*.facts.system.journal", None), put("clones.*.facts.system.keeps_journal", False))
    assert verdicts(kept_nowhere, "GS427") == {Verdict.PASS}


def test_a_disk_is_not_asked_to_grow_where_nothing_grows_it() -> None:
    small = volume(size=3 << 30, used=3 << 30)
    assert verdicts(both(small, put("prediction.modules", ["ssh", "users_groups"])), "GS428") == {Verdict.PASS}
    assert verdicts(volume(kind="LVM2_member", used=None), "GS428") == {Verdict.PASS}


def test_a_slower_boot_fails_only_beyond_the_limit_and_on_a_host_of_the_same_kind() -> None:
    assert verdicts(slower_than_before(None), "GS432") == {Verdict.PASS}
    assert verdicts(slower_than_before(0.5, seconds=10_000.0), "GS432") == {Verdict.PASS}
    assert verdicts(slower_than_before(0.5, kvm=True), "GS432") == {Verdict.PASS}
    # Its host was a thousandth as fast: what took a hundred seconds there is a tenth of a second here.
    slow_host = slower_than_before(0.5, seconds=100.0, speed=0.0002)
    assert Verdict.FAIL in verdicts(slow_host, "GS432")


def test_what_the_recipe_keeps_may_name_a_network_card() -> None:
    pinned = put("sealed.system.pinned", [{"path": "/etc/network/interfaces.d/lab", "address": "52:54:00:ab:cd:01"}])
    assert verdicts(both(pinned, put("expectation.kept", ["/etc/network/**"])), "GS510") == {Verdict.PASS}


def test_evidence_of_an_older_version_is_judged_as_far_as_it_goes() -> None:
    document = recorded()
    for facts in (document["sealed"], *(clone["facts"] for clone in document["clones"])):
        del facts["system"]
    for clone in document["clones"]:
        for field in ("predicted", "disk", "failed"):
            del clone[field]
    document.pop("previous", None)
    outcomes = judge_evidence(Evidence.from_json(document))
    assert {each.verdict for each in outcomes} == {Verdict.PASS, Verdict.UNPROVEN}


def test_who_cannot_be_asked_by_ssh_is_not_and_that_nobody_was_is_said_once() -> None:
    document = recorded()
    own_checks("as-asked")(document)
    document["expectation"]["checks"]["by"] = "ssh"
    for clone in document["clones"]:
        clone["probe"] = None
    told = [each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS450"]
    assert [(each.subject, each.verdict.value) for each in told] == [
        ("clone-1: file /etc/motd", "pass"),
        ("clone-1: command true", "unproven"),
        ("clone-1: goss goss.yaml", "unproven"),
        ("clone-2: file /etc/motd", "pass"),
    ]
    document["clones"][1]["probe"] = {"user": "goldsmith-probe", "fingerprint": "SHA256:x"}
    told = [each for each in judge_evidence(Evidence.from_json(document)) if each.rule == "GS450"]
    assert [(each.subject.partition(" ")[0], each.verdict.value) for each in told] == [
        ("clone-1:", "pass"), ("clone-2:", "pass"), ("clone-2:", "pass"), ("clone-2:", "pass"),
    ]  # fmt: skip
