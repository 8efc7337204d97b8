from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.machine.cause import MOST_FOUND, FoundCause
from goldsmith.machine.console import LINE_LIMIT
from goldsmith.machine.milestones import CLOUD_INIT_STAGES, Milestone
from goldsmith.machine.scanner import Scanner, Seen
from goldsmith.machine.watch import READ_BYTES

CONSOLES = Path(__file__).with_name("consoles")
UNTIL_INIT = [Milestone.FIRMWARE, Milestone.BOOTLOADER, Milestone.KERNEL, Milestone.INITRAMFS, Milestone.INIT]


def seen_in(console: bytes, stages: tuple[Milestone, ...] = CLOUD_INIT_STAGES) -> list[Milestone]:
    """Each milestone in the order in which it was first told."""
    scanner = Scanner(stages)
    return list(dict.fromkeys(seen.milestone for seen in (*scanner.feed(console), *scanner.finish())))


def recorded(name: str) -> bytes:
    return (CONSOLES / f"{name}.log").read_bytes()


def test_an_initramfs_greets_first_and_is_no_init() -> None:
    console = recorded("el9-style")
    assert seen_in(console[: console.index(b"Switching root")]) == [*UNTIL_INIT[:-1]]


def test_ready_is_the_begin_of_what_follows_the_last_configured_stage() -> None:
    without_final = CLOUD_INIT_STAGES[:-1]
    console = recorded("debian12-empty-seed")
    until = console.index(b"-----BEGIN SSH HOST KEY")
    assert seen_in(console[:until], without_final)[-2:] == [Milestone.CLOUD_INIT_FINAL, Milestone.READY]
    assert seen_in(console[:until])[-1] is Milestone.CLOUD_INIT_FINAL


def test_without_a_configured_stage_the_login_prompt_is_ready() -> None:
    assert seen_in(b"Debian GNU/Linux 12 localhost ttyS0\n\nlocalhost login: ", ()) == [
        Milestone.LOGIN,
        Milestone.READY,
    ]


def test_with_configured_stages_the_login_prompt_is_not_ready() -> None:
    assert seen_in(b"localhost login: ") == [Milestone.LOGIN]


def test_a_failed_last_stage_has_ended_too() -> None:
    line = (
        "[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mcloud-final.servic…\x1b[0m cloud user/final scripts.\n"
    )
    assert seen_in(line.encode()) == [Milestone.READY]


@pytest.mark.parametrize(
    "line",
    [
        "Last login: Mon Nov 23 10:00:00 on ttyS0",
        "Welcome to GRUB",
        "the kernel says Linux version 6.1",
        "login: ",
        "Reached target cloud-config.target - Cloud-config availability.",
        "Reached target Cloud-config availability.",
    ],
)
def test_what_only_looks_like_a_milestone(line: str) -> None:
    assert seen_in(line.encode() + b"\n") == []


def test_emergency_mode_reaches_the_target_of_cloud_init_too_and_is_not_ready() -> None:
    console = (
        b"[DEPEND] Dependency failed for local-fs.target - Local File Systems.\n"
        b"[DEPEND] Dependency failed for cloud-final.service - Execute cloud user/final scripts.\n"
        b"[  OK  ] Reached target cloud-init.target - Cloud-init target.\n"
    )
    assert seen_in(console) == []
    begun = b"         Starting cloud-final.service - Execute cloud user/final scripts...\n"
    assert seen_in(begun + console) == [Milestone.CLOUD_INIT_FINAL, Milestone.READY]


def test_a_prompt_counts_before_its_line_ends() -> None:
    scanner = Scanner()
    assert scanner.feed(b"\r\nlocalhost log") == []
    assert scanner.feed(b"in: ") == [Seen(Milestone.LOGIN)]
    assert scanner.finish() == []


def test_a_restarted_machine_passes_its_milestones_again() -> None:
    first = b"SeaBIOS (version 1)\n[    0.000000] Linux version 6.1\nWelcome to Debian!\n"
    scanner = Scanner()
    assert [seen.boot for seen in scanner.feed(first)] == [1, 1, 1]
    assert scanner.feed(first) == [
        Seen(Milestone.FIRMWARE, 2),
        Seen(Milestone.KERNEL, 2),
        Seen(Milestone.INIT, 2),
    ]


def test_a_reset_at_a_prompt_is_a_new_boot() -> None:
    scanner = Scanner()
    scanner.feed(b"[    0.000000] Linux version 6.1\nWelcome to Debian!\nlocalhost login: ")
    assert scanner.feed(b"\x1bc\x1b[?7l\x1b[2JSeaBIOS (version 1)\n") == [Seen(Milestone.FIRMWARE, 2)]


def test_a_stage_is_told_again_with_its_own_time() -> None:
    scanner = Scanner()
    assert scanner.feed(b"         Starting cloud-init.service - Initial cloud-init job\n") == [
        Seen(Milestone.CLOUD_INIT_NETWORK)
    ]
    line = b"[   38.1] cloud-init[4]: Cloud-init v. 25.1.4 running 'init' at Tue, 24 Nov 2026. Up 38.11 seconds.\n"
    assert scanner.feed(line) == [Seen(Milestone.CLOUD_INIT_NETWORK, 1, 38.11)]
    assert scanner.feed(line) == []


def test_finished_and_ready_have_the_same_time() -> None:
    line = b"Cloud-init v. 22.4.2 finished at now. Datasource DataSourceNone.  Up 198.13 seconds\n"
    assert Scanner().feed(line) == [Seen(Milestone.FINISHED, 1, 198.13), Seen(Milestone.READY, 1, 198.13)]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("No bootable device.\n", "no-bootable-device"),
        ("BdsDxe: No bootable option or device was found.\n", "no-bootable-device"),
        ("Shell> ", "no-bootable-device"),
        ("grub rescue> ", "grub-rescue"),
        ("grub> ", "grub-prompt"),
        ("(initramfs) ", "initramfs-shell"),
        ("dracut:/# ", "initramfs-shell"),
        ("You are in emergency mode. After logging in, type\n", "emergency-mode"),
    ],
)
def test_a_prompt_is_a_dead_end_before_its_line_ends(line: str, name: str) -> None:
    scanner = Scanner()
    scanner.feed(b"something\n" + line.encode())
    assert scanner.dead_end is not None
    assert (scanner.dead_end.name, scanner.dead_end.line) == (name, line.strip())


def test_what_goes_on_is_no_dead_end() -> None:
    scanner = Scanner()
    scanner.feed(b"grub> \n[    0.000000] Linux version 6.1\n")
    assert scanner.dead_end is None
    assert list(scanner.causes) == []


def test_a_dead_end_of_the_boot_before_is_none_of_this_one() -> None:
    scanner = Scanner()
    scanner.feed(b"[    0.000000] Linux version 6.1\n[    2.0] Kernel panic - not syncing: bad\nSeaBIOS (version 1)\n")
    assert scanner.dead_end is None
    assert [(each.name, each.boot) for each in scanner.causes] == [("kernel-panic", 1)]


def test_what_systemd_waits_for_is_over_when_it_goes_on() -> None:
    waits = b"[ \x1b[0;31m*\x1b[0m    ] Job slow.service/start running (34s / no limit)\r\r\n"
    scanner = Scanner()
    scanner.feed(waits)
    assert [each.cause for each in scanner.causes] == ["systemd waits for slow.service"]
    scanner.feed(b"[\x1b[0;32m  OK  \x1b[0m] Finished slow.service.\r\n")
    assert list(scanner.causes) == []


def test_an_endless_line_takes_bounded_memory() -> None:
    scanner = Scanner()
    for _ in range(50):
        scanner.feed(b"x" * 100_000)
    assert len(scanner._lines._rest) <= LINE_LIMIT
    assert scanner.feed(b"\nlocalhost login: ") == [Seen(Milestone.LOGIN)]


def test_endless_failures_take_bounded_memory() -> None:
    scanner = Scanner()
    scanner.feed(b"".join(b"[FAILED] Failed to start unit-%d.service.\n" % number for number in range(2_000)))
    scanner.feed(b"[    2.0] Kernel panic - not syncing: bad\n")
    assert len(list(scanner.causes)) <= MOST_FOUND + 1
    assert scanner.dead_end is not None


@pytest.mark.parametrize("flood", [b"y\n", b"y" * 1000 + b"\n", b"\n", b"\x1b[31m\x1b]0;", b"grub> \n", b"\xff\x00"])
def test_a_flood_is_read_in_seconds(flood: bytes) -> None:
    data, scanner = flood * (READ_BYTES // len(flood)), Scanner()
    begun = time.process_time()
    scanner.feed(data)
    assert time.process_time() - begun < 3


WRITERS = (
    b"SeaBIOS (version 1)\r\n",
    b"error: file `/vmlinuz' not found.\r\n",
    b"[    0.000000] Linux version 6.1\r\n",
    b"[    1.500000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n",
    b"\x1b[0;1;39mWelcome to \x1b[0m\x1b[1mFedora Linux 41\x1b[0m!\r\n",
    b"[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mfoo.servi\xe2\x80\xa6\x1b[0m - Foo.\r\r\n",
    b"\r\x1b[K[ \x1b[0;31m*\x1b[0m ] A start job is running for foo (1s / no limit)",
    b"\x1b]0;title \x07localhost login: ",
    b"\x1b]0;localhost login: ",
    b"\xff\xfe\x00\xe2\x80",
    b"(initramfs) ",
    b"\x1b",
    b"\x1b[0;",
    b"\r",
    b"\n",
    b"cloud-init[9]: Cloud-init v. 25.1.4 running 'init' at Tue, 24 Nov 2026. Up 38.11 seconds.\r\n",
    b"cloud-init[9]: Cloud-init v. 25.1.4 finished at Tue, 24 Nov 2026. Up 40.00 seconds\r\n",
    b"x" * 5000,
)
Everything = tuple[list[Seen], list[FoundCause], FoundCause | None]


def everything(pieces: Iterable[bytes]) -> Everything:
    scanner = Scanner()
    seen = [each for piece in pieces for each in scanner.feed(piece)] + scanner.finish()
    return seen, list(scanner.causes), scanner.dead_end


def cut(console: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({place % (len(console) + 1) for place in places})
    return [console[start:end] for start, end in pairwise([0, *ends, len(console)])]


def test_bytes_that_come_one_by_one_show_the_same() -> None:
    console = b"".join(WRITERS) + b"\n" + b"".join(reversed(WRITERS))
    assert everything(bytes([each]) for each in console) == everything([console])


@pytest.mark.parametrize("name", sorted(path.stem for path in CONSOLES.glob("*.log")))
@settings(max_examples=8)
@given(places=st.lists(st.integers(min_value=0, max_value=200_000), max_size=60))
def test_chunks_of_a_recorded_console_do_not_matter(name: str, places: list[int]) -> None:
    console = recorded(name)
    assert everything(cut(console, places)) == everything([console])


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(WRITERS) | st.binary(max_size=12), max_size=14),
    st.lists(st.integers(0, 9000), max_size=40),
)
def test_chunks_of_any_writers_do_not_matter(written: list[bytes], places: list[int]) -> None:
    """Writers interleave where they like: within escape sequences, characters and prompts."""
    console = b"".join(written)
    assert everything(cut(console, places)) == everything([console])


@given(st.lists(st.sampled_from(WRITERS), min_size=2, max_size=4), st.data())
def test_writers_that_cut_each_other_short_do_not_matter_either(lines: list[bytes], data: st.DataObject) -> None:
    pieces = [piece for line in lines for piece in cut(line, data.draw(st.lists(st.integers(0, 99), max_size=3)))]
    mixed = b"".join(data.draw(st.permutations(pieces)))
    assert everything(cut(mixed, data.draw(st.lists(st.integers(0, 9000), max_size=20)))) == everything([mixed])


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_can_be_read(console: bytes) -> None:
    everything([console])
