"""How long a boot may go without progress: pure judgment over samples of what the hypervisor reports.

Progress is a new milestone, or block or CPU activity seen by the hypervisor; what a guest prints is none. CPU activity
alone is weaker than the rest: a boot loader's prompt and a panicked kernel spin for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from goldsmith.machine.driver import Activity, CpuTime
from goldsmith.machine.milestones import CLOUD_INIT_STAGES, ORDER, Milestone

# A waiting Debian guest takes 1 to 5 % of an emulated processor. On a crowded host a busy one gets little more, but
# then it waits for the rest of the time; one that only wakes up now and then waits a part of it.
BUSY_CPU = 0.2
BUSY_CROWDED = 0.85
BUSY_BLOCKS = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds on a host of speed 1 (hardware virtualization); `scaled` gives a slower host more.

    `early_*` hold until the kernel shows itself. `idle`: neither CPU nor blocks nor a milestone. `busy`: CPU alone.
    `sleep` is added to `idle` after that and is not scaled: a guest without a network may wait 120 s for one. `settle`:
    idle at a login prompt with no word of cloud-init. `dead_end`: after a line like "Kernel panic". `limit` is the end.
    `linger`: from `ready` to the power button, unless the guest rests before: cloud-init writes its results after it
    says that it has finished. `grace`: from the first press of that button, which is repeated every `press` seconds;
    `busy_grace` for a guest that still works then, as on a crowded host.
    """

    early_idle: float = 8.0
    early_busy: float = 20.0
    idle: float = 10.0
    sleep: float = 150.0
    busy: float = 60.0
    settle: float = 5.0
    dead_end: float = 0.5
    limit: float = 300.0
    linger: float = 3.0
    grace: float = 30.0
    busy_grace: float = 90.0
    press: float = 5.0

    def scaled(self, speed: float) -> Patience:
        """The same patience on a host of this speed."""
        return replace(
            self,
            early_idle=self.early_idle / speed,
            early_busy=self.early_busy / speed,
            idle=self.idle / speed,
            busy=self.busy / speed,
            settle=self.settle / speed,
            dead_end=self.dead_end / speed,
            limit=self.limit / speed,
            linger=self.linger / speed,
            grace=self.grace / speed,
            busy_grace=self.busy_grace / speed,
        )


class Watch:
    """Judges one boot. Times are seconds since the machine was started and never go back."""

    def __init__(self, patience: Patience, *, cloud_init: bool = True) -> None:
        self._patience = patience
        self._cloud_init = cloud_init
        self._last: tuple[Milestone, float] | None = None
        self._sample: tuple[float, Activity] | None = None
        self._moved = 0.0
        self._active = 0.0
        self._dead_since: float | None = None
        self._login_seen = False
        self._cloud_init_seen = False

    def passed(self, now: float, milestone: Milestone) -> None:
        """A milestone is progress."""
        self._last = (milestone, now)
        self._moved = self._active = now
        if ORDER[milestone] <= ORDER[Milestone.KERNEL]:
            self._login_seen = False
        self._login_seen |= milestone is Milestone.LOGIN
        self._cloud_init_seen |= milestone in CLOUD_INIT_STAGES

    def sample(self, now: float, activity: Activity) -> None:
        """Activity counts by its rate since the sample before."""
        if self._sample is not None:
            before, past = self._sample
            span = max(now - before, 0.001)
            if (activity.blocks - past.blocks) / span >= BUSY_BLOCKS:
                self._moved = self._active = now
            elif any(_is_busy(cpu, was, span) for cpu, was in zip(activity.cpus, past.cpus, strict=False)):
                self._active = now
        self._sample = (now, activity)

    def rests(self, now: float, seconds: float | None = None) -> bool:
        """Whether neither a milestone nor activity was seen for so long; by default for as long as `settle`."""
        return now - self._active >= (self._patience.settle if seconds is None else seconds)

    def since_milestone(self, now: float) -> float:
        """Seconds since the last milestone, or since the start."""
        return now - (self._last[1] if self._last is not None else 0.0)

    def verdict(self, now: float, dead_end: str | None = None) -> str | None:
        """One line of why waiting on is useless, or None. `dead_end` is the line with which the guest gave up."""
        patience = self._patience
        if dead_end is None:
            self._dead_since = None
        elif self._dead_since is None:
            self._dead_since = now
        elif now - self._dead_since >= patience.dead_end:
            return f"the boot gave up {self._where()}: {dead_end}"
        last = self._last[0] if self._last is not None else None
        early = last is None or ORDER[last] < ORDER[Milestone.KERNEL]
        idle, busy = now - self._active, now - self._moved
        if self._login_seen and self._cloud_init and not self._cloud_init_seen and self.rests(now):
            return "the login prompt appeared, but cloud-init never ran: it is disabled or missing in this image"
        if idle >= (patience.early_idle if early else patience.idle + patience.sleep):
            return f"stalled {self._where()}: no milestone, block or CPU activity for {idle:.0f} s"
        if busy >= (patience.early_busy if early else patience.busy + patience.sleep):
            return f"stalled {self._where()}: the processor spins, no milestone and no block activity for {busy:.0f} s"
        if now >= patience.limit:
            return f"not done after {now:.0f} s, the limit on this host; it was still busy {self._where()}"
        return None

    def _where(self) -> str:
        if self._last is None:
            return "before its first milestone"
        milestone, seconds = self._last
        return f"after {milestone} (at {seconds:.1f} s)"


def _is_busy(cpu: CpuTime, was: CpuTime, span: float) -> bool:
    ran, waited = cpu.ran - was.ran, cpu.waited - was.waited
    return ran >= BUSY_CPU * span or ran + waited >= BUSY_CROWDED * span
