"""A real libvirtd of the tests' own: its configuration, sockets, logs and state lie in a folder, the host's are left
alone. For root it runs in a private mount namespace, where that folder's parts stand in the host's places.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PLACES = {
    "etc": "/etc/libvirt",
    "run": "/run/libvirt",
    "lib": "/var/lib/libvirt",
    "log": "/var/log/libvirt",
    "cache": "/var/cache/libvirt",
    "swtpm-log": "/var/log/swtpm",
}
QEMU_CONF = """
user = "root"
group = "root"
swtpm_user = "root"
swtpm_group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
"""
# Debian's libvirtd wants its user even where the configuration names another.
USER = "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n"
GROUP = "libvirt-qemu:x:64055:\n"
# Runs in the namespace: $1 is the folder.
START = """
set -e
while read -r part place; do
  mkdir -p "$place"
  mount --bind "$1/$part" "$place"
done <"$1/places"
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
cd "$1"
"""


class Libvirtd:
    """`start` and `kill` as often as wanted; the folder stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = f"qemu+unix:///system?socket={folder}/sock/libvirt-sock"
        self._daemons: list[subprocess.Popen[bytes]] = []
        for part in (*PLACES, "sock"):
            (folder / part).mkdir()
        (folder / "lib/boot").mkdir()
        (folder / "places").write_text("".join(f"{part} {place}\n" for part, place in PLACES.items()))
        for name, line in (("passwd", USER), ("group", GROUP)):
            others = [each for each in Path("/etc", name).read_text().splitlines() if "libvirt-qemu" not in each]
            (folder / name).write_text("\n".join((*others, line)))
        (folder / "etc/qemu.conf").write_text(QEMU_CONF)
        config = f'unix_sock_dir = "{folder}/sock"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n'
        (folder / "etc/libvirtd.conf").write_text(config)

    @property
    def logs(self) -> tuple[Path, Path]:
        """Where it keeps the logs of its QEMUs and of their TPMs."""
        return self.folder / "log/qemu", self.folder / "swtpm-log/libvirt/qemu"

    def start(self) -> None:
        self._spawn("virtlogd", "--pid-file", "virtlogd.pid")
        wait_until((self.folder / "run/virtlogd-sock").exists)
        self._spawn("libvirtd", "--config", "etc/libvirtd.conf", "--pid-file", "libvirtd.pid")
        # The first one asks every QEMU of the host what it can do: 12 s on a loaded host.
        wait_until(lambda: self.virsh("list", check=False).returncode == 0, seconds=90)

    def _spawn(self, *argv: str) -> None:
        shell = ["bash", "-c", f'{START}\nshift\nexec "$@"', "bash", str(self.folder), *argv]
        with (self.folder / f"{argv[0]}.err").open("ab") as log:
            self._daemons.append(
                subprocess.Popen(
                    ["unshare", "--mount", "--propagation", "private", *shell],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def virsh(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["virsh", "--connect", self.uri, *words]
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=90)

    def domains(self) -> list[str]:
        return self.virsh("list", "--all", "--name").stdout.split()

    def signal(self, number: signal.Signals) -> None:
        """To libvirtd alone."""
        self._daemons[-1].send_signal(number)

    def kill(self) -> None:
        for daemon in self._daemons:
            daemon.kill()
            daemon.wait()
        self._daemons.clear()

    def leftovers(self) -> list[str]:
        """What is there of any domain of ours: files of libvirtd, and processes."""
        files = [str(path) for path in self.folder.rglob("*goldsmith*")]
        state = [str(path) for path in self.folder.glob("lib/swtpm/*")]
        return [*files, *state, *processes_of("guest=goldsmith-"), *processes_of(f"{self.folder}/lib/swtpm")]


def processes_of(word: str) -> list[str]:
    """The command lines that contain it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in command and "pytest" not in command:
            found.append(command)
    return found


@contextmanager
def own_libvirtd() -> Iterator[Libvirtd]:
    folder = Path(tempfile.mkdtemp(prefix="lv-", dir="/tmp"))
    folder.chmod(0o755)
    daemon = Libvirtd(folder)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.kill()
        shutil.rmtree(folder)


def wait_until(holds: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.05)
