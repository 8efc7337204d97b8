"""Verifications by the command, in containers: matrices of clones, two at once, and what is left when one is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base.base import Base
from goldsmith.cloudinit.datasource import Choice, drop_ins
from goldsmith.cloudinit.files import read_configuration
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.change import Plan, Seen, Write
from goldsmith.guest.open import open_guest
from goldsmith.machine.drivers.container_cgroup import PREFIX

Goldsmith = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]
GONE = 20.0
PATIENCE = 240.0

pytestmark = [pytest.mark.process, pytest.mark.base, pytest.mark.root, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def image(debian12: Base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk of its own, without a backing file, that boots without a seed."""
    folder = tmp_path_factory.mktemp("image")
    disk = create_overlay(folder / "overlay.qcow2", debian12.disk)
    with open_guest(disk, engine="mount", scratch=folder) as guest:
        made = drop_ins(Choice.LOCAL, read_configuration(guest))
        index = guest.index(tuple(each.path for each in made))
        guest.apply(
            Plan(
                tuple(
                    Write(
                        path=each.path,
                        seen=Seen.of(index.locate(each.path)),
                        operation="test",
                        reason="an image to verify",
                        content=each.content,
                        mode=0o644,
                        uid=0,
                        gid=0,
                    )
                    for each in made
                )
            )
        )
        guest.sync()
    flat = folder / "image.qcow2"
    convert: list[str | Path] = ["qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", disk.path, flat]
    subprocess.run(convert, check=True, capture_output=True)
    return flat


# What a rehearsal leaves unproven where no machine booted beside it.
MACHINES_ONLY = {"GS401", "GS428", "GS429"}


def verdicts(document: dict[str, Any]) -> dict[str, set[str]]:
    """The codes of rules by what they say about anything."""
    return {
        verdict: {each["rule"] for each in document["outcomes"] if each["verdict"] == verdict}
        for verdict in ("fail", "unproven")
    }


@pytest.mark.full
@pytest.mark.parametrize("clones", [6, 24])
def test_many_clones_in_containers(image: Path, goldsmith: Goldsmith, tmp_path: Path, clones: int) -> None:
    folder = tmp_path / "proof"
    words = ("verify", image, "--driver", "container", "--clones", clones, "--evidence", folder, "--json")
    said = goldsmith(*words)
    document = json.loads(said.out)
    assert said.code == 5
    # Nothing is wrong, but no machine booted.
    assert verdicts(document) == {"fail": set(), "unproven": MACHINES_ONLY}, said.out
    assert Counter(clone["seed"] for clone in document["clones"]) == {
        "none": clones // 3,
        "nocloud-empty": clones // 3,
        "nocloud-user-data": clones // 3,
    }
    assert {clone["proved_by"] for clone in document["clones"]} == {"rehearsal"}
    twice = [clone["name"] for clone in document["clones"] if clone["second_boot"] is not None]
    assert twice == ["clone-3"]
    assert "rehearsals at once" in said.err
    consoles = sorted(path.name for path in folder.glob("*.console.log"))
    assert consoles == sorted(
        [*(f"clone-{number}.console.log" for number in range(1, clones + 1)), "clone-3-again.console.log"]
    )
    evidence = json.loads((folder / "evidence.json").read_text())
    words = evidence["circumstances"]["again"]
    assert words == [str(image), "--driver", "container", "--clones", str(clones)]


def test_the_seeds_that_are_asked_for(image: Path, goldsmith: Goldsmith) -> None:
    words = ("--driver", "container", "--seed", "none,user-data", "--no-second-boot", "--json")
    document = json.loads(goldsmith("verify", image, *words).out)
    assert [(clone["seed"], clone["second_boot"]) for clone in document["clones"]] == [
        ("none", None),
        ("nocloud-user-data", None),
    ]
    assert verdicts(document) == {"fail": set(), "unproven": MACHINES_ONLY}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("--driver", "container", "--memory", "2G"),
            "--driver container boots no machine: it does not go with --memory",
        ),
        (
            ("--driver", "container", "--firmware", "uefi"),
            "--driver container boots no machine: it does not go with --firmware",
        ),
        (("--driver", "container", "--engine", "guestfs"), "--driver container mounts the guest"),
        (("--rehearse", "--engine", "guestfs"), "--rehearse mounts the guest"),
        (("--seed", "full"), "there is no seed full"),
        (("--clones", "2", "--seed", "none,empty,user-data"), "--clones 2 is too few"),
        (("--memory", "2"), "--memory 2: is no size"),
        (("--cpu", "max,;-S"), "--cpu max,;-S"),
        (("--cpu", "max,-smoke", "--engine", "mount"), "QEMU on this host has no processor feature smoke"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_boots(
    image: Path, goldsmith: Goldsmith, words: tuple[str, ...], error: str
) -> None:
    said = goldsmith("verify", image, *words)
    assert said.code == 2
    assert said.error.startswith(error)
    assert "\nhint: " in said.err


def test_two_verifications_of_one_image_at_once(image: Path, started: Start, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    words = ("verify", image, "--driver", "container", "--clones", "2", "--json")
    runs = [started(*words, "--evidence", folder) for folder in folders]
    documents = [json.loads(run.communicate(timeout=500)[0]) for run in runs]
    for document in documents:
        assert verdicts(document) == {"fail": set(), "unproven": MACHINES_ONLY}
    assert documents[0]["sha256"] == documents[1]["sha256"]
    found = [json.loads((folder / "evidence.json").read_text()) for folder in folders]
    ids = [clone["facts"]["machine_id"] for evidence in found for clone in evidence["clones"]]
    assert len(set(ids)) == 4


def test_a_killed_rehearsal_ends_and_the_next_run_clears_what_it_left(
    image: Path, environment: dict[str, str], started: Start, goldsmith: Goldsmith, tmp_path: Path
) -> None:
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    events = tmp_path / "events.jsonl"
    words = ("verify", image, "--driver", "container", "--clones", "2", "--no-second-boot")
    process = started(*words, "--events", events)
    deadline = time.monotonic() + PATIENCE
    while "MilestonePassed" not in (events.read_text() if events.exists() else ""):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert traces(tmp_path) != []
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + GONE
    while traces(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert traces(tmp_path) == []
    scratch = tmp_path / "cache" / "goldsmith" / "scratch"
    assert list(scratch.glob(".goldsmith-*")) != []

    assert goldsmith(*words).code == 5
    assert list(scratch.glob(".goldsmith-*")) == []
    assert groups(process.pid) == []


def traces(folder: Path) -> list[str]:
    """Mounts, loop devices and processes that name a folder."""
    found = [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(folder) in line]
    for loop in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            found += [str(loop)] if str(folder) in loop.read_text() else []
        except OSError:
            continue
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command and "pytest" not in command:
            found.append(command)
    return found


def groups(pid: int) -> list[Path]:
    """The control groups of a run's rehearsals."""
    return [path for path in Path("/sys/fs/cgroup").glob(f"**/{PREFIX}{pid}-*") if path.is_dir()]
