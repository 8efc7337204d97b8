"""doctor: which programs are needed, found and missing."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest

from goldsmith.doctor import Tool, install_line, missing, tools

SETUP = Path(__file__).parents[2] / "scripts" / "setup"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search path of this test's own."""
    monkeypatch.setattr("goldsmith.doctor.search_path", lambda: str(tmp_path))
    return tmp_path


def install(path: Path, name: str) -> Path:
    program = path / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_on_an_empty_host_everything_is_missing(path: Path) -> None:
    assert path.is_dir()
    assert missing(tools()) == tools()


def test_a_program_is_found_where_it_is(path: Path) -> None:
    program = install(path, "qemu-img")
    (found,) = [tool for tool in tools() if tool.path is not None]
    assert found == Tool("qemu-img", "qemu-utils", program, "every disk image", required=True)
    assert found not in missing(tools())


def test_a_file_that_is_no_program_does_not_count(path: Path) -> None:
    (path / "qemu-img").write_text("x")
    assert [tool.name for tool in tools() if tool.path is not None] == []


def test_disks_and_boots_are_required_and_come_first() -> None:
    assert [tool.name for tool in tools() if tool.required] == [
        "prlimit",
        "qemu-img",
        f"qemu-system-{platform.machine()}",
    ]
    assert [tool.required for tool in tools()] == sorted((tool.required for tool in tools()), reverse=True)


def test_every_tool_is_named_once_with_its_use() -> None:
    names = [tool.name for tool in tools()]
    assert len(names) == len(set(names))
    assert all(tool.needed_for and tool.package for tool in tools())


def test_a_tool_says_how_to_install_it(path: Path) -> None:
    assert path.is_dir()
    (tool,) = [tool for tool in tools() if tool.name == "mcopy"]
    assert tool.install == "apt-get install --no-install-recommends mtools"
    assert tool.as_json() == {
        "name": "mcopy",
        "package": "mtools",
        "path": None,
        "needed_for": "bases made from packages (bootstrap)",
        "required": False,
    }


def test_packages_are_named_once() -> None:
    assert install_line("e2fsprogs", "mtools", "e2fsprogs") == (
        "apt-get install --no-install-recommends e2fsprogs mtools"
    )


def test_setup_installs_every_tool_but_those_for_others() -> None:
    """Other file systems, other architectures, other tools."""
    installed = set(re.findall(r"[a-z0-9][a-z0-9+.-]+", SETUP.read_text().split("packages=(")[1].split("\n)")[0]))
    assert {tool.package for tool in tools()} - installed == {
        "btrfs-progs",
        "grub-common",
        "guestfs-tools",
        "qemu-system-arm",
        "xfsprogs",
    }
