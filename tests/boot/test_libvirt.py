"""A whole Debian, booted by QEMU and by libvirt: what is found of it does not depend on who ran it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.boot.test_verify import image, line
from tests.integration.machine.libvirtd import Libvirtd, own_libvirtd
from typer.testing import CliRunner

from goldsmith.base.base import Base
from goldsmith.cli.main import app
from goldsmith.cloudinit.datasource import Choice, Seed
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import convert
from goldsmith.guest.open import choose_engine
from goldsmith.machine.acceleration import acceleration
from goldsmith.machine.drivers import libvirt_daemon
from goldsmith.recipe.check import Checks, TextWanted
from goldsmith.rules.expectation import Expectation
from goldsmith.rules.rule import Verdict
from goldsmith.verification.matrix import ClonePlan
from goldsmith.verification.verification import Verification
from goldsmith.verification.verify import verify

pytestmark = [
    pytest.mark.base,
    pytest.mark.boot,
    pytest.mark.root,
    # Two boots of a whole system more; what drivers have in common is tested on small machines in every run.
    pytest.mark.full,
    pytest.mark.timeout(1200),
]

# Some hold and some do not.
EXPECTED = Expectation(
    stated=True,
    users_present=("debian", "admin"),
    users_absent=("debian", "rocky"),
    packages=("openssh-server", "htop"),
    datasource=Choice.LOCAL,
    checks=Checks(commands=(line("id -un", stdout=TextWanted(equals="root")), line("exit 1"))),
)


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Libvirtd]:
    with own_libvirtd() as started:
        monkeypatch.setenv("LIBVIRT_DEFAULT_URI", started.uri)
        monkeypatch.setattr(libvirt_daemon, "SYSTEM_LOGS", started.logs)
        yield started


def verified(base: Base, disk: Disk, driver: str) -> Verification:
    engine, _ = choose_engine(None, base.trust)
    scratch = disk.path.parent
    return verify(
        disk,
        engine=engine,
        scratch=scratch,
        acceleration=acceleration(),
        expectation=EXPECTED,
        clones=[ClonePlan("clone-1", Seed.EMPTY_NOCLOUD, driver)],
        record=scratch / driver,
    )


def test_an_image_is_proven_by_libvirt_with_each_seed_and_a_second_boot(
    debian12: Base, tmp_path: Path, daemon: Libvirtd
) -> None:
    """By the command line."""
    alone, evidence, report = tmp_path / "alone.qcow2", tmp_path / "evidence", tmp_path / "report.xml"
    convert(image(debian12, tmp_path / "image"), alone, DiskFormat.QCOW2)
    words = ["verify", str(alone), "--driver", "libvirt", "--no-rehearse", "--json"]
    answer = CliRunner().invoke(app, [*words, "--evidence", str(evidence), "--junit", str(report)])
    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    assert document["verdict"] == "pass"
    assert [(each["seed"], each["driver"]) for each in document["clones"]] == [
        ("none", "libvirt"),
        ("nocloud-empty", "libvirt"),
        ("nocloud-user-data", "libvirt"),
    ]
    assert [each["second_boot"] is not None for each in document["clones"]] == [False, False, True]
    assert "</html>" in (evidence / "index.html").read_text(encoding="utf-8")
    assert ET.parse(report).getroot().get("failures") == "0"
    assert daemon.domains() == []
    assert daemon.leftovers() == []


def test_both_drivers_find_the_same(debian12: Base, tmp_path: Path, daemon: Libvirtd) -> None:
    disk = image(debian12, tmp_path / "image")
    by_qemu, by_libvirt = (verified(debian12, disk, driver) for driver in ("qemu", "libvirt"))
    # What a rule expects may name a clone's own id.
    first, second = (
        sorted((each.rule, each.subject, each.verdict) for each in proof.outcomes) for proof in (by_qemu, by_libvirt)
    )
    assert first == second
    assert {Verdict.PASS, Verdict.FAIL} <= {verdict for _, _, verdict in first}
    reached = [[each.name for each in proof.evidence.clones[0].milestones] for proof in (by_qemu, by_libvirt)]
    assert reached[0] == reached[1]
    assert reached[0][-2:] == ["ready", "off"]
    assert [proof.evidence.clones[0].driver for proof in (by_qemu, by_libvirt)] == ["qemu", "libvirt"]
    assert daemon.domains() == []
    assert daemon.leftovers() == []
