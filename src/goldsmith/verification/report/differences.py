"""How clones differ: what each has to have for itself, and what else is not alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from goldsmith.rules.evidence import Evidence
from goldsmith.rules.evidence_rule import booted
from goldsmith.rules.facts import Facts
from goldsmith.rules.system import Changed

_IDENTITY: Mapping[str, Callable[[Facts], str | None]] = {
    "machine-id": lambda facts: facts.machine_id,
    "instance-id": lambda facts: facts.instance_id,
    "random seed (digest)": lambda facts: facts.random_seed,
}
# Shown above, or of this boot's time.
_NOT_COMPARED = {"machine_id", "dbus_machine_id", "instance_id", "previous_instance_id", "random_seed", "host_keys"} | {
    "status",
    "result",
    "marks",
    "analyzed",
    "system",
}
# Of the system: the journal is of each boot's time, and the rest follows from what is compared.
_OF_THE_SYSTEM = ("hostname", "enabled", "sshd", "changes")
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One thing with its value in each clone; `judged` says in words what that means."""

    name: str
    values: tuple[str, ...]
    judged: str
    good: bool


@dataclass(frozen=True, slots=True)
class Differences:
    """`clones` are the names of those whose disk proves something: the columns of both lists."""

    clones: tuple[str, ...]
    identity: tuple[Row, ...] = ()
    others: tuple[Row, ...] = ()


def clone_differences(evidence: Evidence) -> Differences:
    """What a page shows. Values come from guests."""
    clones = {each.clone.name: each.facts for each in booted(evidence)}
    if not clones:
        return Differences(())
    facts = tuple(clones.values())
    return Differences(tuple(clones), tuple(_identity(facts)), tuple(_others(facts)))


def _identity(facts: tuple[Facts, ...]) -> Iterator[Row]:
    for name, value in _IDENTITY.items():
        yield _unlike(name, tuple(value(each) for each in facts))
    for key in sorted({key.name for each in facts for key in each.host_keys}):
        found = ({own.name: own.fingerprint for own in each.host_keys}.get(key) for each in facts)
        yield _unlike(key, tuple(found))


def _unlike(name: str, values: tuple[str | None, ...]) -> Row:
    given = [value for value in values if value]
    if len(values) < 2:
        judged, good = "one clone: nothing to compare", True
    elif len(set(given)) < len(given):
        # Without a seed every instance has cloud-init's own fixed name.
        fixed = name == "instance-id"
        judged, good = ("not all different; none is chosen without a seed", True) if fixed else ("shared", False)
    elif len(given) < len(values):
        judged, good = "missing in some", not given
    else:
        judged, good = "all different", True
    return Row(name, tuple(value or "none" for value in values), judged, good)


def _others(facts: tuple[Facts, ...]) -> Iterator[Row]:
    for field in dataclasses.fields(Facts):
        if field.name not in _NOT_COMPARED:
            yield from _differing(field.name, [getattr(each, field.name) for each in facts])
    systems = [each.system for each in facts if each.system is not None]
    if len(systems) == len(facts):
        for name in _OF_THE_SYSTEM:
            yield from _differing(name, [getattr(each, name) for each in systems])


def _differing(name: str, values: list[object]) -> Iterator[Row]:
    if any(value != values[0] for value in values):
        yield Row(name.replace("_", " "), tuple(_only(values)), "differs", good=False)


def _only(values: list[object]) -> Iterator[str]:
    """Of each value what not all have."""
    tuples = [value for value in values if isinstance(value, tuple)]
    if len(tuples) < len(values):
        yield from (str(value) for value in values)
        return
    for value in tuples:
        own = [_word(item) for item in value if not all(item in other for other in tuples)]
        more = f", and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
        yield (", ".join(own[:SHOWN]) + more) or "nothing more"


def _word(item: object) -> str:
    if isinstance(item, Changed):
        return f"{item.path}: {item.state}"
    return str(getattr(item, "name", item))
