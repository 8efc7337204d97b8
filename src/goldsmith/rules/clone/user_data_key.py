"""GS431: the key that user-data gives opens the account that it is for, and no other.

sshd passes a file over that others may write to (StrictModes): home, .ssh and authorized_keys are looked at too.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.evidence_rule import Judgment, fails, holds, probe_rule
from goldsmith.rules.facts import AuthorizedKeys, Facts
from goldsmith.rules.probe import Probe

EXPECTED = "the key of user-data opens its account alone"


@probe_rule("GS431", "user-data-key", why="Without the key nobody gets in; in another account it opens too much.")
def user_data_key(facts: Facts, probe: Probe) -> Iterator[Judgment]:
    own = next((each for each in facts.authorized if each.name == probe.user), None)
    others = [
        each.name for each in facts.authorized if each.name != probe.user and probe.fingerprint in each.fingerprints
    ]
    account = facts.account(probe.user)
    if own is None or probe.fingerprint not in own.fingerprints:
        seen = "no authorized_keys" if own is None else f"{len(own.fingerprints)} other keys"
        yield fails(EXPECTED, seen, f"the key of user-data does not open {probe.user}: {seen}")
    elif others:
        yield fails(EXPECTED, f"it opens {others[0]} too", f"the key that is for {probe.user} opens {others[0]} too")
    elif len(own.fingerprints) > 1:
        seen = f"{len(own.fingerprints)} keys"
        yield fails(EXPECTED, seen, f"{probe.user} has keys that user-data does not name: {seen}")
    elif account is not None and (wrong := _refused(own, account.uid)) is not None:
        yield fails(EXPECTED, wrong, f"sshd would not trust the keys of {probe.user}: {wrong}")
    else:
        yield holds(EXPECTED, f"{probe.fingerprint} in {own.places[-1].path if own.places else 'authorized_keys'}")


def _refused(keys: AuthorizedKeys, uid: int) -> str | None:
    """Why sshd, running as root, passes the file over, or what others may read of it."""
    for place in keys.places:
        if place.uid != uid:
            return f"{place.path} is owned by uid {place.uid}"
        if place.mode & 0o022:
            return f"others may write to {place.path} ({place.mode:04o})"
    readable = [place for place in keys.places[1:] if place.mode & 0o077]
    return f"others may read {readable[0].path} ({readable[0].mode:04o})" if readable else None
