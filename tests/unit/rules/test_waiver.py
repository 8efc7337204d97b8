"""Waivers: which findings they cover, and which of them cover nothing."""

from __future__ import annotations

from goldsmith.findings import Finding, GuestPlace, HostPlace, Severity
from goldsmith.rules.waiver import Waiver, waive


def finding(code: str = "GS310", path: str | None = "/etc/ssl/private/a.key") -> Finding:
    place = GuestPlace(path) if path is not None else None
    return Finding(code, Severity.ERROR, "a key", place)


def test_a_rule_is_waived_whole() -> None:
    told, idle = waive([finding(), finding(path=None), finding("GS311")], [Waiver("GS310", "a lab")])
    assert [each.waived for each in told] == ["a lab", "a lab", None]
    assert idle == ()


def test_a_path_is_waived_with_all_below_it() -> None:
    waivers = [Waiver("GS310", "a lab", "/etc/ssl")]
    told, _ = waive([finding(), finding(path="/etc/sslx"), finding(path=None)], waivers)
    assert [each.waived for each in told] == ["a lab", None, None]


def test_a_glob_does_not_cross_slashes() -> None:
    told, _ = waive([finding(), finding(path="/etc/ssl/x.key")], [Waiver("GS310", "a lab", "/etc/ssl/*.key")])
    assert [each.waived for each in told] == [None, "a lab"]


def test_the_first_waiver_gives_the_reason_and_none_that_covers_is_idle() -> None:
    waivers = [Waiver("GS310", "first", "/etc/**"), Waiver("GS310", "second"), Waiver("GS399", "idle")]
    told, idle = waive([finding()], waivers)
    assert [each.waived for each in told] == ["first"]
    assert idle == (waivers[2],)


def test_a_place_on_the_host_is_no_path_of_the_guest() -> None:
    there = Finding("GS310", Severity.ERROR, "x", HostPlace("/etc/x", 1, 1))
    assert waive([there], [Waiver("GS310", "a lab", "/etc/*")])[0] == (there,)


def test_a_waiver_in_words() -> None:
    assert [str(Waiver("GS310", "x")), str(Waiver("GS310", "x", "/a"))] == ["GS310", "GS310 at /a"]
