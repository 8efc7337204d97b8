"""Guest programs under the mount engine: a container of systemd-nspawn whose root is nobody on the host.

User, PID, mount, IPC, UTS and (unless the network is asked for) network namespaces over an id-mapped mount: files stay
owned as the guest has them, while uid 0 inside is an unused uid outside. Where the host cannot map ids, programs do
not run: there is no fallback to the host's root.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from goldsmith.errors import BuildError, HostError
from goldsmith.findings import printable
from goldsmith.guest.change import ABSENT, Plan, Remove, Seen, Write
from goldsmith.guest.guest import GuestProgram
from goldsmith.guest.worker import syscalls
from goldsmith.guest.worker.backend import Program
from goldsmith.guest.worker.idmap import UIDS, map_owners
from goldsmith.guest.worker.posix_tree import PosixTree
from goldsmith.guest.worker.program import (
    POLICY,
    POLICY_TEXT,
    POLICY_WITNESSES,
    RESOLVER,
    RUN,
    shown_files,
    started_by_shell,
)
from goldsmith.run import Running, running

# Of what nspawn leaves to a container; no package's script needs them.
DROPPED = "CAP_SYS_BOOT,CAP_SYS_TTY_CONFIG,CAP_AUDIT_CONTROL,CAP_LEASE,CAP_NET_BROADCAST"
NSPAWN_FOLDER = "/run/systemd/nspawn"
OUTPUT_LIMIT = 64 << 20


class Container:
    """Runs one guest program after the other over a mounted root. `private` is a folder on a tmpfs."""

    def __init__(self, root: str, private: str, tree: PosixTree) -> None:
        self._root = root
        self._mapped = os.path.join(private, "mapped")
        self._private = private
        self._tree = tree
        self._base = 0
        self._running: Running | None = None
        self._proven = False
        # nspawn keeps names there; a tmpfs of this worker's own keeps two workers apart and leaves nothing on the host.
        os.makedirs(NSPAWN_FOLDER, exist_ok=True)
        syscalls.mount("tmpfs", NSPAWN_FOLDER, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=0755")

    def run(self, program: Program) -> GuestProgram:
        """Raises HostError where the host cannot isolate it, BuildError where it does not end in time."""
        done = self._run(program)
        if done.returncode != 0 and not self._proven:
            # nspawn's own failures look like the program's. Something that cannot fail tells them apart.
            probe = self._run(Program(("/bin/sh", "-c", "exit 0"), False, b"", {}, {}, 60.0))
            if probe.returncode != 0:
                said = probe.output.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
                raise HostError(
                    f"this host cannot run guest programs apart from itself: {printable(said[0])}",
                    hint="use --engine guestfs: its appliance keeps guest programs apart",
                )
        self._proven = True
        return done

    def cancel(self) -> None:
        if self._running is not None:
            self._running.end()

    def close(self) -> None:
        """Nothing of the guest is in use any more."""
        if self._base:
            syscalls.unmount(self._mapped, detach=True)
            self._base = 0

    def _map_owners(self) -> int:
        """The uid that is root in the container: the same for all programs of one session."""
        if not self._base:
            os.mkdir(self._mapped)
            self._base = map_owners(self._root, self._mapped, self._private)
        return self._base

    def _run(self, program: Program) -> GuestProgram:
        with ExitStack() as stack:
            base = self._map_owners()
            folder = Path(tempfile.mkdtemp(dir=self._private))
            stack.callback(shutil.rmtree, folder)
            binds = {
                guest: str(_handed(folder / f"file{number}", content, base))
                for number, (guest, content) in enumerate(shown_files(program).items())
            }
            if program.network:
                binds |= stack.enter_context(self._resolver(folder))
            binds |= stack.enter_context(self._services_kept_from_starting(folder))
            stdin = _handed(folder / "stdin", program.stdin, base)
            argv = nspawn_argv(self._mapped, base, binds, program)
            output = _Output(base)
            with (
                stdin.open("rb") as source,
                output.writer as sink,
                running(argv, log=sink, stdin=source, env={"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}) as process,
            ):
                self._running = process
                sink.close()
                returncode = process.wait(program.timeout)
                process.end()
                self._running = None
            text = output.read()
        if returncode is None:
            raise BuildError(
                f"{printable(program.argv[0])} in the guest did not end within {program.timeout:.0f} s",
                hint="; ".join(printable(line) for line in text.decode("utf-8", "replace").splitlines()[-1:]) or None,
            )
        return GuestProgram(program.argv, returncode, text)

    @contextmanager
    def _resolver(self, folder: Path) -> Iterator[dict[str, str]]:
        """The host's resolver, shown where the guest's resolv.conf leads; nothing of it stays in the guest."""
        ours = folder / "resolv.conf"
        ours.write_bytes(Path(RESOLVER).read_bytes() if Path(RESOLVER).exists() else b"")
        ours.chmod(0o644)
        where = self._tree.resolve(RESOLVER)
        if where.startswith(RUN):
            yield {where: str(ours)}
            return
        with self._placed(where, b"", 0o644):
            yield {where: str(ours)}

    @contextmanager
    def _services_kept_from_starting(self, folder: Path) -> Iterator[dict[str, str]]:
        """Debian's maintainer scripts ask policy-rc.d before they start a service. Others find no running systemd."""
        if not set(POLICY_WITNESSES) & set(self._tree.index(POLICY_WITNESSES, digests=False)):
            yield {}
            return
        ours = folder / "policy-rc.d"
        ours.write_bytes(POLICY_TEXT)
        ours.chmod(0o755)
        where = self._tree.resolve(POLICY)
        with self._placed(where, POLICY_TEXT, 0o755):
            yield {where: str(ours)}

    @contextmanager
    def _placed(self, path: str, content: bytes, mode: int) -> Iterator[None]:
        """A file that something is bound over, made where there is none and removed again, unless it became another."""
        present = path in self._tree.index((path,), digests=False)
        if not present:
            self._tree.apply(
                Plan((Write(path=path, seen=ABSENT, operation="run", reason="", content=content, mode=mode),))
            )
        try:
            yield
        finally:
            entry = self._tree.index((path,), digests=False).get(path)
            if not present and entry is not None and entry.is_regular and entry.size == len(content):
                self._tree.apply(Plan((Remove(path=path, seen=Seen.of(entry), operation="run", reason=""),)))


def nspawn_argv(root: str, base: int, binds: Mapping[str, str], program: Program) -> list[str]:
    """The container's command line. `binds` maps guest paths to files of the host, shown read only."""
    return [
        "systemd-nspawn",
        "--quiet",
        "--settings=no",
        "--register=no",
        "--keep-unit",
        "--as-pid2",
        "--pipe",
        "--machine=guest",
        f"--directory={root}",
        f"--private-users={base}:{UIDS}",
        # The root is mapped already.
        "--private-users-ownership=off",
        *([] if program.network else ["--private-network"]),
        f"--drop-capability={DROPPED}",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        # Each file is flushed once, when all is done, instead of by every fsync of dpkg.
        "--suppress-sync=yes",
        *(f"--bind-ro={_escape(host)}:{_escape(guest)}" for guest, host in binds.items()),
        "--",
        *started_by_shell(program),
    ]


def _escape(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:")


def _handed(path: Path, content: bytes, owner: int) -> Path:
    """A file that the container's root owns and nobody else may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    with open(descriptor, "wb") as file:
        file.write(content)
        os.fchown(descriptor, owner, owner)
    return path


class _Output:
    """A program's output through a pipe that it may open again (/dev/stderr); of more than a limit, the end is kept."""

    def __init__(self, owner: int) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        os.fchown(writer, owner, owner)
        self.writer = os.fdopen(writer, "wb", buffering=0)
        self._blocks = bytearray()
        self._thread = threading.Thread(target=self._collect, args=(reader,), daemon=True)
        self._thread.start()

    def read(self) -> bytes:
        self._thread.join()
        return bytes(self._blocks)

    def _collect(self, reader: int) -> None:
        with open(reader, "rb", buffering=0) as file:
            while block := file.read(1 << 16):
                self._blocks += block
                if len(self._blocks) > 2 * OUTPUT_LIMIT:
                    del self._blocks[:-OUTPUT_LIMIT]
