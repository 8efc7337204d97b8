from __future__ import annotations

from goldsmith.cloudinit.analyze import Span, critical_chain, spans

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


def test_the_chain_is_of_the_slowest_modules_in_their_order() -> None:
    found = tuple(Span(f"s/m{number}", float(number), seconds) for number, seconds in enumerate((1.0, 9.0, 2.0, 5.0)))
    assert [span.name for span in critical_chain((Span("s", 0.0, 17.0), *found), 2)] == ["s/m1", "s/m3"]
