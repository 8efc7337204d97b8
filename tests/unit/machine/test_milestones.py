from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldsmith.machine.milestones import CLOUD_INIT_STAGES, LINE_LIMIT, Milestone, Scanner, Seen

CONSOLES = Path(__file__).with_name("consoles")
UNTIL_INIT = [Milestone.FIRMWARE, Milestone.BOOTLOADER, Milestone.KERNEL, Milestone.INIT]


def seen_in(console: bytes, stages: tuple[Milestone, ...] = CLOUD_INIT_STAGES) -> list[Milestone]:
    return [seen.milestone for seen in Scanner(stages).feed(console)]


def recorded(name: str) -> bytes:
    return (CONSOLES / f"{name}.log").read_bytes()


def test_a_first_boot_of_debian_12() -> None:
    assert seen_in(recorded("debian12-empty-seed")) == [
        *UNTIL_INIT,
        Milestone.CLOUD_INIT_LOCAL,
        Milestone.CLOUD_INIT_NETWORK,
        Milestone.CLOUD_INIT_CONFIG,
        Milestone.LOGIN,
        Milestone.CLOUD_INIT_FINAL,
        Milestone.READY,
    ]


def test_a_first_boot_of_debian_13_is_ready_before_its_login_prompt() -> None:
    assert seen_in(recorded("debian13-empty-seed")) == [*UNTIL_INIT, *CLOUD_INIT_STAGES, Milestone.READY]


def test_uefi_shows_its_firmware() -> None:
    assert seen_in(recorded("debian12-uefi-until-kernel")) == [
        Milestone.FIRMWARE,
        Milestone.BOOTLOADER,
        Milestone.KERNEL,
    ]


def test_an_el_guest_shows_descriptions_and_greets_from_its_initramfs_first() -> None:
    console = recorded("el9-style")
    assert seen_in(console) == [*UNTIL_INIT, *CLOUD_INIT_STAGES, Milestone.LOGIN, Milestone.READY]
    assert Milestone.INIT not in seen_in(console[: console.index(b"Switching root")])


def test_ready_is_the_begin_of_what_follows_the_last_configured_stage() -> None:
    without_final = CLOUD_INIT_STAGES[:-1]
    console = recorded("debian12-empty-seed")
    seen = seen_in(console[: console.index(b" finished at ")], without_final)
    assert seen[-2:] == [Milestone.CLOUD_INIT_FINAL, Milestone.READY]


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


def test_a_prompt_counts_before_its_line_ends() -> None:
    scanner = Scanner()
    assert scanner.feed(b"\r\nlocalhost log") == []
    assert scanner.feed(b"in: ") == [Seen(Milestone.LOGIN)]


def test_a_restarted_machine_passes_its_milestones_again() -> None:
    first = b"SeaBIOS (version 1)\n[    0.000000] Linux version 6.1\nWelcome to Debian!\n"
    scanner = Scanner()
    assert [seen.boot for seen in scanner.feed(first)] == [1, 1, 1]
    assert scanner.feed(first) == [
        Seen(Milestone.FIRMWARE, 2),
        Seen(Milestone.KERNEL, 2),
        Seen(Milestone.INIT, 2),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "No bootable device.",
        "BdsDxe: No bootable option or device was found.",
        "grub rescue> ",
        "grub> ",
        "Shell> ",
        "[    1.505975] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
        "(initramfs) ",
        "You are in emergency mode. After logging in, type",
    ],
)
def test_a_dead_end_is_named_by_its_line(line: str) -> None:
    scanner = Scanner()
    scanner.feed(b"something\n" + line.encode())
    assert scanner.dead_end == line.strip()


def test_what_goes_on_is_no_dead_end() -> None:
    scanner = Scanner()
    scanner.feed(b"grub> \n[    0.000000] Linux version 6.1\n")
    assert scanner.dead_end is None


def test_an_endless_line_takes_bounded_memory() -> None:
    scanner = Scanner()
    for _ in range(50):
        scanner.feed(b"x" * 100_000)
    assert len(scanner._pending) <= LINE_LIMIT
    assert scanner.feed(b"\nlocalhost login: ") == [Seen(Milestone.LOGIN)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=4000), min_size=1, max_size=40))
def test_chunks_do_not_matter(sizes: list[int]) -> None:
    console = recorded("debian12-empty-seed")
    scanner = Scanner()
    seen: list[Seen] = []
    start = 0
    for size in sizes:
        seen += scanner.feed(console[start : start + size])
        start += size
    seen += scanner.feed(console[start:])
    assert seen == Scanner().feed(console)


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_can_be_read(console: bytes) -> None:
    Scanner().feed(console)
