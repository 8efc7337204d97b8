"""Whether KVM works on this host, proved by a timed boot of a kernel, and how fast machines run here.

The device node proves nothing, and neither does a firmware that runs: on a nested host whose KVM was broken SeaBIOS
reached its end, and every Linux kernel hung. The verdict is kept until the host reboots, or QEMU, the kernel or the
right to open /dev/kvm changes.
"""

from __future__ import annotations

import json
import os
import resource
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from goldsmith import settings
from goldsmith.errors import ProcessError
from goldsmith.events import Emit, Note, ignore
from goldsmith.machine.architecture import ARCHITECTURES, host_architecture, of_this_host
from goldsmith.run import require, run

KVM = Path("/dev/kvm")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
KERNELS = ((Path("/boot"), "vmlinuz-*"), (Path("/usr/lib/modules"), "*/vmlinuz"))
# A cloud kernel boots to its panic in 1.8 s of processor time under emulation, in 0.5 s with hardware virtualization.
REFERENCE_SECONDS = 0.5
KVM_SECONDS = 4.0
EMULATION_SECONDS = 6.0
ASSUMED_EMULATION_SPEED = 0.2


@dataclass(frozen=True, slots=True)
class Acceleration:
    """`kvm`: machines may use it. `why` is one line for people. `speed`: 1 is hardware virtualization, 0.2 is five
    times slower; patience is divided by it.
    """

    kvm: bool
    why: str
    speed: float

    def of(self, arch: str) -> Acceleration:
        """The same for machines of an architecture: one that is not this host's own is emulated."""
        host = host_architecture()
        if arch == host or arch not in ARCHITECTURES:
            return self
        why = f"{arch} machines are emulated on this {host} host"
        return Acceleration(kvm=False, why=why, speed=min(self.speed, ASSUMED_EMULATION_SPEED))


@dataclass(frozen=True, slots=True)
class TimedBoot:
    """A timed boot: the processor seconds that it took, or None and what went wrong.

    Processor time, because the verdict outlives the load of the moment.
    """

    seconds: float | None
    problem: str = ""


def acceleration(emit: Emit = ignore) -> Acceleration:
    """This host's verdict on machines of its own architecture, proved at most once between reboots (10 s at most).

    Raises HostError without QEMU.
    """
    program = Path(require(of_this_host().program))
    kernel = probe_kernel()
    key = _key(program, kernel)
    kept = settings.runtime_dir() / "acceleration.json"
    verdict = _recall(kept, key)
    if verdict is None:
        verdict = _prove(kernel)
        # On a crowded host a good KVM may look as if it hung: ask again next time.
        if verdict.kvm or not _crowded():
            _keep(kept, key, verdict)
    emit(Note(verdict.why))
    return verdict


def judge(*, unusable: str | None, kvm: TimedBoot | None, emulation: TimedBoot | None) -> Acceleration:
    """The verdict. `unusable` says why KVM could not even be tried; a boot that was not tried is None."""
    if kvm is not None and kvm.seconds is not None:
        why = f"KVM: a test boot took {kvm.seconds:.1f} s; using it"
        return Acceleration(kvm=True, why=why, speed=min(1.0, REFERENCE_SECONDS / kvm.seconds))
    reason = unusable if kvm is None else f"present, but {kvm.problem}"
    speed = ASSUMED_EMULATION_SPEED
    if emulation is not None and emulation.seconds is not None:
        speed = min(1.0, REFERENCE_SECONDS / emulation.seconds)
    return Acceleration(kvm=False, why=f"KVM: {reason}; using emulation", speed=speed)


def argv(kernel: Path, accelerator: str) -> list[str]:
    """Boots a kernel without a root file system: it panics, which restarts the machine, which ends QEMU. Its console is
    standard output.
    """
    host = of_this_host()
    words = [host.program, "-no-user-config", "-nodefaults", "-display", "none", "-nic", "none", "-no-reboot"]
    words += ["-machine", ",".join((host.machine, *host.tuning)), "-accel", accelerator]
    words += ["-cpu", "max" if accelerator == "kvm" else host.fastest, "-m", "256"]
    words += ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]
    return [*words, "-kernel", str(kernel), "-append", f"console={host.serial} panic=-1"]


def probe_kernel() -> Path | None:
    """The newest kernel of this host that we may read (Ubuntu keeps them from plain users)."""
    kernels = [path for folder, pattern in KERNELS for path in folder.glob(pattern) if os.access(path, os.R_OK)]
    return max(kernels, key=lambda path: path.stat().st_mtime, default=None)


def _prove(kernel: Path | None) -> Acceleration:
    if not KVM.exists():
        unusable = f"{KVM} is not there"
    elif not os.access(KVM, os.R_OK | os.W_OK):
        unusable = f"{KVM} may not be opened by this user (add it to the group kvm)"
    elif kernel is None:
        unusable = "not proved, because no kernel in /boot may be read for a test boot"
    else:
        kvm = _timed_boot(kernel, "kvm", KVM_SECONDS)
        emulation = _timed_boot(kernel, "tcg", EMULATION_SECONDS) if kvm.seconds is None else None
        return judge(unusable=None, kvm=kvm, emulation=emulation)
    emulation = _timed_boot(kernel, "tcg", EMULATION_SECONDS) if kernel is not None else None
    return judge(unusable=unusable, kvm=None, emulation=emulation)


def _timed_boot(kernel: Path, accelerator: str, limit: float) -> TimedBoot:
    before = _processor_seconds()
    try:
        done = run(argv(kernel, accelerator), timeout=limit, check=False)
    except ProcessError:
        return TimedBoot(None, f"a test boot hung for {limit:.0f} s")
    seconds = _processor_seconds() - before
    if done.returncode != 0:
        said = done.tail(1)
        return TimedBoot(None, f"QEMU ended with exit code {done.returncode}" + "".join(f": {line}" for line in said))
    if b"Kernel panic - not syncing" not in done.stdout:
        return TimedBoot(None, "a test boot ended before its kernel ran")
    return TimedBoot(seconds)


def _processor_seconds() -> float:
    """What the programs that have ended took so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _crowded() -> bool:
    return os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


def _key(program: Path, kernel: Path | None) -> str:
    parts = [BOOT_ID.read_text(encoding="ascii").strip(), str(os.access(KVM, os.R_OK | os.W_OK))]
    for path in (program, kernel):
        if path is not None:
            status = path.stat()
            parts.append(f"{path}:{status.st_size}:{status.st_mtime_ns}")
    return " ".join(parts)


def _recall(kept: Path, key: str) -> Acceleration | None:
    try:
        document = json.loads(kept.read_text(encoding="utf-8"))
        verdict = Acceleration(**document["verdict"])
        valid = isinstance(verdict.kvm, bool) and isinstance(verdict.why, str) and 0 < verdict.speed <= 1
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return verdict if valid and document.get("key") == key else None


def _keep(kept: Path, key: str, verdict: Acceleration) -> None:
    """A verdict that cannot be kept is only asked for again."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=kept.parent, delete=False, encoding="utf-8") as file:
            json.dump({"key": key, "verdict": asdict(verdict)}, file)
        Path(file.name).replace(kept)
    except OSError:
        return
