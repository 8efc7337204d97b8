from __future__ import annotations

from goldsmith.cli.conversation import conversation
from goldsmith.cli.options import Json


def doctor(*, json: Json = False) -> None:
    """Say what this host can do, and what it lacks.

    Engines, drivers, acceleration and tools; and how to install what is missing. KVM counts only after a timed boot of
    a kernel proved it, which takes some seconds, once until the host reboots. Ends with 3 if no engine or no driver
    works.

    \b
    Examples:
      goldsmith doctor
      goldsmith doctor --json
    """
    from goldsmith import api

    with conversation("doctor", json=json) as talk:
        diagnosis = api.doctor()
        talk.finish(diagnosis.as_json(), diagnosis.as_text(), code=0 if diagnosis.able else 3)
