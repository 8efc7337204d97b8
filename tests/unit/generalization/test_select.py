"""The list of operations, as virt-sysprep's users write it."""

from __future__ import annotations

import pytest

from goldsmith.errors import InputError
from goldsmith.generalization.operation import registered
from goldsmith.generalization.select import select


def names(expression: str) -> set[str]:
    return {each.name for each in select(expression)}


DEFAULTS = {each.name for each in registered() if each.default}
ALL = {each.name for each in registered()}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("defaults", DEFAULTS),
        ("all", ALL),
        ("ssh-hostkeys", {"ssh-hostkeys"}),
        ("defaults,-ssh-hostkeys", DEFAULTS - {"ssh-hostkeys"}),
        ("defaults,firewall-rules", DEFAULTS | {"firewall-rules"}),
        (" defaults , -logfiles ", DEFAULTS - {"logfiles"}),
        ("-ssh-hostkeys,ssh-hostkeys", {"ssh-hostkeys"}),
        ("all,-defaults", ALL - DEFAULTS),
        # virt-sysprep's users turn these off; there is nothing to turn off here
        ("defaults,-customize,-lvm-uuids", DEFAULTS),
    ],
)
def test_a_list_is_read_left_to_right_from_the_empty_set(expression: str, expected: set[str]) -> None:
    assert names(expression) == expected


def test_operations_come_sorted() -> None:
    chosen = [each.name for each in select("tmp-files,bash-history,machine-id")]
    assert chosen == ["bash-history", "machine-id", "tmp-files"]


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("defaults,ssh-hostkey", "unknown operation 'ssh-hostkey'", "did you mean ssh-hostkeys?"),
        ("defaults,-ssh-host-keys", "unknown operation 'ssh-host-keys'", "did you mean ssh-hostkeys?"),
        ("+all", "unknown operation '+all'", "did you mean all?"),
        ("zzz", "unknown operation 'zzz'", "generalize --list"),
        ("", "an empty name", "generalize --list"),
        ("defaults,,logfiles", "an empty name", "generalize --list"),
        ("-ssh-hostkeys", "selects nothing", "begin it with `defaults`"),
        ("defaults,customize", "not one of goldsmith's", "machine-id"),
    ],
)
def test_a_wrong_list_says_what_to_write(expression: str, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        select(expression)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
