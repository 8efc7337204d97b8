"""Writes docs/why.md: one source that had booted once, sealed by the usual tools and by goldsmith, and clones of both.

Everything in the page was measured by the run that wrote it. Usage: scripts/why [FILE]
"""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ours import goldsmith
from timing import Run
from today import four_tools

from goldsmith import api
from goldsmith.base.source import registered
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import convert, create_overlay
from goldsmith.disk.seal import Packing
from goldsmith.events import ignore
from goldsmith.findings import Finding
from goldsmith.guest.open import open_guest
from goldsmith.machine.acceleration import Acceleration, acceleration
from goldsmith.machine.boot import BootRecord, boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.options import MachineOptions
from goldsmith.rules.facts import Facts
from goldsmith.verification.gather import gather

PAGE = Path(__file__).parents[1] / "docs/why.md"
ENGINE = "mount"
MIB = 1 << 20
# Before its first boot the source is told to take its defaults where nobody gives it a seed.
SOURCE = "datasource_list: [NoCloud, None]\n"
DROP_IN = """\
datasource_list: [NoCloud, None]
system_info:
  default_user: {name: admin, shell: /bin/bash, lock_passwd: true, sudo: ["ALL=(ALL) NOPASSWD:ALL"]}
ssh_pwauth: false
"""
# What the build put somewhere and removed again before sealing, each with a word that no other place has. Other work
# comes before, as in every build: a journal begins anew with each mount, and its beginning is soon written over.
PLANT = """
set -eu
cp -r /usr/lib/python3/dist-packages /opt/build
sync
rm -r /opt/build/*
echo 'token {content}' >/opt/build/token
: >/root/name-{name}
ln -s /nowhere/{target} /root/link
: >/root/attributed
python3 -c 'import os; os.setxattr("/root/attributed", "user.note", b"{attribute}")'
echo 'curl -H "Authorization: {history}" https://example.org' >>/root/.bash_history
sync
"""
FORGET = "rm -r /opt/build /root/name-* /root/link /root/attributed; sync"
KINDS = {
    "content": "in a file that the build removed",
    "name": "in the name of a removed file",
    "target": "in a removed link's target",
    "attribute": "in a removed file's attribute",
    "history": "in root's shell history",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to seal: the run, the image, what stands in it, and two clones of it after their first boot."""

    run: Run
    image: Disk
    sealed: Facts
    findings: tuple[Finding, ...]
    found: frozenset[str]
    clones: tuple[tuple[BootRecord, Facts], ...]


def main() -> int:
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    machines = acceleration()
    source = registered()["bootstrap"].model_validate({"bootstrap": "debian/12"})
    base = source.resolve(folder=Path.cwd(), arch="x86_64", offline=False, refresh=False, emit=ignore)
    words = {kind: secrets.token_hex(16) for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="goldsmith-why-", dir="/var/tmp") as made:
        folder = Path(made)
        drop_in = folder / "99-custom-defaults.cfg"
        drop_in.write_text(DROP_IN)
        given, first = _source(base.disk, folder, machines, words)
        _say(f"the source booted once in {first.seconds:.0f} s")
        # One right after the other, so that both find the host alike busy.
        sealed = {name: seal(given, drop_in, folder / name, machines) for name, seal in SEALS.items()}
        ways = [_proven(folder / name, each, machines, words) for name, each in sealed.items()]
        page.write_text("\n".join(_page(ways, first, machines)) + "\n")
    _say(f"written: {page}")
    return 0


def _source(base: Disk, folder: Path, machines: Acceleration, words: dict[str, str]) -> tuple[Disk, BootRecord]:
    """A disk whose system ran once without a seed, and then a build that cleaned up after itself."""
    work = create_overlay(folder / "work.qcow2", base)
    shell = ["sh", "-c", f"printf '%s' '{SOURCE}' >/etc/cloud/cloud.cfg.d/91-local.cfg"]
    _in_guest(work, folder, shell)
    (record,) = boot([_spec("source", work, folder, machines, cpus=2)], speed=machines.speed)
    assert record.problem is None, record.problem
    _in_guest(work, folder, ["sh", "-c", _filled(PLANT, words)], ["sh", "-c", FORGET])
    # Uncompressed and alone, so that no way pays for the layers under it.
    return convert(work, folder / "source.qcow2", DiskFormat.QCOW2), record


def _today(given: Disk, drop_in: Path, folder: Path, machines: Acceleration) -> tuple[Run, Disk]:
    folder.mkdir()
    image = folder / "image.qcow2"
    run = four_tools(given, drop_in, folder, accelerated=machines.kvm, keep=image)
    return run, Disk(image, DiskFormat.QCOW2, given.virtual_size)


def _ours(given: Disk, drop_in: Path, folder: Path, machines: Acceleration) -> tuple[Run, Disk]:
    folder.mkdir()
    image, packing = folder / "image.qcow2", Packing.QCOW2_ZSTD
    run = goldsmith(given, drop_in, folder, engine=ENGINE, packing=packing, accelerated=machines.kvm, keep=image)
    return run, Disk(image, DiskFormat.QCOW2, given.virtual_size)


def _proven(folder: Path, sealed: tuple[Run, Disk], machines: Acceleration, words: dict[str, str]) -> Way:
    run, image = sealed
    _say(f"{run.name}: sealed in {run.seconds:.1f} s")
    specs = [
        _spec(name, create_overlay(folder / f"{name}.qcow2", image), folder, machines)
        for name in ("clone-1", "clone-2")
    ]
    records = boot(specs, speed=machines.speed)
    facts = [_facts(spec.disk, folder) for spec in specs]
    _say(f"{run.name}: two clones booted in {max(record.seconds for record in records):.0f} s")
    return Way(
        run=run,
        image=image,
        sealed=_facts(create_overlay(folder / "look.qcow2", image), folder),
        findings=api.audit(image.path, engine=ENGINE).findings,
        found=frozenset(_found(image, folder, words)),
        clones=tuple(zip(records, facts, strict=True)),
    )


def _spec(name: str, disk: Disk, folder: Path, machines: Acceleration, *, cpus: int = 1) -> MachineSpec:
    return MachineSpec(name=name, disk=disk, folder=folder, options=MachineOptions(cpus=cpus), accelerated=machines.kvm)


def _in_guest(disk: Disk, folder: Path, *programs: Sequence[str]) -> None:
    with open_guest(disk, engine=ENGINE, scratch=folder) as guest:
        for argv in programs:
            done = guest.run(argv)
            assert done.returncode == 0, done.output
        guest.sync()


def _facts(disk: Disk, folder: Path) -> Facts:
    with open_guest(disk, engine=ENGINE, scratch=folder, read_only=True) as guest:
        return gather(guest)


def _found(image: Disk, folder: Path, words: dict[str, str]) -> Iterator[str]:
    """Which kinds of words grep finds in the decoded disk."""
    raw = convert(image, folder / "decoded.raw", DiskFormat.RAW).path
    listed = folder / "words"
    listed.write_text("".join(f"{word}\n" for word in words.values()))
    argv = ["grep", "--text", "--only-matching", "--fixed-strings", f"--file={listed}", str(raw)]
    said = subprocess.run(argv, capture_output=True, text=True, check=False, env={"LC_ALL": "C"}).stdout.split()
    raw.unlink()
    yield from (kind for kind, word in words.items() if word in said)


def _filled(text: str, words: dict[str, str]) -> str:
    for kind, word in words.items():
        text = text.replace(f"{{{kind}}}", word)
    return text


def _page(ways: Sequence[Way], first: BootRecord, machines: Acceleration) -> Iterator[str]:
    today, ours = ways
    yield from (
        "# Why goldsmith",
        "",
        "<!-- Written by scripts/why. Do not edit: run it again. -->",
        "",
        "One Debian 12 that had booted once, without a seed, and in which a build then worked and cleaned up after",
        "itself. The usual four tools seal it (virt-customize, virt-sysprep, virt-sparsify --in-place,",
        "qemu-img convert -c), and so does goldsmith, with the same drop-in that asks for the user `admin`. Two clones",
        "of each image boot, without user-data, and power off. The page was written by the run that measured it; what",
        "it tells of clones was read from their disks, and of sshd from their consoles.",
        "",
        "| | four tools | goldsmith |",
        "|---|---|---|",
    )
    for title, tell in ROWS:
        yield f"| {title} | {tell(today)} | {tell(ours)} |"
    yield from ("", "## Is a word that the build removed still in the image?", "")
    yield "Words of 32 digits that stood nowhere else, looked for with `grep -a` in the decoded disk."
    yield from ("", "| | four tools | goldsmith |", "|---|---|---|")
    for kind, title in KINDS.items():
        yield f"| {title} | {_whether(kind in today.found)} | {_whether(kind in ours.found)} |"
    yield from ("", "## What `goldsmith audit` says of the image of the four tools", "")
    yield from _findings(today.findings)
    yield from ("", "## Seconds", "", "| | |", "|---|---|")
    for way in ways:
        yield from (f"| {way.run.name}: {part} | {seconds:.1f} |" for part, seconds in way.run.parts.items())
        yield f"| **{way.run.name}** | **{way.run.seconds:.1f}** |"
    accelerator = "KVM" if machines.kvm else "emulation, without KVM"
    yield from (
        "",
        f"Machines ran under {accelerator}; the source's own first boot took {first.seconds:.0f} s. goldsmith's",
        "seconds hold a second plan that has to be empty, scrubbing of what deletion leaves, and an audit of the",
        "sealed bytes.",
    )


def _shared(values: Sequence[str | None]) -> str:
    told = [f"`{value}`" if value else "none" for value in values]
    return f"{told[0]} **in both**" if len(set(values)) == 1 and values[0] else "<br>".join(told)


def _machine_ids(way: Way) -> str:
    return _shared([facts.machine_id for _, facts in way.clones])


def _host_keys(way: Way) -> str:
    keys = [{key.fingerprint for key in facts.host_keys} for _, facts in way.clones]
    if not all(keys):
        return "**none**"
    return f"{len(keys[0])} and {len(keys[1])}, {'**shared**' if keys[0] & keys[1] else 'none shared'}"


def _sshd(way: Way) -> str:
    failed = ["Failed to start ssh" in _uncolored(record.console) for record, _ in way.clones]
    return "**failed**" if all(failed) else "started" if not any(failed) else "one failed"


def _uncolored(console: Path) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", console.read_text(errors="replace"))


def _users(way: Way) -> str:
    names = [[each.name for each in facts.accounts if 1000 <= each.uid < 60000] for _, facts in way.clones]
    return "; ".join(dict.fromkeys(", ".join(each) or "none" for each in names))


def _sealed_id(way: Way) -> str:
    return f"**`{way.sealed.machine_id}`**" if way.sealed.machine_id else "empty"


def _cloud_init(way: Way) -> str:
    said = [
        "**took the build for its own**, nothing that runs once ran"
        if way.sealed.instance_id and facts.instance_id == way.sealed.instance_id
        else "configured the clone"
        for _, facts in way.clones
    ]  # fmt: skip
    return "; ".join(dict.fromkeys(said))


def _looks(way: Way) -> str:
    reached = [record.reached(Milestone.LOGIN) for record, _ in way.clones]
    return _whether(all(reached))


def _boots(way: Way) -> str:
    return ", ".join(f"{record.seconds:.0f} s" for record, _ in way.clones)


def _whether(value: object) -> str:
    return "yes" if value else "no"


ROWS: tuple[tuple[str, Callable[[Way], str]], ...] = (
    ("clones reach a login prompt", _looks),
    ("machine-id in the image", _sealed_id),
    ("machine-ids of the clones", _machine_ids),
    ("random seed in the image", lambda way: "**one for all clones**" if way.sealed.random_seed else "none"),
    ("cloud-init on the clones", _cloud_init),
    ("host keys of the clones", _host_keys),
    ("sshd on the clones", _sshd),
    ("users of the clones (asked for: admin)", _users),
    ("errors that `goldsmith audit` finds", lambda way: str(sum(each.severity == "error" for each in way.findings))),
    ("seconds to seal", lambda way: f"{way.run.seconds:.1f}"),
    ("MiB", lambda way: f"{way.run.size / MIB:.0f}"),
    ("boot of both clones at once, until powered off", _boots),
)


SEALS: Mapping[str, Callable[[Disk, Path, Path, Acceleration], tuple[Run, Disk]]] = {
    "today": _today,
    "goldsmith": _ours,
}


def _findings(found: Sequence[Finding]) -> Iterator[str]:
    for each in found:
        if each.severity == "error":
            yield f"- `{each.code}` {each.message}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
