"""One honest job, several ways, side by side in one run on the same input: seconds, parts, sizes, ratios.

The input is the bootstrapped Debian 12 base (made once and cached). The job: put a cloud-init drop-in in, generalize,
give deleted blocks back, pack. goldsmith's numbers include what the others do not do: a second plan, scrubbing what
deletion leaves in the file system, and an audit of the sealed bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ours import goldsmith
from timing import Run
from today import four_tools

from goldsmith.base.source import registered
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import convert
from goldsmith.disk.seal import Packing
from goldsmith.events import ignore
from goldsmith.guest.open import DISK_ENGINES, engines
from goldsmith.machine.acceleration import acceleration

DROP_IN = """\
system_info:
  default_user: {name: admin, shell: /bin/bash, sudo: ["ALL=(ALL) NOPASSWD:ALL"]}
ssh_pwauth: false
"""
MIB = 1 << 20


def main() -> int:
    options = _options()
    machines = acceleration()
    source = registered()["bootstrap"].model_validate({"bootstrap": "debian/12"})
    base = source.resolve(folder=Path.cwd(), arch="x86_64", offline=False, refresh=False, emit=ignore)
    chosen = [options.engine] if options.engine else [name for name in DISK_ENGINES if engines()[name].usable]
    with tempfile.TemporaryDirectory(prefix="goldsmith-bench-", dir="/var/tmp") as made:
        folder = Path(made)
        drop_in = folder / "99-custom-defaults.cfg"
        drop_in.write_text(DROP_IN)
        # Uncompressed, so that no way pays for decompressing the base again and again.
        given = convert(base.disk, folder / "input.qcow2", DiskFormat.QCOW2)
        ways: list[Callable[[Path], Run]] = [lambda place: four_tools(given, drop_in, place, accelerated=machines.kvm)]
        ways += [_ours(given, drop_in, name, machines.kvm) for name in chosen]
        runs = [_middle(way, folder, options.rounds) for way in ways]
    if options.json:
        print(json.dumps(_document(runs, machines.why), indent=2))
    else:
        print("\n".join(_table(runs, machines.why)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--rounds", type=int, default=1, help="how often each way runs; the median counts")
    parser.add_argument("--engine", choices=DISK_ENGINES, help="only this engine of goldsmith")
    return parser.parse_args()


def _ours(given: Disk, drop_in: Path, engine: str, accelerated: bool) -> Callable[[Path], Run]:  # noqa: FBT001
    def way(place: Path) -> Run:
        return goldsmith(given, drop_in, place, engine=engine, packing=Packing.QCOW2_ZSTD, accelerated=accelerated)

    return way


def _middle(way: Callable[[Path], Run], folder: Path, rounds: int) -> Run:
    """The run of median length; every round begins with an empty folder."""
    runs = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            runs.append(way(Path(place)))
        print(f"{runs[-1].name}: {runs[-1].seconds:.1f} s", file=sys.stderr)
    middle = statistics.median_low([run.seconds for run in runs])
    return next(run for run in runs if run.seconds == middle)


def _document(runs: list[Run], host: str) -> dict[str, object]:
    return {
        "schema": "goldsmith.bench/1",
        "host": {"processors": os.cpu_count(), "acceleration": host, "root": os.geteuid() == 0},
        "runs": [{**run.as_json(), **_ratios(run, runs[0])} for run in runs],
    }


def _ratios(run: Run, today: Run) -> dict[str, float]:
    return {"times_faster": today.seconds / run.seconds, "size_ratio": run.size / today.size}


def _table(runs: list[Run], host: str) -> list[str]:
    lines = [f"{os.cpu_count()} processors; {host}", ""]
    lines.append(f"{'':<36}{'seconds':>9}{'faster':>9}{'MiB':>9}{'size':>7}")
    for run in runs:
        ratios = _ratios(run, runs[0])
        lines.append(
            f"{run.name:<36}{run.seconds:>9.1f}{ratios['times_faster']:>8.1f}x{run.size / MIB:>9.1f}"
            f"{ratios['size_ratio']:>7.2f}"
        )
        lines.extend(f"    {part:<32}{seconds:>9.1f}" for part, seconds in run.parts.items())
    return lines


if __name__ == "__main__":
    sys.exit(main())
