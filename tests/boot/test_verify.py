"""A good image is proven on real boots; the two worst are found out and named."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base.base import Base
from goldsmith.cloudinit.datasource import Choice, Seed, drop_ins
from goldsmith.cloudinit.files import read_configuration
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.change import Plan, Seen, Write
from goldsmith.guest.open import choose_engine, open_guest
from goldsmith.machine.acceleration import acceleration
from goldsmith.machine.options import Firmware
from goldsmith.pipeline.existing.verify import REHEARSED
from goldsmith.recipe.check import Asked, Checks, CommandCheck, FileCheck, InfraCheck, TextWanted
from goldsmith.rules.evidence import Evidence
from goldsmith.rules.expectation import Expectation
from goldsmith.rules.prediction import differences
from goldsmith.rules.probe import ANY_KEY, user_data
from goldsmith.rules.rule import Verdict
from goldsmith.verification.matrix import ClonePlan, CloneWish, plan_clones
from goldsmith.verification.rehearse import predict_of
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import judge_evidence, verify

pytestmark = [pytest.mark.base, pytest.mark.boot, pytest.mark.timeout(900)]

MACHINE_ID = "0123456789abcdef0123456789abcdef"
ASKED = Path(__file__).with_name("asked")
ENDED = "[ -e /run/cloud-init/result.json ] && systemctl is-active ssh"


def line(text: str, **how: Any) -> CommandCheck:
    return CommandCheck(text, ("/bin/sh", "-c", text), **how)


HOLDING = Checks(
    files=(
        FileCheck("/etc/debian_version", text=TextWanted(matches=r"^1[23]\."), mode=0o644, owner="root"),
        FileCheck("/etc/resolv.conf.d", absent=True),
        # Two links lead there, an absolute one and one of /bin.
        FileCheck("/var/lib/cloud/instance/boot-finished", owner=0),
        FileCheck("/bin/sh", mode=0o755),
    ),
    commands=(
        line(ENDED, stdout=TextWanted(equals="active")),
        line("id -un; echo $HOME", user="debian", stdout=TextWanted(equals="debian\n/home/debian")),
        CommandCheck("sudo", ("sudo", "-n", "id", "-u"), "debian", stdout=TextWanted(equals="0")),
        line("exit 3", status=3),
        CommandCheck("none", ("/no/such",), status=127),
    ),
    testinfra=(InfraCheck("holds.py", sha256=""),),
)
BROKEN = Checks(
    files=(FileCheck("/etc/debian_version", mode=0o600), FileCheck("/no/such"), FileCheck("/etc/passwd", absent=True)),
    commands=(
        line("echo no; exit 1"),
        CommandCheck("id", ("id", "-un"), "nobody-here"),
        line("uname", stdout=TextWanted(contains="Hurd")),
        line("sleep 1000", timeout=1.0),
    ),
    testinfra=(InfraCheck("fails.py", sha256=""),),
)
WRONG = {
    "file /etc/debian_version": "its mode is 0644, not 0600",
    "file /no/such": "it does not exist",
    "file /etc/passwd": "it exists",
    "command echo no; exit 1": "it ended with 1, not 0",
    "command id (as nobody-here)": "it ended with 1, not 0",
    "command uname": "its output does not contain it",
    "command sleep 1000": "it did not end in time",
    "testinfra fails.py: test_that_fails": "AssertionError: emacs is missing",
}
EXPECTED = Expectation(
    stated=True,
    users_present=("debian",),
    users_absent=("rocky",),
    packages=("openssh-server", "cloud-init"),
    datasource=Choice.LOCAL,
    checks=HOLDING,
)


def image(base: Base, folder: Path, **sabotage: bytes) -> Disk:
    """The base with `datasource: local`, and with files whose names have a slash for each double underscore."""
    folder.mkdir()
    disk = create_overlay(folder / "image.qcow2", base.disk)
    engine, _ = choose_engine(None, base.trust)
    with open_guest(disk, engine=engine, scratch=folder) as guest:
        files: Mapping[str, bytes] = {
            **{each.path: each.content for each in drop_ins(Choice.LOCAL, read_configuration(guest))},
            **{f"/{name.replace('__', '/')}": content for name, content in sabotage.items()},
        }
        index = guest.index(tuple(files))
        writes = (
            Write(
                path=path,
                seen=Seen.of(index.locate(path)),
                operation="test",
                reason="an image to verify",
                content=content,
                mode=0o644,
                uid=0,
                gid=0,
            )
            for path, content in files.items()
        )
        guest.apply(Plan(tuple(writes)))
        guest.sync()
    return disk


def verified(
    base: Base, disk: Disk, scratch: Path, clones: Sequence[ClonePlan], checks: Checks = HOLDING
) -> Verification:
    engine, _ = choose_engine(None, base.trust)
    return verify(
        disk,
        engine=engine,
        scratch=scratch,
        acceleration=acceleration(),
        expectation=replace(EXPECTED, checks=checks),
        clones=clones,
        record=scratch / "record",
        recipe_folder=ASKED,
    )


def failures(verification: Verification) -> dict[str, str]:
    return {each.rule: each.message for each in verification.outcomes if each.verdict is Verdict.FAIL}


def own_failures(verification: Verification, clone: str = "clone-1") -> dict[str, str]:
    """What the recipe's own checks found wrong in a clone."""
    own = [each for each in verification.outcomes if (each.rule, each.verdict) == ("GS450", Verdict.FAIL)]
    named = [(*each.subject.partition(": "), each.message) for each in own]
    return {about: message for name, _, about, message in named if name == clone}


@pytest.mark.full  # test_build proves one with the default of this host
@pytest.mark.parametrize(
    ("release", "rehearsing"),
    [
        pytest.param("debian12", True, marks=pytest.mark.root),
        ("debian12", False),
        pytest.param("debian13", True, marks=pytest.mark.root),
    ],
)
def test_a_good_image_is_proven_with_and_without_user_data_and_in_a_second_boot(
    request: pytest.FixtureRequest, tmp_path: Path, release: str, *, rehearsing: bool
) -> None:
    base: Base = request.getfixturevalue(release)
    folder = tmp_path / "good"
    disk = image(base, folder)
    proof = verified(base, disk, folder, plan_clones(rehearsing=rehearsing))
    assert proof.verdict is Verdict.PASS, proof.as_text()
    assert proof.meanings() == (
        "clone-1: no seed at all (DataSourceNone): proved",
        "clone-2: an empty NoCloud seed (DataSourceNoCloud): proved",
        (
            "clone-3: user-data that adds a user with a key (DataSourceNoCloud), "
            f"{'rehearsed, ' if rehearsing else ''}started twice: proved"
        ),
    )
    recorded = Evidence.from_json(json.loads((folder / "record" / "evidence.json").read_text(encoding="utf-8")))
    assert judge_evidence(recorded) == proof.outcomes
    assert (folder / "record" / "clone-1.console.log").stat().st_size > 10_000
    assert sorted(path.name for path in folder.iterdir()) == ["image.qcow2", "record"]
    machines_do_as_predicted_and_as_rehearsed(base, disk, recorded, folder)


@pytest.mark.full
def test_both_firmwares_prove_the_same_and_uefi_starts_again_with_its_variables(debian12: Base, tmp_path: Path) -> None:
    folder = tmp_path / "good"
    disk = image(debian12, folder)
    clones = plan_clones(CloneWish(seeds=(Seed.NONE,), firmwares=tuple(Firmware), second_boot=False))
    assert [each.options.firmware for each in clones] == [Firmware.BIOS, Firmware.UEFI]
    proof = verified(debian12, disk, folder, [clones[0], replace(clones[1], second_boot=True)])
    assert proof.verdict is Verdict.PASS, proof.as_text()
    by_bios, by_uefi = (
        {(each.rule, each.subject.removeprefix(clone.name)) for each in proof.outcomes if clone.name in each.subject}
        for clone in proof.clones
    )
    assert by_bios == by_uefi
    assert [each.machine.firmware for each in proof.clones if each.machine is not None] == list(Firmware)
    again = proof.clones[1].again
    assert again is not None
    assert again.ended


def machines_do_as_predicted_and_as_rehearsed(base: Base, disk: Disk, booted: Evidence, scratch: Path) -> None:
    """The check of the check: what predictions and containers say is what machines show."""
    engine, _ = choose_engine(None, base.trust)
    for clone in booted.clones:
        given = user_data(ANY_KEY) if clone.seed is Seed.USER_DATA else b""
        predicted = predict_of(disk, clone.seed, scratch=scratch, user_data=given, engine=engine)
        assert clone.facts is not None
        assert differences(predicted, clone.facts) == ()
        assert clone.ready
    if os.geteuid() != 0:
        return  # containers are for root
    plans = plan_clones(driver="container")
    containers = verify(
        disk,
        engine="mount",
        scratch=scratch,
        acceleration=acceleration(),
        expectation=booted.expectation,
        clones=plans,
        recipe_folder=ASKED,
    ).clones
    rehearsed = judge_evidence(replace(booted, clones=containers))
    verdicts = {(each.rule, each.subject): each.verdict for each in judge_evidence(booted)}
    differing = {key for each in rehearsed if each.verdict is not verdicts[key := (each.rule, each.subject)]}
    # What no kernel and no boot loader of the image did stays unproven, and what needs a disk of its own.
    assert {rule for rule, _ in differing} == {"GS401", "GS428", "GS429"}


def test_the_two_worst_images_are_named(debian12: Base, tmp_path: Path) -> None:
    baked, disabled = tmp_path / "baked", tmp_path / "disabled"
    first = image(debian12, baked, **{"etc__machine-id": f"{MACHINE_ID}\n".encode()})
    second = image(debian12, disabled, **{"etc__cloud__cloud-init.disabled": b""})
    with ThreadPoolExecutor() as pool:
        # One clone of each, both at once: what is wrong with them needs no second one.
        alone = (ClonePlan("clone-1", Seed.NONE),)
        one = pool.submit(verified, debian12, first, baked, alone, BROKEN)
        two = pool.submit(verified, debian12, second, disabled, alone)
        with_baked_id, without_cloud_init = one.result(), two.result()
    assert with_baked_id.verdict is Verdict.FAIL
    assert own_failures(with_baked_id) == WRONG
    assert failures(with_baked_id) == {
        "GS412": f"machine-id {MACHINE_ID} was sealed into the image: all clones share it",
        "GS450": WRONG["testinfra fails.py: test_that_fails"],
    }
    assert without_cloud_init.verdict is Verdict.FAIL
    named = failures(without_cloud_init)
    assert named["GS402"] == ("cloud-init is disabled in the image: /etc/cloud/cloud-init.disabled is there")
    assert named["GS411"] == "sshd has no host keys: it cannot start"
    assert "GS401" not in named  # it boots to a login prompt, which proves nothing


@pytest.mark.root
@pytest.mark.parametrize("by", Asked)
def test_rehearsed_checks_fail_as_those_of_machines_do(debian12: Base, tmp_path: Path, by: Asked) -> None:
    """Those that log in ask only the clone whose user-data lets them in."""
    disk = image(debian12, tmp_path / "image")
    proof = verify(
        disk,
        engine="mount",
        scratch=tmp_path,
        acceleration=REHEARSED,
        expectation=replace(EXPECTED, checks=replace(BROKEN, by=by)),
        clones=(ClonePlan("clone-1", Seed.NONE, "container"), ClonePlan("clone-2", Seed.USER_DATA, "container")),
        recipe_folder=ASKED,
    )
    on_disk = {about: message for about, message in WRONG.items() if about.startswith("file ")}
    assert own_failures(proof, "clone-1") == (WRONG if by is Asked.AGENT else on_disk)
    assert own_failures(proof, "clone-2") == WRONG
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image"]


@pytest.mark.full
def test_a_machine_is_asked_by_ssh(debian12: Base, tmp_path: Path) -> None:
    """It gets a card for that, and is proven as others are."""
    disk = image(debian12, tmp_path / "image")
    alone = (ClonePlan("clone-1", Seed.USER_DATA),)
    proof = verified(debian12, disk, tmp_path, alone, replace(HOLDING, by=Asked.SSH))
    own = [each.verdict for each in proof.outcomes if each.rule == "GS450"]
    assert own == [Verdict.PASS] * len(tuple(HOLDING)), proof.as_text()
    assert failures(proof) == {}
    # What is compared between clones needs two that end.
    left = {each.rule for each in proof.outcomes if each.verdict is Verdict.UNPROVEN}
    assert left == {"GS501", "GS502", "GS503", "GS504", "GS505", "GS508"}
