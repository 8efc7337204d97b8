"""The gate through which programs start, and the lifeline that ends all that they started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from goldsmith.errors import HostError, ProcessError
from goldsmith.outputs import Collected
from goldsmith.run import require, run, run_bounded, running

pytestmark = pytest.mark.process
SH = "/bin/sh"
ENOUGH = 30.0
# A daemon as daemons are made: a fork, a session of its own, a second fork whose parent ends at once.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1] + ".new", "w").write(str(os.getpid()))
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        time.sleep(600)
    os._exit(0)
os.wait()
"""


def sh(script: str, *words: object) -> list[str]:
    return [SH, "-c", script, "sh", *map(str, words)]


def daemon(pid_file: Path, then: str) -> list[str]:
    """A program that leaves a daemon behind and then does something else."""
    return [sys.executable, "-I", "-c", f"{DAEMON}\n{then}", str(pid_file)]


def wait_for(path: Path) -> int:
    deadline = time.monotonic() + ENOUGH
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)
    return int(path.read_text())


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends(pid: int) -> bool:
    deadline = time.monotonic() + ENOUGH
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not lives(pid)


def test_what_a_program_printed() -> None:
    done = run(sh("echo out; echo err >&2"), timeout=ENOUGH)
    assert (done.argv[0], done.returncode, done.stdout, done.log) == (SH, 0, b"out\n", "err\n")
    assert done.tail() == ["err"]


def test_arguments_reach_the_program_word_for_word() -> None:
    words = ("a b", "$HOME", "*", "", "'", "--x")
    done = run(sh('for word; do printf "%s\\n" "$word"; done', *words), timeout=ENOUGH)
    assert done.stdout.decode().splitlines() == list(words)


def test_a_failure_carries_the_end_of_the_log() -> None:
    with pytest.raises(ProcessError) as caught:
        run(sh('for n in $(seq 30); do echo "line $n" >&2; done; exit 3'), timeout=ENOUGH)
    assert caught.value.message == "/bin/sh ended with exit code 3"
    assert caught.value.log_tail == tuple(f"line {number}" for number in range(11, 31))


def test_where_the_log_is_empty_the_output_tells() -> None:
    with pytest.raises(ProcessError) as caught:
        run(sh("echo only out; exit 1"), timeout=ENOUGH)
    assert caught.value.log_tail == ("only out",)


def test_a_log_that_is_no_text() -> None:
    assert run(sh(r"printf 'caf\351\n' >&2"), timeout=ENOUGH).log == "caf\N{REPLACEMENT CHARACTER}\n"


def test_who_asks_not_to_check_gets_the_exit_code() -> None:
    assert run(sh("exit 3"), timeout=ENOUGH, check=False).returncode == 3


def test_an_end_by_a_signal_is_told_as_a_shell_does() -> None:
    assert run(sh("kill -TERM $$"), timeout=ENOUGH, check=False).returncode == 143


def test_a_timeout_ends_the_program_and_tells_what_it_said_until_then() -> None:
    started = time.monotonic()
    with pytest.raises(ProcessError) as caught:
        run(sh("echo working >&2; sleep 600"), timeout=1.0)
    assert time.monotonic() - started < ENOUGH
    assert (caught.value.message, caught.value.log_tail) == ("/bin/sh did not end within 1 s", ("working",))


def test_a_timeout_ends_daemons_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    background = "echo $$ > $1.new; mv $1.new $1; exec sleep 600"
    script = f"(setsid {SH} -c '{background}' sh $1 &); sleep 600"
    with pytest.raises(ProcessError, match="did not end within"):
        run(sh(script, pid_file), timeout=3.0)
    assert not lives(wait_for(pid_file))


def test_a_program_that_ends_leaves_no_daemon(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    run(daemon(pid_file, "while not os.path.exists(sys.argv[1]): time.sleep(0.02)"), timeout=ENOUGH)
    assert not lives(wait_for(pid_file))


def test_a_program_that_ignores_signals_ends(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = "trap '' TERM INT HUP; echo $$ > $1.new; mv $1.new $1; while :; do sleep 1; done"
    with (tmp_path / "log").open("wb") as log, running(sh(script, pid_file), log=log) as process:
        pid = wait_for(pid_file)
        assert process.poll() is None
    assert not lives(pid)


def test_a_program_in_the_background_ends_with_its_block(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with (tmp_path / "log").open("wb") as log:
        with running(daemon(pid_file, "print('up', flush=True); time.sleep(600)"), log=log) as process:
            pid = wait_for(pid_file)
            assert (lives(pid), process.wait(0.1)) == (True, None)
        process.end()
    assert not lives(pid)
    assert (tmp_path / "log").read_text() in {"up\n", ""}


def test_a_program_ends_with_an_error_in_its_block(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def fail() -> None:
        with (tmp_path / "log").open("wb") as log, running(daemon(pid_file, "time.sleep(600)"), log=log):
            wait_for(pid_file)
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        fail()
    assert not lives(wait_for(pid_file))


def test_everything_ends_when_goldsmith_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    argv = daemon(pid_file, "time.sleep(600)")
    ours = f"from goldsmith.run import run\nrun({argv!r}, timeout=600)"
    with subprocess.Popen([sys.executable, "-c", ours]) as process:
        pid = wait_for(pid_file)
        assert lives(pid)
        process.kill()
    assert ends(pid)


def test_standard_input_is_closed_unless_given() -> None:
    assert run(["cat"], timeout=ENOUGH).stdout == b""
    assert run(["cat"], timeout=ENOUGH, stdin=b"given\0bytes").stdout == b"given\0bytes"


def test_a_program_in_the_background_does_not_read_our_standard_input(tmp_path: Path) -> None:
    own, (read_end, write_end) = os.dup(0), os.pipe()
    os.dup2(read_end, 0)
    try:
        with (tmp_path / "log").open("wb") as log, running(["readlink", "/proc/self/fd/0"], log=log) as process:
            assert process.wait(ENOUGH) == 0
    finally:
        os.dup2(own, 0)
        for descriptor in (own, read_end, write_end):
            os.close(descriptor)
    assert (tmp_path / "log").read_text() == "/dev/null\n"


def test_the_environment_has_no_proxies_and_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "no_proxy", "SECRET_TOKEN", "PYTHONPATH", "LD_PRELOAD_X", "LANGUAGE"):
        monkeypatch.setenv(name, "http://user:secret@example.org")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("HOME", "/home/ann")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    seen = json.loads(run([sys.executable, "-I", "-c", program], timeout=ENOUGH, env={"EXTRA": "1"}).stdout)
    assert not [name for name, value in seen.items() if "secret" in value]
    assert {name: seen[name] for name in ("LC_ALL", "LANG", "HOME", "EXTRA")} == {
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "HOME": "/home/ann",
        "EXTRA": "1",
    }


def test_system_folders_are_searched_behind_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    path = run(sh("echo $PATH"), timeout=ENOUGH).stdout.decode().strip()
    assert path == "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def test_the_folder_that_a_program_starts_in(tmp_path: Path) -> None:
    assert run(["pwd", "-P"], timeout=ENOUGH, cwd=tmp_path).stdout.decode().strip() == str(tmp_path.resolve())


def test_only_descriptors_that_are_passed_arrive(tmp_path: Path) -> None:
    (tmp_path / "passed").write_text("passed")
    (tmp_path / "kept").write_text("kept")
    passed, kept = (os.open(tmp_path / name, os.O_RDONLY) for name in ("passed", "kept"))
    os.set_inheritable(kept, True)
    try:
        listing = [sys.executable, "-I", "-c", "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"]
        without = json.loads(run(listing, timeout=ENOUGH).stdout)
        given = json.loads(run(listing, timeout=ENOUGH, pass_fds=(passed,)).stdout)
        assert run(["cat", f"/proc/self/fd/{passed}"], timeout=ENOUGH, pass_fds=(passed,)).stdout == b"passed"
    finally:
        os.close(passed)
        os.close(kept)
    # Beside the three standard ones the listing itself has one open.
    assert (len(without), len(given)) == (4, 5)
    assert (passed in given, kept in given) == (True, False)


@pytest.mark.parametrize(("program", "package"), [("qemu-img", "qemu-utils"), ("no-such-program", "no-such-program")])
def test_a_missing_program_is_told_with_its_install_line(
    program: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goldsmith.run.search_path", lambda: str(tmp_path))
    for start in (lambda: run([program], timeout=ENOUGH), lambda: require(program)):
        with pytest.raises(HostError) as caught:
            start()
        assert caught.value.message == f"{program} is not installed"
        assert caught.value.hint == f"as root: apt-get install --no-install-recommends {package}"


def test_a_program_that_cannot_be_executed_is_a_failure_of_its_own(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF no program")
    broken.chmod(0o755)
    with pytest.raises(ProcessError) as caught:
        run([str(broken)], timeout=ENOUGH)
    assert caught.value.message == f"{broken} ended with exit code 126"
    assert caught.value.log_tail == (f"{broken}: Exec format error",)


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    run(sh("exit 0"), timeout=ENOUGH)
    with pytest.raises(HostError):
        run(["no-such-program"], timeout=ENOUGH)
    with pytest.raises(FileNotFoundError):
        run(sh("exit 0"), timeout=ENOUGH, cwd=tmp_path / "missing")
    assert count() == before


def test_of_a_flood_only_so_much_is_kept() -> None:
    done = run_bounded(sh("yes; exit 9"), limit=1000, timeout=0.5)
    assert done == Collected((b"y\n" * 500, b""), cut=True, status=None)


def test_both_outputs_and_the_exit_code_are_told() -> None:
    done = run_bounded(sh("cat; echo wrong >&2; exit 7"), limit=1000, timeout=ENOUGH, stdin=b"given")
    assert done == Collected((b"given", b"wrong\n"), cut=False, status=7)


def test_a_daemon_with_the_outputs_does_not_hold_up_the_end() -> None:
    started = time.monotonic()
    done = run_bounded(sh("sleep 600 & echo done"), limit=1000, timeout=ENOUGH)
    assert done == Collected((b"done\n", b""), cut=False, status=0)
    assert time.monotonic() - started < ENOUGH / 2
