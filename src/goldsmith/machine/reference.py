"""The reference page of milestones and causes of failed boots, made from their registries."""

from __future__ import annotations

import importlib
import inspect

from goldsmith.machine import causes
from goldsmith.machine.cause import Cause, registered
from goldsmith.machine.milestones import Milestone

HEAD = """\
# Boots

<!-- made by goldsmith.machine.reference; a test fails when it is stale -->

A boot is watched through its serial console. It passes milestones, in about this order; a machine with a quiet kernel
shows fewer, and one that restarts itself passes them again:

{milestones}.

A milestone of cloud-init is the begin of its stage, with the seconds since the kernel's start (`up`) as cloud-init
itself says them. `ready` is the end of the last stage that is configured: cloud-init's own "finished", the word of
systemd that its last unit has ended, or a guest at rest at its login prompt where no module announces the end. A login
prompt alone proves nothing: it also appears where cloud-init is disabled.

Progress is a new milestone, or CPU and block activity that the hypervisor reports. Bytes on the console are none. A
boot ends when it is ready, when it gives up, when there is no progress for a while that is scaled by this host's
measured speed, or at a hard limit.

# Causes

Why a boot fails, as its console shows it. A dead end ends the boot: the guest waits for a person, or does nothing any
more. The others explain a boot that did not get to its end, and are kept with the evidence of a good one, too. The rule
[GS401](rules.md) tells the dead end and what came before it.

| cause | what has happened | dead end | what to do |
|---|---|---|---|
"""


def reference() -> str:
    """The whole page in Markdown."""
    named = ", ".join(f"`{milestone}`" for milestone in Milestone)
    return HEAD.format(milestones=named) + "".join(map(_row, registered()))


def _row(cause: Cause) -> str:
    """Its own words, and what its file says about it."""
    module = importlib.import_module(f"{causes.__name__}.{cause.name.replace('-', '_')}")
    said = f"{cause.cause[0].upper()}{cause.cause[1:]}. {inspect.getdoc(module)}"
    return f"| {cause.name} | {_cell(said)} | {'yes' if cause.ends else ''} | {_cell(cause.hint)} |\n"


def _cell(text: str) -> str:
    """Markdown would read stars and bars as its own."""
    return text.replace("{what}", "a unit").replace("|", "\\|").replace("*", "\\*")
