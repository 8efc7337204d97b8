"""What a proof costs beyond the boots it waits for: seconds from start to verdict over the guest's own, from its
machine's start until cloud-init has finished, and the processor and memory that goldsmith and its workers use while
they wait.

The image is a Debian 12 sealed by goldsmith; `goldsmith verify` runs as users run it, in a process of its own, but
boots each clone once: a second boot would be in the seconds to the verdict and not in the guest's own. What a guest
uses is not counted: QEMU, what systemd-nspawn runs, and the TPM of either.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ours import goldsmith

from goldsmith.base.source import registered
from goldsmith.disk.seal import Packing
from goldsmith.events import ignore
from goldsmith.guest.open import choose_engine
from goldsmith.machine.acceleration import acceleration

DROP_IN = "datasource_list: [NoCloud, None]\n"
COMMAND = str(Path(sys.executable).with_name("goldsmith"))
TICKS = os.sysconf("SC_CLK_TCK")
GUESTS = ("qemu-system-", "systemd-nspawn", "swtpm")


@dataclass(frozen=True, slots=True)
class Sample:
    """When goldsmith told of a milestone, and the processor seconds that it and its workers had used by then."""

    milestone: str
    at: float
    processor: float


@dataclass(frozen=True, slots=True)
class Proof:
    """One verification. `guest` is the slowest clone's own time until cloud-init had finished, `waiting` from the first
    milestone to the last; both and `processor` in seconds, `memory` in bytes.
    """

    seconds: float
    guest: float
    waiting: float
    processor: float
    memory: int
    verdict: str

    def as_json(self) -> dict[str, object]:
        return {
            "seconds": self.seconds,
            "guest_seconds": self.guest,
            "ratio": self.seconds / self.guest,
            "waiting_seconds": self.waiting,
            "waiting_processor_seconds": self.processor,
            "waiting_processor_share": self.processor / self.waiting,
            "memory": self.memory,
            "verdict": self.verdict,
        }


@dataclass(slots=True)
class Usage:
    """What goldsmith's processes have used by the last look, those that ended before it included. `memory` is the most
    that those alive at one time had ever held, each for itself.
    """

    process: int
    processor_of: dict[tuple[int, int], float] = field(default_factory=dict)
    memory: int = 0

    def look(self) -> float:
        """The processor seconds until now."""
        memory = 0
        for pid in _own(self.process):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            except OSError:  # it ended meanwhile
                continue
            self.processor_of[pid, int(fields[19])] = (int(fields[11]) + int(fields[12])) / TICKS
            memory += next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)
        self.memory = max(self.memory, memory)
        return sum(self.processor_of.values())


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --proof", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--driver", action="append", help="only this driver; may be repeated")
    options = parser.parse_args()
    drivers = options.driver or (["qemu", "container"] if os.geteuid() == 0 else ["qemu"])
    with tempfile.TemporaryDirectory(prefix="goldsmith-bench-", dir="/var/tmp") as made:
        folder = Path(made)
        image = _image(folder)
        proofs = {driver: _prove(image, driver, folder / driver) for driver in drivers}
    if options.json:
        document = {"schema": "goldsmith.bench-proof/1", "processors": os.cpu_count()}
        print(json.dumps({**document, "proofs": {name: each.as_json() for name, each in proofs.items()}}, indent=2))
        return 0
    print(f"{os.cpu_count()} processors; {acceleration().why}\n")
    for name, each in proofs.items():
        print(
            f"{name:<10} {each.seconds:6.1f} s to the verdict {each.verdict}, {each.seconds / each.guest:.2f} times the"
            f" guest's own {each.guest:.1f} s; waiting took {each.processor / each.waiting:.1%} of a processor and"
            f" {each.memory / (1 << 20):.0f} MiB"
        )
    return 0


def _image(folder: Path) -> Path:
    source = registered()["bootstrap"].model_validate({"bootstrap": "debian/12"})
    base = source.resolve(folder=Path.cwd(), arch="x86_64", offline=False, refresh=False, emit=ignore)
    drop_in = folder / "99-local.cfg"
    drop_in.write_text(DROP_IN)
    image = folder / "image.qcow2"
    engine, _why = choose_engine(None, base.trust)
    kvm = acceleration().kvm
    packing = Packing.QCOW2_ZSTD
    goldsmith(base.disk, drop_in, folder, engine=engine, packing=packing, accelerated=kvm, keep=image)
    return image


def _prove(image: Path, driver: str, evidence: Path) -> Proof:
    reading, writing = os.pipe()
    argv = [COMMAND, "verify", str(image), "--driver", driver, "--no-second-boot", "--json"]
    argv += ["--evidence", str(evidence), "--events", str(writing)]
    started = time.perf_counter()
    with subprocess.Popen(argv, pass_fds=(writing,), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        usage, samples = Usage(process.pid), []
        with os.fdopen(reading, encoding="utf-8") as events:
            for line in events:
                event = json.loads(line)
                if event["event"] == "MilestonePassed":
                    samples.append(Sample(event["milestone"], time.perf_counter() - started, usage.look()))
        answer, _ = process.communicate()
    seconds = time.perf_counter() - started
    first, last = samples[0], max((each for each in samples if each.milestone == "off"), key=lambda each: each.at)
    return Proof(
        seconds=seconds,
        guest=_ready(evidence),
        waiting=last.at - first.at,
        processor=last.processor - first.processor,
        memory=usage.memory,
        verdict=json.loads(answer)["verdict"],
    )


def _own(pid: int) -> Iterator[int]:
    """The process and those below it, but for what runs a guest and all below that."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
        threads = [each.read_text(encoding="utf-8") for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it ended meanwhile
        return
    if not name.startswith(GUESTS):
        yield pid
        for child in " ".join(threads).split():
            yield from _own(int(child))


def _ready(evidence: Path) -> float:
    """The slowest clone's seconds from its machine's start until cloud-init had finished."""
    document = json.loads((evidence / "evidence.json").read_text(encoding="utf-8"))
    return max(
        float(passed["seconds"])
        for clone in document["clones"]
        for passed in clone["milestones"]
        if passed["name"] == "ready"
    )


if __name__ == "__main__":
    sys.exit(main())
