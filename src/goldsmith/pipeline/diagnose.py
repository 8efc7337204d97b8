"""What this host can do, for people who wonder why something does not work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from goldsmith.doctor import Tool, missing, tools
from goldsmith.errors import HostError
from goldsmith.guest.engines.engine import EngineStatus
from goldsmith.guest.open import DISK_ENGINES, engines
from goldsmith.machine.acceleration import Acceleration, acceleration
from goldsmith.machine.boot import drivers
from goldsmith.machine.driver import DriverStatus


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`able`: images can be built and proven here."""

    engines: Mapping[str, EngineStatus]
    drivers: Mapping[str, DriverStatus]
    acceleration: Acceleration
    tools: tuple[Tool, ...]

    @property
    def able(self) -> bool:
        opens = any(self.engines[name].usable for name in DISK_ENGINES)
        # A rehearsal alone proves no image.
        return opens and self.drivers["qemu"].usable

    @property
    def missing(self) -> tuple[Tool, ...]:
        return missing(self.tools)

    def as_json(self) -> dict[str, object]:
        return {
            "engines": {name: asdict(status) for name, status in self.engines.items()},
            "drivers": {name: asdict(status) for name, status in self.drivers.items()},
            "acceleration": {"kvm": {"usable": self.acceleration.kvm, "why": self.acceleration.why}},
            "tools": [tool.as_json() for tool in self.tools],
            "missing": [
                {"what": tool.name, "required": tool.required, "install": tool.install} for tool in self.missing
            ],
        }

    def as_text(self) -> list[str]:
        lines = []
        for kind, statuses in (("engine", self.engines), ("driver", self.drivers)):
            for name, status in statuses.items():
                lines.append(f"{'✓' if status.usable else '✗'} {kind} {name}: {status.why}")
                if status.hint:
                    lines.append(f"  hint: {status.hint}")
        lines.append(f"{'✓' if self.acceleration.kvm else '·'} {self.acceleration.why}")
        for tool in self.missing:
            lines.append(f"✗ {tool.name} is missing ({tool.needed_for})")
            lines.append(f"  hint: as root: {tool.install}")
        lines.append(f"{len(self.tools) - len(self.missing)} of {len(self.tools)} tools are there")
        lines.append("images can be built and proven here" if self.able else "images cannot be built here")
        return lines


def diagnose() -> Diagnosis:
    """Look at engines, drivers and tools; KVM by a timed boot, once between reboots."""
    try:
        verdict = acceleration()
    except HostError as error:
        verdict = Acceleration(kvm=False, why=f"KVM: not tried: {error.message}", speed=0.2)
    return Diagnosis(engines(), drivers(), verdict, tools())
