"""The words that people give to the library's public functions, and which of them are refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.golden.trees import show

from goldsmith import api
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.seal import Packing
from goldsmith.errors import GoldsmithError, HostError, InputError
from goldsmith.machine.drivers import libvirt_daemon
from goldsmith.pipeline.clone import CloneDisk
from goldsmith.pool.manifest import BaseRecord, Manifest, TrustRecord
from goldsmith.pool.pool import Image, Pool

CONTENT = b"the bytes of a sealed image"
RECIPE = 'name: web\nversion: "1.0"\nbase: {bootstrap: debian/12}\nvars: {role: web, note: ""}\n'


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "web.yaml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An admitted image in a pool, both hand-made."""
    sealed = tmp_path / "sealed"
    sealed.write_bytes(CONTENT)
    manifest = Manifest(
        name="web", version="1.0", arch="x86_64", created="2026-01-02T03:04:05Z", goldsmith="0.1.0",
        recipe="sha256:0", build_key="sha256:1", file="web-v1.0.raw", format=DiskFormat.RAW, packing=Packing.RAW,
        base=BaseRecord(origin="bootstrap:debian/12", sha256="1" * 64, trust=TrustRecord(level="bootstrapped")),
        size=len(CONTENT), virtual_size=1 << 30, sha256=hashlib.sha256(CONTENT).hexdigest(),
    )  # fmt: skip
    return Pool(tmp_path / "pool").admit(sealed, manifest).image


def test_sets_replace_variables(written: Path) -> None:
    variables = api.load_recipe(written, ["role=db", "note=a=b"]).variables
    assert (variables["role"], variables["note"]) == ("db", "a=b")


def test_a_variable_may_be_set_to_nothing_and_the_last_word_counts(written: Path) -> None:
    assert api.load_recipe(written, ["role=db", "role="]).variables["role"] == ""


@pytest.mark.parametrize("word", ["role", "=web", "", "="])
def test_a_set_is_key_and_value(written: Path, word: str) -> None:
    with pytest.raises(InputError) as caught:
        api.load_recipe(written, [word])
    assert (caught.value.message, caught.value.hint) == (
        f"--set {word} is not KEY=VALUE",
        "for example --set role=web",
    )


@pytest.mark.parametrize("word", ["rol=db", "name=other", "version=2", "arch=aarch64"])
def test_a_set_replaces_only_what_the_recipe_names(written: Path, word: str) -> None:
    with pytest.raises(InputError, match=f"the recipe has no variable {word.partition('=')[0]}$"):
        api.load_recipe(written, [word])


@pytest.mark.parametrize("word", ["", "/etc/x", "/etc/x=", "/etc/x=  ", "etc/x=lab", "=lab", "*=lab"])
def test_a_keep_is_a_path_and_a_reason(dirty: Path, word: str) -> None:
    before = show(dirty)
    for verb in (
        lambda: api.generalize(dirty, keep=[word], in_place=True),
        lambda: api.audit(dirty, keep=[word]),
    ):
        with pytest.raises(InputError, match="is not PATH=REASON") as caught:
            verb()
        assert caught.value.message == f"--keep {word} is not PATH=REASON"
    assert show(dirty) == before


def test_a_reason_may_hold_an_equals_sign_and_blanks_around_it(dirty: Path) -> None:
    report = api.generalize(dirty, keep=["/root/*= see ticket=7 "], dry_run=True)
    assert [(kept.path, kept.reason) for kept in report.plan.kept] == [("/root/.bash_history", "see ticket=7")]


def test_a_pattern_that_is_none(dirty: Path) -> None:
    with pytest.raises(InputError) as caught:
        api.generalize(dirty, keep=["/etc/[z-a]=lab"], dry_run=True)
    assert caught.value.message == "--keep /etc/[z-a] is no pattern"
    assert caught.value.hint == "look at the brackets: bad character range z-a at position 6"


def test_an_open_bracket_is_a_character(dirty: Path) -> None:
    report = api.generalize(dirty, keep=["/root/[a=lab"], dry_run=True)
    assert report.plan.kept == ()


@pytest.mark.parametrize(
    ("size", "why"),
    [
        ("big", "is no size"),
        ("20", "is no size"),
        ("-1G", "is no size"),
        ("1.5G", "is no size"),
        ("", "is no size"),
        ("20GB", "is ambiguous: GB is read as 1000 by some and as 1024 by others"),
        ("1K", "is out of range: from 1M to 64T"),
        ("65T", "is out of range: from 1M to 64T"),
    ],
)
def test_a_clones_size_is_a_size(image: Image, tmp_path: Path, size: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        api.clone("web", tmp_path / "vm.qcow2", size=size, pool=image.path.parent)
    assert caught.value.message == f"--size {size}: {why}"
    assert not (tmp_path / "vm.qcow2").exists()


def test_a_clone_is_not_smaller_than_its_image(image: Image, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        api.clone("web", tmp_path / "vm.qcow2", size="512M", pool=image.path.parent)
    assert list(tmp_path.glob("*vm*")) == []


def test_a_clone_replaces_nothing(image: Image, tmp_path: Path) -> None:
    target = tmp_path / "vm.qcow2"
    target.write_text("mine")
    with pytest.raises(InputError) as caught:
        api.clone("web:1.0", target, pool=image.path.parent)
    assert caught.value.message == f"{target} is there already"
    assert target.read_text() == "mine"


def test_a_clone_needs_a_folder(image: Image, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        api.clone("web", tmp_path / "no/vm.qcow2", pool=image.path.parent)
    assert (caught.value.message, caught.value.hint) == (f"there is no folder {tmp_path / 'no'}", "make it first")
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("reference", ["db", "web:2.0", "../web", ""])
def test_a_clone_of_no_image(image: Image, tmp_path: Path, reference: str) -> None:
    with pytest.raises(InputError):
        api.clone(reference, tmp_path / "vm.qcow2", pool=image.path.parent)


def test_a_clones_documents(image: Image, tmp_path: Path) -> None:
    target = tmp_path / "vm.qcow2"
    made = CloneDisk(Disk(target, DiskFormat.QCOW2, 2 << 30, image.disk), image)
    assert made.as_json() == {
        "disk": str(target),
        "virtual_size": 2 << 30,
        "image": "web:1.0",
        "backing": str(image.path),
    }
    assert made.as_text()[0] == f"{target}: a clone of web:1.0"


def test_a_directory_cannot_be_booted(clean: Path) -> None:
    with pytest.raises(InputError) as caught:
        api.verify(str(clean))
    assert caught.value.message == f"{clean} is a directory: it cannot be booted"


def test_a_driver_that_does_not_work_here_is_told_before_any_work(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libvirt_daemon, "BINDINGS", ())
    with pytest.raises(HostError) as caught:
        api.verify("web", pool=image.path.parent, driver="libvirt")
    assert caught.value.message == "the driver libvirt does not work here: python3-libvirt is not installed"
    assert caught.value.hint == libvirt_daemon.INSTALL
    with pytest.raises(InputError, match="no driver is called xen"):
        api.verify("web", pool=image.path.parent, driver="xen")


def test_an_image_that_changed_is_not_verified(image: Image) -> None:
    image.path.chmod(0o644)
    image.path.write_bytes(b"other bytes")
    with pytest.raises(GoldsmithError, match="has changed since it was admitted"):
        api.verify("web", pool=image.path.parent)


def test_a_name_that_other_inputs_took_is_told_before_any_base_is_looked_for(written: Path, image: Image) -> None:
    assert image.manifest.build_key == "sha256:1"
    written.write_text(RECIPE.replace("bootstrap: debian/12", "file: base.qcow2") + "datasource: local\n")
    (tmp := written.with_name("base.qcow2")).write_bytes(b"no disk at all")
    with pytest.raises(InputError, match=r"web:1\.0 is in .* already, built from other inputs"):
        api.build(written, pool=tmp.parent / "pool")
