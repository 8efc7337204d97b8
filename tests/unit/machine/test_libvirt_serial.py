from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from goldsmith.machine.drivers.libvirt_serial import SerialLog


class Virtlogd:
    """What virtlogd does: appends, and before a file gets longer than `most`, moves each to the next number."""

    def __init__(self, path: Path, most: int, backups: int = 3) -> None:
        self.path, self.most, self.backups = path, most, backups

    def write(self, content: bytes) -> None:
        if self.path.stat().st_size + len(content) > self.most:
            for number in reversed(range(self.backups)):
                older = Path(f"{self.path}.{number}")
                newer = Path(f"{self.path}.{number - 1}") if number else self.path
                if newer.exists():
                    newer.rename(older)
        with self.path.open("ab") as file:
            file.write(content)


def test_what_is_said_is_kept_whole_through_many_files(tmp_path: Path) -> None:
    log = SerialLog(tmp_path / "serial.log", tmp_path / "console.log")
    log.create()
    writer = Virtlogd(log.written, most=10)
    said = b""
    for number in range(50):
        writer.write(line := b"line %d\n" % number)
        said += line
        if number % 3 == 0:
            log.follow()
    log.follow()
    assert (tmp_path / "console.log").read_bytes() == said
    log.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["console.log"]


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=6), st.none()), max_size=40))
def test_it_does_not_matter_when_it_is_read(tmp_path_factory: object, steps: list[bytes | None]) -> None:
    """As long as no more than the backups are written between two readings."""
    folder = tmp_path_factory.mktemp("serial")  # type: ignore[attr-defined]
    log = SerialLog(folder / "serial.log", folder / "console.log")
    log.create()
    writer = Virtlogd(log.written, most=8, backups=50)
    for step in steps:
        if step is None:
            log.follow()
        else:
            writer.write(step)
    log.follow()
    assert (folder / "console.log").read_bytes() == b"".join(step for step in steps if step is not None)
    log.remove()


def test_what_was_thrown_away_meanwhile_is_passed_over(tmp_path: Path) -> None:
    log = SerialLog(tmp_path / "serial.log", tmp_path / "console.log")
    log.create()
    writer = Virtlogd(log.written, most=4, backups=1)
    writer.write(b"one\n")
    log.follow()
    for line in (b"two\n", b"six\n", b"for\n"):
        writer.write(line)
    log.follow()
    assert (tmp_path / "console.log").read_bytes() == b"one\nsix\nfor\n"
    log.remove()


def test_it_is_nobody_elses_to_read(tmp_path: Path) -> None:
    log = SerialLog(tmp_path / "serial.log", tmp_path / "console.log")
    before = os.umask(0o022)
    log.create()
    os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    log.remove()


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    log = SerialLog(tmp_path / "gone/serial.log", tmp_path / "gone/console.log")
    log.follow()
    log.remove()
