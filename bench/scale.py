"""How generalizing grows with a guest, and how fast the bytes of a disk are searched: seconds, ratios, bytes a second.

The guest is a plain directory with so many files, half of them where operations work. The listing is what `index` of
the whole tree takes: nothing that looks at a guest can be faster. What is searched is the bootstrapped Debian 12 base,
raw, beside `grep -c` with the same words on the same file.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from goldsmith.base.source import registered
from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.erase import data_extents
from goldsmith.disk.qemu_img import convert
from goldsmith.disk.scan import scan_raw
from goldsmith.events import ignore
from goldsmith.generalization.generalize import look, plan, select
from goldsmith.generalization.operation import Operation
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.run import run

SIZES = (10_000, 1_000_000)
WORDS = (1, 50)
# Where a guest's files are, in parts of a hundred; operations look at all but the first.
SPREAD = {"usr/share/doc": 50, "var/lib/app": 25, "var/log/app": 10, "home/user/project": 10, "var/cache/apt": 5}
IN_A_DIRECTORY = 100
ROUNDS = 3


def main() -> int:
    options = _options()
    document: dict[str, object] = {"schema": "goldsmith.bench-scale/1", "processors": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="goldsmith-bench-", dir="/var/tmp") as made:
        folder = Path(made)
        guests = [_grown(folder / str(size), size) for size in options.files]
        searches = list(_searched(folder)) if options.scan else []
    document |= {"guests": guests, "searches": searches}
    print(json.dumps(document, indent=2) if options.json else "\n".join(_table(guests, searches)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench --scale", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--files", type=int, nargs="+", default=SIZES, help="sizes of guests")
    parser.add_argument("--no-scan", dest="scan", action="store_false", help="leave the search of bytes out")
    return parser.parse_args()


def populate(top: Path, count: int) -> None:
    """A guest of so many files, all empty: their names and attributes are what listing and planning read."""
    for name, content in {
        "etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(content)
    for place, part in SPREAD.items():
        for first in range(0, count * part // 100, IN_A_DIRECTORY):
            number = first // IN_A_DIRECTORY
            directory = top / place / f"{number // IN_A_DIRECTORY:03}" / f"{number:05}"
            directory.mkdir(parents=True)
            for file in range(first, min(first + IN_A_DIRECTORY, count * part // 100)):
                os.close(os.open(f"{directory}/{file:07}.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))


def _grown(top: Path, count: int) -> dict[str, float]:
    """Seconds of processor time: all of it is this process's own, and what else the host does does not count."""
    top.mkdir()
    populate(top, count)
    print(f"made a guest of {count} files", file=sys.stderr)
    operations = select("defaults")
    with open_guest(top, engine="tree", scratch=top.parent) as guest:
        listing = _best(lambda: guest.index(("/",)), clock=time.process_time)
        looking = _best(lambda: look(guest, operations), clock=time.process_time)
        view = look(guest, operations)
        planning = _best(lambda: plan(view, operations), clock=time.process_time)
        planned = plan(view, operations)
        applying = _best(lambda: guest.apply(planned), 1, clock=time.process_time)
        second = _best(lambda: _nothing_left(guest, operations), 1, clock=time.process_time)
    return {
        "files": count,
        "listing_seconds": listing,
        "look_seconds": looking,
        "plan_seconds": planning,
        "changes": len(planned),
        "apply_seconds": applying,
        "second_plan_seconds": second,
        "plan_over_listing": (looking + planning) / listing,
    }


def _nothing_left(guest: Guest, operations: Sequence[Operation]) -> None:
    again = plan(look(guest, operations), operations)
    assert not again.changes


def _searched(folder: Path) -> Iterator[dict[str, object]]:
    source = registered()["bootstrap"].model_validate({"bootstrap": "debian/12"})
    base = source.resolve(folder=Path.cwd(), arch="x86_64", offline=False, refresh=False, emit=ignore)
    raw = convert(base.disk, folder / "base.raw", DiskFormat.RAW).path
    content = _without_holes(raw, folder / "content")
    held = content.stat().st_size
    for count in WORDS:
        words = {f"word-{number}": secrets.token_hex(16).encode() for number in range(count)}
        listed = folder / "words"
        listed.write_bytes(b"\n".join(words.values()) + b"\n")
        argv = ["grep", "--count", "--text", "--fixed-strings", f"--file={listed}"]
        times = {
            "goldsmith": _best(partial(scan_raw, content, words)),
            "grep -c": _best(partial(_grep, argv, content)),
            "goldsmith, with holes": _best(partial(scan_raw, raw, words)),
        }
        if count == WORDS[0]:
            times["grep -c, with holes"] = _best(partial(_grep, argv, raw), rounds=1)
        for name, seconds in times.items():
            yield {"words": count, "by": name, "seconds": seconds, "bytes": held, "bytes_per_second": held / seconds}


def _without_holes(raw: Path, content: Path) -> Path:
    """What a disk holds, one piece after the other: grep takes the zeros of a hole for one line of gigabytes."""
    with raw.open("rb") as source, content.open("wb") as target:
        for start, end in data_extents(source.fileno(), 0, raw.stat().st_size):
            source.seek(start)
            target.write(source.read(end - start))
    return content


def _grep(argv: list[str], path: Path) -> None:
    """Exit code 1: no word was found, as it has to be."""
    done = run([*argv, str(path)], timeout=600, check=False, env={"LC_ALL": "C"})
    assert done.returncode == 1, done.log


def _best(work: Callable[[], object], rounds: int = ROUNDS, clock: Callable[[], float] = time.perf_counter) -> float:
    """The shortest of a few times: what else runs on the host only adds."""
    times = []
    for _ in range(rounds):
        started = clock()
        work()
        times.append(clock() - started)
    return min(times)


def _table(guests: list[dict[str, float]], searches: list[dict[str, object]]) -> list[str]:
    columns = ("files", "listing s", "look s", "plan s", "/ listing", "changes", "apply s", "second plan s")
    lines = [f"{os.cpu_count()} processors; a plain directory, processor time, shortest of {ROUNDS}", ""]
    lines.append("".join(f"{column:>14}" for column in columns))
    for each in guests:
        seconds = (each["listing_seconds"], each["look_seconds"], each["plan_seconds"], each["plan_over_listing"])
        ends = (each["apply_seconds"], each["second_plan_seconds"])
        lines.append(
            f"{each['files']:>14.0f}"
            + "".join(f"{value:>14.3f}" for value in seconds)
            + f"{each['changes']:>14.0f}"
            + "".join(f"{value:>14.3f}" for value in ends)
        )
    lines += ["", f"{'words':>14}{'by':>24}{'seconds':>14}{'MB/s':>14}"] if searches else []
    for search in searches:
        rate = float(str(search["bytes_per_second"])) / 1e6
        lines.append(f"{search['words']:>14}{search['by']:>24}{search['seconds']:>14.2f}{rate:>14.0f}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
