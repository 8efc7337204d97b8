"""The rule over bytes, on evidence: found, not found, not read."""

from __future__ import annotations

import base64

import pytest

from goldsmith.disk.scan import Hit
from goldsmith.findings import GuestPlace, Severity
from goldsmith.rules.bytes.subject import BytesSubject, Found, found_on_disk, name_and_form, patterns_of
from goldsmith.rules.rule import Needs, Outcome, Verdict, judge, rules_of
from goldsmith.secrets import Secret

TOKEN = Secret("token", b"s3cr3t/of+the build\n")


def outcomes(*found: Found, names: tuple[str, ...] = ("token",), unread: tuple[str, ...] = ()) -> list[Outcome]:
    return judge(rules_of(Needs.BYTES), BytesSubject(names, found, unread))


def test_what_is_nowhere_passes() -> None:
    assert [each.verdict for each in outcomes()] == [Verdict.PASS]


def test_nothing_to_look_for_passes() -> None:
    assert [each.verdict for each in outcomes(names=())] == [Verdict.PASS]


def test_what_is_found_is_an_error_that_names_places_and_no_secret() -> None:
    hits = [Hit(number << 20, "token\nas it is\n0", 1 if number else None) for number in range(5)]
    (outcome,) = outcomes(*found_on_disk(hits))
    assert outcome.finding is not None
    assert (outcome.verdict, outcome.finding.severity, outcome.finding.place) == (Verdict.FAIL, Severity.ERROR, None)
    assert outcome.message == (
        "token is in the image: byte 0 (outside of all partitions) as it is, byte 1048576 (partition 1) as it is, "
        "byte 2097152 (partition 1) as it is and 2 more"
    )


def test_a_place_in_a_tree_is_a_guest_path() -> None:
    (outcome,) = outcomes(Found("token", "encoded", "in its name", "/srv/\udcff"))
    assert outcome.finding is not None
    assert outcome.finding.place == GuestPlace("/srv/\udcff")


def test_one_canary_of_two() -> None:
    verdicts = {each.subject: each.verdict for each in outcomes(Found("a", "encoded", "x"), names=("a", "b"))}
    assert verdicts == {"a": Verdict.FAIL, "b": Verdict.PASS}


def test_what_was_not_read_is_unproven_and_a_warning() -> None:
    told = outcomes(unread=("/srv/locked",))
    assert {each.verdict for each in told} == {Verdict.UNPROVEN}
    assert [each.finding.severity for each in told if each.finding is not None] == [Severity.WARNING]


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_every_alignment_of_base64_is_searched_for(offset: int, encode: object) -> None:
    assert callable(encode)
    text = encode(b"x" * offset + TOKEN.value + b"tail")
    forms = {name_and_form(name)[1] for name, pattern in patterns_of([TOKEN]).items() if pattern in text}
    assert forms == {"encoded"}


@pytest.mark.parametrize(
    "text", [b"s3cr3t%2Fof%2Bthe%20build", b"s3cr3t%2Fof%2Bthe+build", b"s3cr3t%2fof%2bthe%20build"]
)
def test_url_encodings_are_searched_for(text: bytes) -> None:
    assert [name_and_form(name) for name, pattern in patterns_of([TOKEN]).items() if pattern in text] == [
        ("token", "encoded")
    ]


def test_line_ends_at_the_end_do_not_count() -> None:
    assert dict(patterns_of([TOKEN]))["token\nas it is\n0"] == b"s3cr3t/of+the build"
