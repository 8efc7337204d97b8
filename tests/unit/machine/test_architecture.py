"""What a machine remembers without power is there when it is started again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.machine.architecture import UefiFirmware
from goldsmith.machine.driver import MachineSpec


def test_a_machine_starts_again_with_the_variables_that_it_wrote(tmp_path: Path) -> None:
    template = UefiFirmware(tmp_path / "code.fd", tmp_path / "template.fd")
    template.variables.write_bytes(b"new")
    own = template.with_variables_at(tmp_path / "own.fd")
    assert (own.code, own.variables.read_bytes()) == (template.code, b"new")
    own.variables.write_bytes(b"boot order")
    assert template.with_variables_at(own.variables) == own
    assert (own.variables.read_bytes(), template.variables.read_bytes()) == (b"boot order", b"new")


def test_what_a_machine_keeps_is_named_after_its_uuid() -> None:
    first = MachineSpec("clone-1", Disk(Path("disk.qcow2"), DiskFormat.QCOW2, 1 << 30), Path("/w"))
    again, other = replace(first, name="clone-1-again"), MachineSpec("clone-1", first.disk, first.folder)
    assert again.kept == first.kept != other.kept
    assert again.console != first.console
