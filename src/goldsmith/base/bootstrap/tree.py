"""The guest's file tree, made from packages by mmdebstrap; as root, or as a plain user's subordinate ids."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from goldsmith.base.bootstrap.archive import Suite, credentials, guest_sources, mirror_lines
from goldsmith.base.bootstrap.guestfiles import as_tar, early_files, finish_script, late_files
from goldsmith.base.bootstrap.ids import Ids
from goldsmith.base.distro import Distro
from goldsmith.base.hashing import STEP
from goldsmith.base.identity import Identity
from goldsmith.disk.limits import no_space
from goldsmith.errors import HostError, ProcessError
from goldsmith.events import Emit, Progress
from goldsmith.run import run, running

# Seconds for all of it: 40 s on two cores with a near mirror; a slow line takes its time.
TIMEOUT = 3600.0
# mmdebstrap's words, in the order in which it says them.
STAGES = (
    "running apt-get update",
    "downloading packages with apt",
    "extracting archives",
    "installing essential packages",
    "installing remaining packages",
    "cleaning package lists",
    "success in",
)
PROXIES = ("http_proxy", "https_proxy", "no_proxy")
NETWORK = ("Temporary failure resolving", "Could not connect", "Could not resolve", "Connection timed out",
           "Unable to connect", "Connection failed", "Network is unreachable")  # fmt: skip


def make_tree(
    distro: Distro,
    tree: Path,
    *,
    work: Path,
    ids: Ids,
    suites: tuple[Suite, ...],
    identity: Identity,
    emit: Emit,
) -> None:
    """Make the folder `tree`, a guest; `work` takes what is needed beside it.

    Raises HostError, or ProcessError with apt's own last lines.
    """
    keyring = find_keyring(distro)
    early, late = work / "early.tar", work / "late.tar"
    early.write_bytes(as_tar(early_files(ids)))
    late.write_bytes(as_tar(late_files(ids, guest_sources(suites, keyring))))
    mirrors = work / "mirrors.list"
    mirrors.write_text("".join(f"{line}\n" for line in mirror_lines(suites, keyring)), encoding="utf-8")
    argv = mmdebstrap_argv(
        distro, tree, mirrors if suites else None, keyring, early=early, late=late, identity=identity
    )
    env = {"TMPDIR": str(tree.parent), **build_proxies()}
    log_path = work / "mmdebstrap.log"
    with log_path.open("wb") as log, running(argv, log=log, env=env) as process:
        waited, passed = 0.0, 0
        while (returncode := process.wait(0.5)) is None:
            waited += 0.5
            if waited > TIMEOUT:
                raise ProcessError(f"mmdebstrap did not end within {TIMEOUT:.0f} s", log_tail=_tail(log_path, suites))
            passed = _report(log_path, passed, emit)
    _report(log_path, passed, emit)
    if returncode != 0:
        raise _failure(distro, tree, _tail(log_path, suites))


def mmdebstrap_argv(
    distro: Distro,
    tree: Path,
    mirrors: Path | None,
    keyring: Path,
    *,
    early: Path,
    late: Path,
    identity: Identity,
) -> list[str]:
    """The command line, whole. Mirrors stand in a file: everybody on the host can read an argument."""
    script = finish_script(own_sources=mirrors is not None)
    return [
        "mmdebstrap",
        f"--mode={'root' if identity.is_root else 'unshare'}",
        "--variant=minbase",
        "--format=directory",
        f"--include={','.join(distro.packages)}",
        f"--keyring={keyring}",
        # Nothing here has to survive a power cut; the file is removed again by the script.
        "--dpkgopt=force-unsafe-io",
        f"--essential-hook=tar-in {shlex.quote(str(early))} /",
        f"--customize-hook=tar-in {shlex.quote(str(late))} /",
        f'--customize-hook=chroot "$1" /bin/sh -c {shlex.quote(script)}',
        distro.suite,
        str(tree),
        *([str(mirrors)] if mirrors is not None else []),
    ]


def find_keyring(distro: Distro) -> Path:
    """The archive's keys on this host. Raises HostError with the install line."""
    for keyring in map(Path, distro.keyrings):
        if keyring.is_file():
            return keyring
    raise HostError(
        f"the keys of {distro.name}'s archive are not installed",
        hint=f"as root: apt-get install --no-install-recommends {distro.keyring_package}",
    )


def build_proxies() -> dict[str, str]:
    """The environment's proxies, and apt's own where it has some: for the build alone, the image never sees them."""
    found = {
        name: value for name in PROXIES if (value := os.environ.get(name) or os.environ.get(name.upper())) is not None
    }
    said = run(
        ["apt-config", "shell", "http_proxy", "Acquire::http::Proxy", "https_proxy", "Acquire::https::Proxy"],
        timeout=60,
    )
    for line in said.stdout.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition("=")
        words = shlex.split(value)
        if name in PROXIES and words and words[0]:
            found[name] = words[0]
    return {name: value for name, value in found.items() if value.upper() != "DIRECT"}


def _report(log: Path, passed: int, emit: Emit) -> int:
    said = log.read_text(encoding="utf-8", errors="replace")
    while passed < len(STAGES) and STAGES[passed] in said:
        passed += 1
        emit(Progress(STEP, passed, len(STAGES), "stages"))
    return passed


def _tail(log: Path, suites: tuple[Suite, ...]) -> list[str]:
    text = log.read_text(encoding="utf-8", errors="replace")
    for secret in (*credentials(suites), *build_proxies().values()):
        text = text.replace(secret, "***")
    return text.splitlines()[-20:]


def _failure(distro: Distro, tree: Path, tail: Iterable[str]) -> HostError | ProcessError:
    tail = list(tail)
    said = "\n".join(tail)
    if "No space left on device" in said:
        return no_space(tree.parent, f"bootstrapping {distro.name}")
    hint = None
    if any(word in said for word in NETWORK):
        hint = "check network and proxy: the packages come from the mirror in this host's apt sources, or the default"
    elif "NO_PUBKEY" in said or "not signed" in said or "EXPKEYSIG" in said:
        hint = f"this host's {distro.keyring_package} may be too old for {distro.name}: upgrade it"
    return ProcessError(f"bootstrapping {distro.name} failed: mmdebstrap gave up", log_tail=tail, hint=hint)
