"""Bad input ends in one clear line and the documented exit code, and leaves nothing behind."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.process
Goldsmith = Callable[..., Any]

RECIPE = """\
name: image
version: "1.0"
base: {{{base}}}
datasource: as-base
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Callable[[str], Path]:
    """A recipe with this base."""

    def write(base: str) -> Path:
        path = tmp_path / "recipe.yaml"
        path.write_text(RECIPE.format(base=base))
        return path

    return write


@pytest.fixture(autouse=True)
def own_cache(environment: dict[str, str], tmp_path: Path) -> None:
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")


def qemu_img(*words: object) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"name: [unclosed", "1 problem in the recipe"),
        (b"- a\n- list\n", "1 problem in the recipe"),
        (b"", "empty"),
        (b"name: \xff\xfe\n", "UTF-8"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\n" + b"".join(
            b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c]\n" % (c + 1, c + 1, c, c, c, c, c, c)
            for c in range(ord("b"), ord("k"))
        ), "values"),
    ],
    ids=["no-yaml", "list", "empty", "not-utf-8", "alias-bomb"],
)  # fmt: skip
def test_a_recipe_that_is_none(goldsmith: Goldsmith, tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(content)
    said = goldsmith("build", path)
    assert said.code == 2
    assert says in said.err


def test_a_recipe_of_200_mb_is_not_read(goldsmith: Goldsmith, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    said = goldsmith("build", path)
    assert said.code == 2
    assert "200000000 bytes" in said.err or "1 MiB" in said.err


def test_a_base_that_is_missing(goldsmith: Goldsmith, recipe: Callable[[str], Path]) -> None:
    said = goldsmith("build", recipe("file: nowhere.qcow2"))
    assert (said.code, "nowhere.qcow2" in said.err) == (2, True)


def test_a_base_that_is_truncated(goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path) -> None:
    disk = tmp_path / "base.qcow2"
    qemu_img("create", "-f", "qcow2", disk, "1G")
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write 0 4M", disk], check=True, capture_output=True)
    os.truncate(disk, 300_000)
    said = goldsmith("build", recipe("file: base.qcow2"))
    assert said.code == 2
    assert "truncated" in said.error


def test_a_base_with_another_digest(goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path) -> None:
    qemu_img("create", "-f", "qcow2", tmp_path / "base.qcow2", "1G")
    said = goldsmith("build", recipe(f"file: base.qcow2, sha256: {'ab' * 32}"))
    assert said.code == 4
    assert "ab" * 32 in said.error


def test_a_base_that_is_a_text(goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "base.qcow2").write_text("<html>404 not found</html>\n" * 100)
    said = goldsmith("build", recipe("file: base.qcow2"))
    assert said.code == 2
    assert "base.qcow2 is not a qcow2 image: it is a text file, a web page" in said.error
    assert "hint: look into it: " in said.err


def test_a_base_with_a_backing_file_of_others(
    goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path
) -> None:
    qemu_img("create", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", "-u", tmp_path / "base.qcow2", "1G")
    said = goldsmith("build", recipe("file: base.qcow2"))
    assert said.code == 4
    assert "backing file" in said.error


def test_a_raw_base_that_begins_like_a_qcow2(
    goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path
) -> None:
    qemu_img("create", "-f", "qcow2", tmp_path / "base.raw", "1G")
    said = goldsmith("build", recipe("file: base.raw"))
    assert said.code == 4
    assert "qcow2" in said.error


def test_a_base_of_an_unstated_format(goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "base.img").write_bytes(b"\0" * 4096)
    said = goldsmith("build", recipe("file: base.img"))
    assert said.code == 2
    assert "format" in said.err


def test_a_packed_base_that_is_damaged(goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path) -> None:
    packed = gzip.compress(os.urandom(100_000))
    (tmp_path / "base.raw.gz").write_bytes(packed[:50_000])
    said = goldsmith("build", recipe("file: base.raw.gz"))
    assert said.code == 2
    assert "base.raw.gz" in said.error


def blank(disk: Path) -> None:
    qemu_img("create", "-f", "raw", disk, "64M")


def without_system(disk: Path) -> None:
    blank(disk)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", disk], check=True, capture_output=True)


def encrypted(disk: Path) -> None:
    blank(disk)
    with disk.open("r+b") as file:
        file.seek(1 << 20)
        file.write(b"LUKS\xba\xbe\x00\x02" + b"\0" * 4088)
    table = "label: gpt\nstart=2048, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n"
    subprocess.run(["sfdisk", "--quiet", disk], input=table.encode(), check=True, capture_output=True)


@pytest.mark.root
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (blank, "no operating system"),
        (without_system, "no operating system"),
        (encrypted, "encrypted"),
    ],
)
def test_a_base_without_a_system_that_can_be_opened(
    goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path, make: Callable[[Path], None], says: str
) -> None:
    make(tmp_path / "base.raw")
    said = goldsmith("build", recipe("file: base.raw"), "--engine", "mount", "--output", tmp_path / "pool")
    assert said.code == 2, said.err
    assert says in said.error
    assert list((tmp_path / "pool").iterdir()) == []


@pytest.mark.root
def test_a_guest_whose_file_system_is_full(goldsmith: Goldsmith, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    (tree / "filler").write_bytes(os.urandom(12 << 20))
    disk = tmp_path / "base.raw"
    qemu_img("create", "-f", "raw", disk, "16M")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-O", "^has_journal", "-d", tree, disk], check=True)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(base="file: base.raw") + "customize:\n  - copy: {from: blob, to: /blob}\n")
    (tmp_path / "blob").write_bytes(os.urandom(12 << 20))
    said = goldsmith("build", recipe, "--engine", "mount", "--output", tmp_path / "pool")
    assert said.code == 1
    assert "file system is full" in said.error
    assert list((tmp_path / "pool").iterdir()) == []


@pytest.mark.parametrize(
    ("lacks", "words", "says", "package"),
    [
        (["qemu-system-x86_64"], [], "qemu-system-x86_64 is not installed", "qemu-system-x86"),
        (["qemu-img"], [], "qemu-img is not installed", "qemu-utils"),
        (["supermin"], ["--engine", "guestfs"], "the engine guestfs does not work here", "python3-guestfs"),
        (["supermin", "qemu-storage-daemon"], [], "no engine works here: guestfs: ", "python3-guestfs"),
    ],
    ids=["no-qemu", "no-qemu-img", "no-libguestfs", "no-engine"],
)
def test_a_host_that_lacks_what_a_build_needs_is_told_before_a_base_is_made(
    goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path,
    *, lacks: list[str], words: list[str], says: str, package: str,
) -> None:  # fmt: skip
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name not in lacks:
            (programs / program.name).symlink_to(program)
    said = goldsmith("build", recipe("bootstrap: debian/12"), "--output", tmp_path / "pool", *words, PATH=str(programs))
    assert said.code == 3
    assert said.error.startswith(says)
    (hint,) = [line for line in said.err.splitlines() if line.startswith("hint: ")]
    assert "apt-get install --no-install-recommends " in hint
    assert package in hint
    assert said.err.splitlines() == [f"error: {said.error}", hint]
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "pool").exists()


@pytest.mark.rootless
def test_a_plain_user_and_the_engine_mount(goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path) -> None:
    qemu_img("create", "-f", "qcow2", tmp_path / "base.qcow2", "1G")
    said = goldsmith("build", recipe("file: base.qcow2"), "--engine", "mount")
    assert said.code == 3
    assert "root" in said.error


@pytest.mark.rootless
@pytest.mark.parametrize("where", ["cache", "pool"])
def test_a_folder_that_cannot_be_written(
    goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path, environment: dict[str, str], where: str
) -> None:
    qemu_img("create", "-f", "qcow2", tmp_path / "base.qcow2", "1G")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    if where == "cache":
        environment["XDG_CACHE_HOME"] = str(closed)
    pool = closed if where == "pool" else tmp_path / "pool"
    said = goldsmith("build", recipe("file: base.qcow2"), "--output", pool)
    assert said.code == 3
    assert str(closed) in said.error


@pytest.mark.root
def test_a_cache_without_space(
    goldsmith: Goldsmith, recipe: Callable[[str], Path], tmp_path: Path, environment: dict[str, str]
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", small], check=True)
    try:
        (tmp_path / "base.raw").write_bytes(os.urandom(8 << 20))
        environment["XDG_CACHE_HOME"] = str(small)
        said = goldsmith("build", recipe("file: base.raw"), "--output", tmp_path / "pool")
        assert (said.code, "no space" in said.error) == (3, True)
        assert [path for path in small.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
    finally:
        subprocess.run(["umount", small], check=True)
