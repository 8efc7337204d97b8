"""Events as a person sees them: finished steps as lines, the running one alive on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, assert_never

from goldsmith import events
from goldsmith.findings import printable

if TYPE_CHECKING:
    from rich.live import Live

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
REFRESH_PER_SECOND = 8
SECONDS_BETWEEN_PLAIN_LINES = 15.0
WIDTH_OF_STEP = 12


class Progress:
    """Shows events on one stream; safe to call from several threads."""

    def __init__(self, stream: IO[str], live: Live | None, *, quiet: bool) -> None:
        self._stream = stream
        self._live = live
        self._quiet = quiet
        self._lock = threading.Lock()
        self._step = ""
        self._since = time.monotonic()
        self._moving: events.Progress | None = None
        self._moving_since = 0.0
        self._moving_from = 0
        self._clones: dict[str, tuple[str, float]] = {}
        self._last_plain = 0.0

    @classmethod
    @contextmanager
    def on(cls, stream: IO[str], *, quiet: bool = False) -> Iterator[Progress]:
        """Progress on a stream; a live line at its foot where it is a terminal."""
        if quiet or not stream.isatty():
            yield cls(stream, None, quiet=quiet)
            return
        from rich.console import Console
        from rich.live import Live

        console = Console(file=stream, highlight=False)
        progress: Progress | None = None

        def line() -> str:
            return progress.line() if progress is not None else ""

        live = Live(console=console, get_renderable=line, refresh_per_second=REFRESH_PER_SECOND, transient=True)
        progress = cls(stream, live, quiet=False)
        with live:
            yield progress

    def stop(self) -> None:
        """End the live line; what follows is printed plainly."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, event: events.Event) -> None:
        with self._lock:
            match event:
                case events.StepStarted():
                    self._step, self._since, self._moving = event.step, time.monotonic(), None
                    self._clones.clear()
                case events.StepFinished():
                    self._say(f"  ✓ {event.step:<{WIDTH_OF_STEP}} {event.summary:<56} {event.seconds:6.1f} s")
                    self._step = ""
                case events.StepFailed():
                    self._say(f"  ✗ {event.step:<{WIDTH_OF_STEP}} {'failed':<56} {event.seconds:6.1f} s")
                    self._step = ""
                case events.Progress():
                    self._move(event)
                case events.MilestonePassed():
                    self._clones[event.clone] = (event.milestone, time.monotonic())
                    if self._live is None:
                        self._say(f"    {event.clone}: {event.milestone} after {event.seconds:.0f} s")
                case events.Note():
                    self._say(f"  {'!' if event.warning else '·'} {event.text}")
                case _:
                    assert_never(event)

    def line(self) -> str:
        """The living line: spinner, step, and what moves within it."""
        if not self._step:
            return ""
        now = time.monotonic()
        spinner = SPINNER[int(now * REFRESH_PER_SECOND) % len(SPINNER)]
        inner = "one moment"
        if self._clones:
            inner = " · ".join(
                f"{clone}: {milestone} {clock(now - since)}"
                for clone, (milestone, since) in sorted(self._clones.items())
            )
        elif self._moving is not None:
            inner = moving(self._moving, now - self._moving_since, self._moving_from)
        return f"  {spinner} {self._step:<{WIDTH_OF_STEP}} {inner}  {clock(now - self._since)}"

    def _move(self, event: events.Progress) -> None:
        now = time.monotonic()
        if self._moving is None or _other(self._moving, event):
            self._moving_since, self._moving_from = now, event.done
        self._moving = event
        if self._live is None and now - self._last_plain >= SECONDS_BETWEEN_PLAIN_LINES:
            self._last_plain = now
            self._say(f"    {event.step}: {moving(event, now - self._moving_since, self._moving_from)}")

    def _say(self, text: str) -> None:
        if self._quiet:
            return
        if self._live is not None:
            self._live.console.print(printable(text), markup=False, soft_wrap=True)
        else:
            print(printable(text), file=self._stream, flush=True)


def _other(before: events.Progress, event: events.Progress) -> bool:
    """Whether something else moves now, or the same once more."""
    return (before.step, before.unit) != (event.step, event.unit) or event.done < before.done


def moving(event: events.Progress, seconds: float, first: int = 0) -> str:
    """A bar, how much of how much; where bytes move, the rate and the time that is left.

    `first` is what was done when the seconds began: a download that goes on begins with what an earlier run fetched.
    """
    rate = (event.done - first) / seconds if seconds > 0.5 and event.unit == "B" else 0.0
    said = amount(event.done, event.unit)
    if event.total:
        filled = min(20, 20 * event.done // event.total)
        said = f"[{'█' * filled}{'░' * (20 - filled)}] {said} of {amount(event.total, event.unit)}"
    if rate > 0:
        said += f"  {amount(int(rate), event.unit)}/s"
        if event.total and event.done < event.total:
            said += f"  {clock((event.total - event.done) / rate)} left"
    return said


def amount(number: int, unit: str = "B") -> str:
    """12.3 MiB for bytes, 12 % or 12 packages for other units."""
    if unit != "B":
        return f"{number} {unit}"
    value = float(number)
    for prefix in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or prefix == "GiB":
            return f"{value:.0f} {prefix}" if prefix == "B" else f"{value:.1f} {prefix}"
        value /= 1024
    raise AssertionError


def clock(seconds: float) -> str:
    """Minutes and seconds, 01:07."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
