"""The steps around the real virt-sysprep, with a tree in the place of its disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goldsmith import api
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import BuildError, HostError, InputError, ProcessError
from goldsmith.events import Event, Note
from goldsmith.generalization.select import select
from goldsmith.generalization.virt_sysprep import Tool, Wish
from goldsmith.guest.engines.tree import open_tree
from goldsmith.pipeline import build as story
from goldsmith.pipeline.build import Options, build
from goldsmith.pipeline.existing.generalize import GeneralizeReport
from goldsmith.pipeline.steps import virt_sysprep as steps
from goldsmith.pipeline.steps.generalize import GeneralizedGuest
from goldsmith.pipeline.steps.virt_sysprep import look_again, remember, run_virt_sysprep
from goldsmith.recipe.model import Recipe
from goldsmith.run import Completed

OPERATIONS = select("machine-id,bash-history,ssh-userdir")
HISTORY, MACHINE_ID = "root/.bash_history", "etc/machine-id"


@pytest.fixture
def looked(dirty: Path, events: list[Event]) -> Callable[..., GeneralizedGuest]:
    """What the second look finds after `meanwhile` has worked on the tree in the place of virt-sysprep."""

    def look(meanwhile: Callable[[Path], object], *, follow: bool = False, declared: Any = ()) -> GeneralizedGuest:
        with open_tree(dirty) as guest:
            before = remember(guest, OPERATIONS, (), declared)
        meanwhile(dirty)
        with open_tree(dirty) as guest:
            return look_again(events.append, guest, OPERATIONS, (), declared, before=before, follow=follow)

    return look


def only_the_history(top: Path) -> None:
    (top / HISTORY).unlink()


def test_what_it_left_is_named_and_stays(
    looked: Callable[..., GeneralizedGuest], dirty: Path, events: list[Event]
) -> None:
    done = looked(only_the_history)
    assert [(each.path, each.operation) for each in done.result.applied] == [("/root/.bash_history", "virt-sysprep")]
    assert [(each.path, each.operation) for each in done.result.second] == [("/etc/machine-id", "machine-id")]
    assert (dirty / MACHINE_ID).read_text() != ""
    text = "virt-sysprep left what machine-id removes: /etc/machine-id; the audit refuses that"
    assert Note(text, warning=True) in events
    assert done.summary == "1 changes, 0.0 MiB freed, 1 more would be made"


def test_where_goldsmith_follows_nothing_is_left(looked: Callable[..., GeneralizedGuest], dirty: Path) -> None:
    done = looked(only_the_history, follow=True)
    assert [(each.path, each.operation) for each in done.result.applied] == [
        ("/root/.bash_history", "virt-sysprep"),
        ("/etc/machine-id", "machine-id"),
    ]
    assert len(done.result.second) == 0
    assert (dirty / MACHINE_ID).read_text() == ""


def test_what_the_recipe_put_there_has_to_be_there_still(looked: Callable[..., GeneralizedGuest], dirty: Path) -> None:
    (dirty / "root/.ssh").mkdir()
    (dirty / "root/.ssh/authorized_keys").write_text("ssh-ed25519 A")
    with pytest.raises(BuildError) as caught:
        looked(lambda top: shutil.rmtree(top / "root/.ssh"), declared=["/root/.ssh/authorized_keys"])
    assert "/root/.ssh/authorized_keys (declared by the recipe)" in caught.value.message
    assert "`operations: defaults,-ssh-userdir`" in (caught.value.hint or "")


def test_the_report_tells_both(looked: Callable[..., GeneralizedGuest]) -> None:
    result = looked(only_the_history).result
    report = GeneralizeReport(result.applied, dry_run=False, output=None, left=result.second)
    document = report.as_json()
    assert [each["path"] for each in document["second_plan"]] == ["/etc/machine-id"]  # type: ignore[attr-defined]
    text = report.as_text()
    assert "virt-sysprep: 1 changes, 7 B, 0 kept" in text
    assert text[text.index("left:") + 1] == "machine-id: 1 changes, 33 B, 0 kept"


def missing(_: str) -> str:
    raise HostError("virt-sysprep is not installed", hint="as root: apt-get install")


def test_where_it_is_missing_nothing_is_begun(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "require", missing)
    monkeypatch.setattr(story, "Pool", lambda _: pytest.fail("work was begun"))
    made = recipe(("{operations: defaults}", "{with: virt-sysprep}"))
    with pytest.raises(HostError, match="not installed") as caught:
        build(made, Options(tmp_path / "pool"), lambda _: None)
    assert caught.value.exit_code == 3


def test_a_directory_is_refused(dirty: Path) -> None:
    with pytest.raises(InputError, match="virt-sysprep works on disks, not on directories"):
        api.generalize(dirty, in_place=True, tools=["virt-sysprep"])
    assert (dirty / HISTORY).exists()


def test_in_place_nothing_can_be_kept(tmp_path: Path) -> None:
    disk = tmp_path / "vm.raw"
    disk.write_bytes(bytes(1 << 20))
    with pytest.raises(InputError, match="virt-sysprep spares nothing"):
        api.generalize(disk, in_place=True, tools=["virt-sysprep"], keep=["/etc/x=ours"])
    assert disk.read_bytes() == bytes(1 << 20)


def test_goldsmith_first_is_refused(dirty: Path) -> None:
    with pytest.raises(InputError, match="--with goldsmith --with virt-sysprep cannot be done"):
        api.generalize(dirty, in_place=True, tools=["goldsmith", "virt-sysprep"])


@pytest.mark.parametrize(
    ("said", "tools"),
    [
        ("goldsmith", (Tool.GOLDSMITH,)),
        ("virt-sysprep", (Tool.VIRT_SYSPREP,)),
        ("[virt-sysprep]", (Tool.VIRT_SYSPREP,)),
        ("[virt-sysprep, goldsmith]", (Tool.VIRT_SYSPREP, Tool.GOLDSMITH)),
    ],
)
def test_what_a_recipe_may_say(recipe: Callable[..., Recipe], said: str, tools: tuple[Tool, ...]) -> None:
    assert recipe(("{operations: defaults}", f"{{with: {said}}}")).generalize.tools == tools


def test_accounts_that_are_there_on_purpose_are_told(recipe: Callable[..., Recipe]) -> None:
    said = "{with: virt-sysprep, operations: 'defaults,user-account', keep_user_accounts: [ops]}"
    policy = recipe(("{operations: defaults}", said)).generalize
    assert policy.wish({"web", "admin"}) == Wish("defaults,user-account", ("ops", "admin", "web"))


FAILED = "virt-sysprep ended with exit code 1"
LOCKED = 'qemu-img: Failed to get "write" lock\nvirt-sysprep: error: libguestfs error: \x1b[2Jclosed\n'
NOTHING = "virt-sysprep: error: no operating systems were found in the guest image\n"


@pytest.mark.parametrize(
    ("printed", "message", "hint"),
    [
        ("", FAILED, "try it by hand"),
        (NOTHING, f"{FAILED}: no operating systems were found in the guest image", "try it by hand"),
        (LOCKED, f"{FAILED}: libguestfs error: \\x1b[2Jclosed", "the disk is in use"),
    ],
)
def test_its_failures_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, message: str, hint: str
) -> None:
    def watched(*given: Any) -> int:
        Path(given[3].name).write_text(printed)
        return 1

    monkeypatch.setattr(steps, "_watched", watched)
    monkeypatch.setattr(steps, "run", lambda argv, **_: Completed(tuple(argv), 0, b"machine-id * x\n", ""))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    disk = Disk(tmp_path / "x", DiskFormat.RAW, 1)
    with pytest.raises(ProcessError) as caught:
        run_virt_sysprep(lambda _: None, disk, Wish(), scratch=tmp_path, accelerated=False)
    assert caught.value.message == message
    assert hint in (caught.value.hint or "")
