from __future__ import annotations

import math

from goldsmith.cloudinit.analyze import Kind, Link, Span, critical_chain, spans

LOG = """\
2026-11-29 02:08:40,100 - handlers.py[DEBUG]: start: init-local: searching for local datasources
2026-11-29 02:08:40,900 - handlers.py[DEBUG]: finish: init-local: SUCCESS: searching for local datasources
2026-11-29 02:08:41,000 - handlers.py[DEBUG]: start: modules-config: running modules for config
2026-11-29 02:08:41,010 - handlers.py[DEBUG]: start: modules-config/config-locale: running it
2026-11-29 02:08:41,020 - util.py[DEBUG]: Running command ['locale-gen'] with allowed return codes [0] (shell=False)
2026-11-29 02:08:43,510 - handlers.py[DEBUG]: finish: modules-config/config-locale: SUCCESS: it ran
2026-11-29 02:08:43,600 - handlers.py[DEBUG]: start: modules-config/config-runcmd: running it
2026-11-29 02:08:43,650 - handlers.py[DEBUG]: finish: modules-config/config-runcmd: FAIL: it failed
2026-11-29 02:08:43,700 - handlers.py[DEBUG]: finish: modules-config: FAIL: running modules for config
2026-11-29 02:08:44,000 - handlers.py[DEBUG]: start: modules-final/config-power_state_change: running it
"""


def test_events_are_timed_from_the_first_one_of_the_run() -> None:
    assert spans(LOG) == (
        Span("init-local", 0.0, 0.8),
        Span("modules-config", 0.9, 2.7),
        Span("modules-config/config-locale", 0.91, 2.5),
        Span("modules-config/config-runcmd", 3.5, 0.05),
    )


def test_only_the_last_run_counts() -> None:
    again = LOG.replace("02:08", "03:00").replace("config-locale", "config-ntp")
    assert [span.name for span in spans(LOG + again)] == [
        "init-local",
        "modules-config",
        "modules-config/config-ntp",
        "modules-config/config-runcmd",
    ]


def test_a_clock_that_was_set_back_and_nonsense_give_no_negative_times() -> None:
    back = (
        "2026-11-29 02:08:40,100 - handlers.py[DEBUG]: start: init-local: x\n"
        "2026-11-28 02:08:40,100 - handlers.py[DEBUG]: finish: init-local: SUCCESS: x\n"
        "2026-99-99 02:08:40,100 - handlers.py[DEBUG]: start: init-local: x\n"
        "2026-11-29 02:08:40,100 - handlers.py[DEBUG]: start: \x1b[2J<b>: x\n"
    )
    assert spans(back) == (Span("init-local", 0.0, 0.0),)
    assert spans("") == ()


# As 22.4 logs it: a stage begins before there is a log.
OLD = """\
2026-11-29 02:08:40,000 - util.py[DEBUG]: Cloud-init v. 22.4.2 running 'init-local' at Sun, 29 Nov. Up 4.62 seconds.
2026-11-29 02:08:40,100 - handlers.py[DEBUG]: start: init-local/check-cache: attempting to read from cache [check]
2026-11-29 02:08:40,200 - handlers.py[DEBUG]: finish: init-local/check-cache: SUCCESS: no cache found
2026-11-29 02:08:40,900 - handlers.py[DEBUG]: finish: init-local: SUCCESS: searching for local datasources
2026-11-29 02:10:47,900 - util.py[DEBUG]: Cloud-init v. 22.4.2 running 'init' at Sun, 29 Nov. Up 132.5 seconds.
2026-11-29 02:10:48,900 - handlers.py[DEBUG]: finish: init-network: SUCCESS: searching for network datasources
2026-11-29 02:10:48,920 - util.py[DEBUG]: Cloud-init v. 22.4.2 running 'modules:config' at Sun, 29 Nov. Up 133 seconds.
2026-11-29 02:10:49,920 - handlers.py[DEBUG]: finish: modules-config: SUCCESS: running modules for config
"""


def test_a_stage_begins_where_the_log_says_that_it_runs() -> None:
    assert spans(OLD) == (
        Span("init-local", 0.0, 0.9),
        Span("init-local/check-cache", 0.1, 0.1),
        Span("init-network", 127.9, 1.0),
        Span("modules-config", 128.92, 1.0),
    )
    assert spans(OLD + OLD.replace("02:", "03:")) == spans(OLD)


def test_a_stage_begins_once_where_the_log_says_both() -> None:
    """From 24.3 one process runs all stages, and has its log open when the later ones begin."""
    begin = "2026-11-29 02:08:39,900 - handlers.py[DEBUG]: start: init-local: searching for local datasources\n"
    assert spans(begin + OLD)[:2] == (Span("init-local", 0.0, 1.0), Span("init-local/check-cache", 0.2, 0.1))


def test_the_chain_is_of_stages_and_of_the_waits_between_them() -> None:
    assert critical_chain(spans(OLD), 8) == (
        Link(Kind.STAGE, "init-local", 0.0, 0.9),
        Link(Kind.PART, "init-local/check-cache", 0.1, 0.1),
        Link(Kind.WAIT, "wait for network", 0.9, 127.0),
        Link(Kind.STAGE, "init-network", 127.9, 1.0),
        Link(Kind.STAGE, "modules-config", 128.92, 1.0),
    )


def test_the_chain_has_the_longest_parts_in_their_order() -> None:
    times = enumerate((1.0, 9.0, 2.0, 9.0, 9.0))
    found = [Span(f"init-network/m{number}", float(number), seconds) for number, seconds in times]
    inside = Span("init-network/m4/much", 4.0, 9.0)
    chain = critical_chain((Span("init-network", 0.0, 17.0), *found, inside), 2)
    assert [link.name for link in chain] == ["init-network", "init-network/m1", "init-network/m3"]


def test_a_stage_without_a_begin_of_its_own_lasts_as_long_as_its_parts() -> None:
    parts = (Span("modules-final/a", 2.0, 1.0), Span("modules-final/b", 3.5, 2.0))
    assert critical_chain(parts, 0) == (Link(Kind.STAGE, "modules-final", 2.0, 3.5),)


def test_what_is_no_stage_and_no_time_is_in_no_chain() -> None:
    words = [Span(name, 0.0, 1.0) for name in ("azure-ds/goal", "<b>", "init-local/..", "single")]
    wrong = [Span("modules-final", start, 1.0) for start in (math.nan, math.inf, -1.0)]
    assert [link.name for link in critical_chain((*words, *wrong), 8)] == ["init-local", "init-local/.."]


def test_the_chain_of_many_events_is_short() -> None:
    stages = ("init-local", "init-network", "modules-config", "modules-final")
    many = [Span(f"{stages[number % 4]}/m{number}", number * 1.0, 0.5) for number in range(1000)]
    assert len(critical_chain(many, 8)) <= 4 + 3 + 8
