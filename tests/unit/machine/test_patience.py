from __future__ import annotations

import pytest

from goldsmith.machine.driver import Activity, CpuTime
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.patience import Patience, Watch

PATIENCE = Patience(early_idle=10, early_busy=20, idle=10, sleep=50, busy=100, settle=5, dead_end=1, limit=1000)


def first_problem(
    watch: Watch,
    *,
    cpu: float = 0.0,
    waits: float = 0.0,
    blocks: float = 0.0,
    start: int = 0,
    dead_end: str | None = None,
) -> tuple[int, str]:
    """The second in which the watch gives up on a machine with these rates, and what it says."""
    for second in range(start, 2000):
        watch.sample(second, Activity((CpuTime(0), CpuTime(cpu * second, waits * second)), int(blocks * second)))
        problem = watch.verdict(second, dead_end)
        if problem is not None:
            return second, problem
    pytest.fail("it waits for ever")


def test_a_machine_that_does_nothing_is_stalled_early() -> None:
    assert first_problem(Watch(PATIENCE)) == (
        10,
        "stalled before its first milestone: no milestone, block or CPU activity for 10 s",
    )


def test_after_the_kernel_a_guest_may_sleep() -> None:
    watch = Watch(PATIENCE)
    watch.passed(4, Milestone.KERNEL)
    assert first_problem(watch, start=4) == (
        64,
        "stalled after kernel (at 4.0 s): no milestone, block or CPU activity for 60 s",
    )


def test_an_idle_guests_few_percent_are_no_activity() -> None:
    assert first_problem(Watch(PATIENCE), cpu=0.05, blocks=0.5)[0] == 10


def test_cpu_alone_holds_for_longer_but_not_for_ever() -> None:
    assert first_problem(Watch(PATIENCE), cpu=1.0) == (
        20,
        "stalled before its first milestone: the processor spins, no milestone and no block activity for 20 s",
    )


def test_on_a_crowded_host_a_busy_guest_gets_little_and_waits_for_the_rest() -> None:
    assert first_problem(Watch(PATIENCE), cpu=0.1, waits=0.8)[0] == 20


def test_on_a_crowded_host_an_idle_guest_waits_too_at_each_wakeup() -> None:
    assert first_problem(Watch(PATIENCE), cpu=0.02, waits=0.6)[0] == 10


def test_block_activity_holds_until_the_limit() -> None:
    second, problem = first_problem(Watch(PATIENCE), cpu=1.0, blocks=50)
    assert second == 1000
    assert problem == "not done after 1000 s, the limit on this host; it was still busy before its first milestone"


def test_a_milestone_starts_the_clocks_again() -> None:
    watch = Watch(PATIENCE)
    watch.sample(0, Activity((), 0))
    watch.passed(9, Milestone.FIRMWARE)
    assert watch.verdict(18.9) is None
    assert watch.verdict(19) is not None


def test_a_dead_end_is_given_a_moment() -> None:
    assert first_problem(Watch(PATIENCE), cpu=1.0, blocks=50, dead_end="grub rescue>") == (
        1,
        "the boot gave up before its first milestone: grub rescue>",
    )


def test_a_dead_end_that_was_none_is_forgotten() -> None:
    watch = Watch(PATIENCE)
    assert watch.verdict(1, "grub>") is None
    assert watch.verdict(1.5) is None
    assert watch.verdict(2.5, "grub>") is None


def test_a_login_prompt_without_cloud_init_proves_that_it_never_ran() -> None:
    watch = Watch(PATIENCE)
    watch.passed(20, Milestone.LOGIN)
    assert first_problem(watch, start=20) == (
        25,
        "the login prompt appeared, but cloud-init never ran: it is disabled or missing in this image",
    )


def test_a_login_prompt_between_the_stages_of_cloud_init_proves_nothing() -> None:
    watch = Watch(PATIENCE)
    watch.passed(20, Milestone.CLOUD_INIT_NETWORK)
    watch.passed(21, Milestone.LOGIN)
    assert first_problem(watch, start=21)[0] == 81


def test_a_slower_host_gets_more_of_all_but_sleep() -> None:
    scaled = PATIENCE.scaled(0.25)
    assert (scaled.early_idle, scaled.busy, scaled.limit, scaled.sleep, scaled.press) == (40, 400, 4000, 50, 5)
