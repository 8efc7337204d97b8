"""Runs that are stopped, killed or out of space, at any step: the documented end, and nothing left on the host."""

from __future__ import annotations

import json
import os
import platform
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base.base import Base
from goldsmith.machine import acceleration
from goldsmith.run import require

Goldsmith = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]
Event = Mapping[str, Any]

COMMAND = "from goldsmith.cli.main import main; main()"
pytestmark = [pytest.mark.process, pytest.mark.base, pytest.mark.root, pytest.mark.timeout(600)]

# A number of seconds that tells our program in the guest from every other on this host.
SLEEP = 98123
RECIPE = """\
name: stopped
version: "1.0"
base:
  file: {base}
  format: qcow2
  sha256: {sha256}
disk: {{size: 4G}}
seal: {{compression: none}}
datasource: local
defaults:
  config: |
    system_info:
      default_user: {{name: admin}}
customize:
  - write: {{path: /etc/motd, text: "hello\\n"}}
  - run: {{command: [sleep, "{sleep}"]}}
"""
CODES = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}
HUNG_UP = (143, "terminated")
# Seconds until a step begins, and until all is gone: generous, the host may be crowded.
PATIENCE = 240.0
GONE = 20.0


@dataclass(frozen=True)
class Site:
    """Where a build works: everything that it may touch, beside the host's own state."""

    recipe: Path
    pool: Path
    events: Path
    top: Path
    cache: Path
    engine: str = "mount"

    @property
    def build(self) -> tuple[object, ...]:
        return ("build", self.recipe, "--engine", self.engine, "--events", self.events, "--output", self.pool)

    def seen(self) -> list[Event]:
        """What the run has said so far; its last line may be half-written."""
        text = self.events.read_text() if self.events.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait(self, process: subprocess.Popen[str], begun: Callable[[Event], bool]) -> None:
        """Until an event of this kind was said."""
        deadline = time.monotonic() + PATIENCE
        while not any(map(begun, self.seen())):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, self.seen()
            time.sleep(0.02)

    def traces(self) -> list[str]:
        """Everything that a run of ours has on this host beyond its end."""
        found = [f"mount {line}" for line in Path("/proc/self/mounts").read_text().splitlines() if self._names(line)]
        for loop in Path("/sys/block").glob("loop*/loop/backing_file"):
            try:
                found += [f"loop {loop}"] if self._names(loop.read_text()) else []
            except OSError:
                continue
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                environment = (process / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            # TMPDIR is handed on to every program but those of a guest.
            if int(process.name) != os.getpid() and (
                f"TMPDIR={self.top}" in environment or self._names(command) or f"sleep {SLEEP}" in command
            ):
                found.append(f"process {process.name}: {command}")
        return found

    def files(self) -> list[str]:
        """What lies in pool, cache and TMPDIR beyond a whole base: scratch, half-written files, sockets."""
        left = [str(path) for folder in (self.pool, self.top / "tmp") if folder.exists() for path in folder.rglob("*")]
        for path in self.cache.rglob("*"):
            whole = path.name.startswith(("sha256-", "key-")) or path.suffix == ".lock" or path.is_dir()
            if not whole or path.name.startswith(".") or stat.S_ISSOCK(path.lstat().st_mode):
                left.append(str(path))
        return left

    def scratch(self) -> list[Path]:
        """What is left of verbs that work without a pool."""
        return [*(self.cache.parent / "scratch").glob(".goldsmith-*")]

    def gone(self) -> list[str]:
        """What is left on the host after some patience."""
        deadline = time.monotonic() + GONE
        while (left := self.traces()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def _names(self, text: str) -> bool:
        return str(self.top) in text


@pytest.fixture(scope="module")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that outlives a test, so that only the first one copies the base."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runtime folder with a verdict about KVM: proving it takes seconds, and a crowded host does not keep it."""
    folder = tmp_path_factory.mktemp("runtime")
    key = acceleration._key(Path(require(f"qemu-system-{platform.machine()}")), acceleration.probe_kernel())
    emulation = acceleration.Acceleration(kvm=False, why="KVM: not asked; using emulation", speed=0.2)
    (folder / "goldsmith").mkdir()
    acceleration._keep(folder / "goldsmith" / "acceleration.json", key, emulation)
    return folder


@pytest.fixture
def environment_of_site(environment: dict[str, str], warm_cache: Path, verdict: Path) -> dict[str, str]:
    environment |= {"XDG_CACHE_HOME": str(warm_cache), "XDG_RUNTIME_DIR": str(verdict)}
    return environment


@pytest.fixture
def site(debian12: Base, environment_of_site: dict[str, str], tmp_path: Path) -> Site:
    return make_site(debian12, tmp_path, Path(environment_of_site["XDG_CACHE_HOME"]), sleep=0.1)


@pytest.fixture
def sleeper(debian12: Base, environment_of_site: dict[str, str], tmp_path: Path) -> Site:
    """A build whose step in the guest does not end."""
    return make_site(debian12, tmp_path, Path(environment_of_site["XDG_CACHE_HOME"]), sleep=SLEEP)


def make_site(base: Base, top: Path, cache: Path, *, sleep: float) -> Site:
    recipe = top / "recipe.yaml"
    recipe.write_text(RECIPE.format(base=base.disk.path, sha256=base.sha256, sleep=sleep))
    return Site(recipe, top / "pool", top / "events.jsonl", top, cache / "goldsmith" / "bases")


def begins(step: str) -> Callable[[Event], bool]:
    return lambda event: (event["event"], event.get("step")) == ("StepStarted", step)


def in_guest(event: Event) -> bool:
    """The customizations are under way: the first of them is done."""
    return str(event.get("text")).startswith("write: ")


def packing(event: Event) -> bool:
    return (event["event"], event.get("step")) == ("Progress", "pack") and bool(event["done"])


def powered_on(event: Event) -> bool:
    return bool(event["event"] == "MilestonePassed")


MOMENTS = {
    "base": begins("base"),
    "disk": begins("disk"),
    "open": begins("open"),
    "customize": in_guest,
    "generalize": begins("generalize"),
    "seal": begins("seal"),
    "pack": packing,
    "audit": begins("audit"),
    "verify": powered_on,
}
DEFAULT = [
    ("base", signal.SIGINT),
    ("disk", signal.SIGTERM),
    ("open", signal.SIGTERM),
    ("generalize", signal.SIGINT),
    ("seal", signal.SIGTERM),
    ("audit", signal.SIGTERM),
    ("verify", signal.SIGINT),
]
MATRIX = [
    *DEFAULT,
    *(
        pytest.param(moment, number, marks=pytest.mark.full)
        for moment in MOMENTS
        for number in CODES
        if moment != "customize" and (moment, number) not in DEFAULT
    ),
]


def ended(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """The one clear line with which a stopped run ends, with the documented code; in time."""
    out, err = process.communicate(timeout=60)
    code, word = CODES.get(number, HUNG_UP)
    assert process.returncode == code, err
    assert out == ""
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [f"error: {word}"], err
    assert "Traceback" not in err
    return str(err)


@pytest.mark.parametrize(("moment", "number"), MATRIX)
def test_a_signal_at_any_step(site: Site, started: Start, moment: str, number: signal.Signals) -> None:
    process = started(*site.build)
    site.wait(process, MOMENTS[moment])
    # An overlay is laid in less time.
    time.sleep(0 if moment == "disk" else 0.2)
    process.send_signal(number)
    ended(process, number)
    assert site.traces() == []
    assert site.files() == []


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("number", CODES)
def test_a_signal_while_the_image_is_admitted(site: Site, started: Start, number: signal.Signals) -> None:
    """Before the commit point nothing is there, after it everything."""
    process = started(*site.build)
    site.wait(process, begins("verify"))
    deadline = time.monotonic() + 900
    while not any(map(begins("admit"), site.seen())):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    names = sorted(path.name for path in site.pool.iterdir())
    whole = ["stopped-v1.0.evidence", "stopped-v1.0.json", "stopped-v1.0.qcow2"]
    assert (process.returncode, names) in [(0, whole), (CODES[number][0], whole), (CODES[number][0], [])], err
    assert site.traces() == []


@pytest.mark.guestfs
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        # The appliance is booting; a program runs in it.
        ("open", signal.SIGINT),
        pytest.param("open", signal.SIGTERM, marks=pytest.mark.full),
        pytest.param("customize", signal.SIGTERM, marks=pytest.mark.full),
    ],
)
def test_a_signal_while_an_appliance_has_the_guest(
    sleeper: Site, started: Start, moment: str, number: signal.Signals
) -> None:
    site = replace(sleeper, engine="guestfs")
    process = started(*site.build)
    site.wait(process, MOMENTS[moment])
    deadline = time.monotonic() + PATIENCE
    # The appliance itself has to be made first.
    while not any("qemu-system" in trace and "guestfs" in trace for trace in site.traces()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    ended(process, number)
    assert site.gone() == []
    assert site.files() == []


@pytest.mark.full
@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("delay", [0.17 * 1.17**number for number in range(24)], ids="{:.2f}".format)
def test_a_signal_at_any_time(site: Site, started: Start, delay: float, number: signal.Signals) -> None:
    process = started(*site.build)
    site.wait(process, begins("base"))
    time.sleep(delay)
    process.send_signal(number)
    ended(process, number)
    assert site.traces() == []
    assert site.files() == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.full)])
def test_signals_while_a_program_runs_in_the_guest_and_during_the_clean_up(
    sleeper: Site, started: Start, number: signal.Signals
) -> None:
    process = started(*sleeper.build)
    sleeper.wait(process, in_guest)
    time.sleep(0.5)
    assert any(f"sleep {SLEEP}" in trace for trace in sleeper.traces())
    process.send_signal(number)
    # Python takes signals that wait together by their numbers.
    time.sleep(0.1)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    ended(process, number)
    assert sleeper.traces() == []
    assert sleeper.files() == []


def test_a_killed_build_ends_at_once_and_the_same_command_works_again(sleeper: Site, started: Start) -> None:
    process = started(*sleeper.build)
    sleeper.wait(process, in_guest)
    process.kill()
    process.wait()
    assert sleeper.gone() == []
    assert sleeper.files() != []

    again = started(*sleeper.build)
    sleeper.events.unlink()
    sleeper.wait(again, in_guest)
    again.terminate()
    ended(again, signal.SIGTERM)
    assert sleeper.files() == []


def test_gc_clears_what_a_killed_build_left(sleeper: Site, started: Start, goldsmith: Goldsmith) -> None:
    process = started(*sleeper.build)
    sleeper.wait(process, begins("open"))
    assert "0 things" in goldsmith("gc", "--pool", sleeper.pool).out, "gc touched a living run"
    process.kill()
    process.wait()
    assert sleeper.gone() == []
    would = goldsmith("gc", "--pool", sleeper.pool, "--dry-run").out
    assert "would remove 1 things" in would
    assert sleeper.files() != []
    assert goldsmith("gc", "--pool", sleeper.pool).out == would.replace("would remove", "removed")
    assert sleeper.files() == []


@pytest.mark.parametrize(
    "number", [signal.SIGHUP, signal.SIGKILL, *(pytest.param(each, marks=pytest.mark.full) for each in CODES)]
)
def test_verifying_a_disk(
    site: Site, debian12: Base, started: Start, goldsmith: Goldsmith, number: signal.Signals
) -> None:
    process = started("verify", debian12.disk.path, "--engine", "mount", "--no-rehearse", "--events", site.events)
    site.wait(process, powered_on)
    assert any("qemu-system" in trace for trace in site.traces())
    process.send_signal(number)
    if number == signal.SIGKILL:
        process.wait()
        assert site.gone() == []
        assert "removed 1 things" in goldsmith("gc", "--pool", site.pool).out
    else:
        ended(process, number)
    assert site.traces() == []
    assert site.files() == []
    assert site.scratch() == []


@pytest.fixture
def small() -> Iterator[Callable[[Path, int], None]]:
    """Makes a folder one of a file system with room for so many MiB."""
    mounted: list[Path] = []

    def mount(folder: Path, mebibytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder], check=True)
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def told_of_no_space(said: Any) -> None:
    assert said.code == 3, said.err
    assert "no space left" in said.error
    assert "\nhint: " in said.err


# The guest's content is about 560 MiB, changes of it a few, and it is there twice when it is packed.
@pytest.mark.parametrize(("mebibytes", "step"), [(300, "seal"), (700, "seal")], ids=["flat", "packed"])
def test_a_full_pool(
    site: Site, goldsmith: Goldsmith, small: Callable[[Path, int], None], mebibytes: int, step: str
) -> None:
    small(site.pool, mebibytes)
    told_of_no_space(goldsmith(*site.build))
    assert [event["step"] for event in site.seen() if event["event"] == "StepFailed"] == [step]
    assert site.files() == []


def test_a_pool_that_a_step_in_the_guest_fills(
    site: Site, goldsmith: Goldsmith, small: Callable[[Path, int], None]
) -> None:
    words = "command: [dd, if=/dev/urandom, of=/var/large, bs=1M, count=100, conv=fsync]"
    site.recipe.write_text(site.recipe.read_text().replace('command: [sleep, "0.1"]', words))
    small(site.pool, 50)
    told_of_no_space(goldsmith(*site.build))
    assert [trace.split()[:3] for trace in site.traces()] == [["mount", "tmpfs", str(site.pool)]]
    assert site.files() == []


def test_a_full_cache(site: Site, goldsmith: Goldsmith, small: Callable[[Path, int], None]) -> None:
    cache = site.top / "cache"
    small(cache, 100)
    told_of_no_space(goldsmith(*site.build, XDG_CACHE_HOME=str(cache)))
    assert [path for path in (cache / "goldsmith/bases").rglob("*") if path.is_file() and path.suffix != ".lock"] == []
    assert site.files() == []


def shell(words: str, site: Site, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A line of shell in which "$@" is a build."""
    argv = ["bash", "-c", words, "sh", sys.executable, "-c", COMMAND]
    return subprocess.run(
        [*argv, *map(str, site.build)], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("unbuffered", ["1", ""])
@pytest.mark.parametrize("words", ["--help", "--version", "plan --json RECIPE"])
def test_a_reader_that_left_before_the_first_line(
    site: Site, environment: dict[str, str], words: str, unbuffered: str
) -> None:
    environment["PYTHONUNBUFFERED"] = unbuffered
    argv = [sys.executable, "-c", COMMAND, *words.replace("RECIPE", str(site.recipe)).split()]
    line = ["bash", "-c", '"$@" | true; exit ${PIPESTATUS[0]}', "sh", *argv]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert [said for said in done.stderr.splitlines() if "Error" in said or "error" in said] == []


def test_a_reader_of_the_talk_that_leaves(site: Site, environment: dict[str, str]) -> None:
    done = shell('set -o pipefail; "$@" 2>&1 | head -1', site, environment)
    assert done.returncode == 1
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert site.traces() == []
    assert site.files() == []


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_and_no_home(site: Site, environment: dict[str, str], closed: str) -> None:
    environment.pop("HOME", None)
    environment.pop("XDG_RUNTIME_DIR")
    site.recipe.write_text(site.recipe.read_text().replace('[sleep, "0.1"]', '["false"]'))
    done = shell(f'"$@" {closed}', site, environment)
    assert done.returncode == 1
    said = [event["message"] for event in site.seen() if event["event"] == "StepFailed"]
    assert [message for message in said if "false" in message] == said != []
    assert ("error: " in done.stderr) == ("2>" not in closed)
    assert site.traces() == []
    assert site.files() == []
