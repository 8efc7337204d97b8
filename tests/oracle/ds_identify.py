"""Runs ds-identify and its generator, as they lie in cloud-init's Debian packages, on made-up roots.

The scripts are the packages' own; only the absolute paths in them are led into the root. What they ask of the machine
(uname, blkid, systemd-detect-virt) answers from files of the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.oracle.oracle import Oracle

from goldsmith.cloudinit.identify import Identified
from goldsmith.cloudinit.surroundings import Surroundings
from goldsmith.run import run

PROGRAMS = {
    "uname": 'case $1 in *n*) set -- "Linux host 6.1 ";; *) set -- "Linux ";; esac\n'
    'printf "%s#1 SMP %s" "$1" "$(cat "$PATH_ROOT/machine")"\n'
    'case $0$1 in *host*) echo " GNU/Linux";; *) echo;; esac\n',
    "blkid": 'cat "$PATH_ROOT/blkid"\n',
    "systemd-detect-virt": 'virt=$(cat "$PATH_ROOT/virt")\n'
    "case $1 in --container) case $virt in systemd-nspawn|lxc|docker) exit 0;; *) exit 1;; esac;; esac\n"
    'echo "$virt"; [ "$virt" != none ]\n',
}
# Led into the root, in the scripts' own words.
ABSOLUTE = {
    "ds-identify": {
        "[ -d /run/systemd ]": '[ -d "$PATH_ROOT/run/systemd" ]',
        "/etc/cloud/cloud-init.disabled ]": '"$PATH_ROOT/etc/cloud/cloud-init.disabled" ]',
    },
    "cloud-init-generator": {
        'LOG_D="/run/cloud-init"': 'LOG_D="$PATH_ROOT/run/cloud-init"',
        'LOG_F="/run/cloud-init': 'LOG_F="$PATH_ROOT/run/cloud-init',
        'dsidentify="/usr/lib/cloud-init/ds-identify"': 'dsidentify="$BIN/ds-identify"',
        ":-/etc/cloud/cloud-init.}": ":-$PATH_ROOT/etc/cloud/cloud-init.}",
        "< /proc/1/cmdline)": '< "$PATH_ROOT/proc/1/cmdline")',
        "read _RET < /proc/cmdline": 'read _RET < "$PATH_ROOT/proc/cmdline"',
    },
}
LOOP = """\
for PATH_ROOT in "$@"; do
  export PATH_ROOT
  "$BIN/cloud-init-generator" "$PATH_ROOT/normal" "$PATH_ROOT/early" "$PATH_ROOT/late" </dev/null
done
"""


@dataclass(frozen=True)
class Case:
    """A made-up machine with a made-up image."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    around: Surroundings = field(default_factory=Surroundings)


def decide(oracle: Oracle, cases: Sequence[Case], folder: Path) -> list[Identified]:
    """The scripts' decisions, without their reasons."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    generator = next(oracle.root.path.glob("*/systemd/system-generators/cloud-init-generator"), None) or next(
        oracle.root.path.glob("usr/lib/systemd/system-generators/cloud-init-generator")
    )
    for name, source in (("ds-identify", oracle.root.ds_identify), ("cloud-init-generator", generator)):
        text = source.read_text(encoding="utf-8")
        for old, new in ABSOLUTE[name].items():
            text = text.replace(old, new)
        _program(programs / name, text)
    for name, text in PROGRAMS.items():
        _program(programs / name, f"#!/bin/sh\n{text}")
    roots = [_root(folder / str(number), case) for number, case in enumerate(cases)]
    env = {"PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin", "BIN": str(programs)}
    run(["sh", "-c", LOOP, "sh", *map(str, roots)], timeout=600, env=env, check=False)
    return [_decision(root) for root in roots]


def _program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _root(root: Path, case: Case) -> Path:
    around = case.around
    blkid = "".join(
        f"DEVNAME=/dev/vd{letter}\nLABEL={label}\nTYPE=vfat\n\n"
        for letter, label in zip("bcdef", around.labels, strict=False)
    )
    pid1 = around.cmdline.replace(" ", "\0") + "\0"
    written = {
        **case.files,
        "/machine": around.arch.encode(),
        "/virt": around.virt.encode(),
        "/blkid": f"DEVNAME=/dev/vda1\nUUID=11-22\nTYPE=ext4\n\n{blkid}".encode(),
        "/proc/cmdline": f"{'' if around.is_container else around.cmdline}\n".encode(),
        "/proc/1/cmdline": pid1.encode() if around.is_container else b"/sbin/init\0",
        "/proc/uptime": b"1.0 1.0\n",
        **{f"/sys/class/dmi/id/{name}": f"{value}\n".encode() for name, value in around.dmi.items()},
    }
    for folder in ("run/systemd", "etc/cloud/cloud.cfg.d", "sys/class/dmi/id", "normal", "early", "late"):
        (root / folder).mkdir(parents=True)
    for path, content in written.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def _decision(root: Path) -> Identified:
    enabled, disabled = root / "run/cloud-init/enabled", root / "run/cloud-init/disabled"
    assert enabled.exists() != disabled.exists(), f"the generator said nothing about {root}"
    runtime = root / "run/cloud-init/cloud.cfg"
    told = runtime.read_bytes().decode().split("\n") if enabled.exists() and runtime.exists() else []
    # As text: what it copies from a broken list is no YAML. What it only reports is indented.
    listed = next((line for line in told if line.startswith("datasource_list: [ ")), None)
    return Identified(
        enabled=enabled.exists(),
        why="",
        datasources=None
        if listed is None
        else tuple(listed.removeprefix("datasource_list: [ ").removesuffix(" ]").split(", ")),
    )
