"""Scripts run in the guest and nowhere else, before anything is planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.errors import InputError, ProcessError
from goldsmith.generalization.scripts import Script, run_clean_scripts, run_scripts
from goldsmith.guest.engines.tree import TreeGuest
from goldsmith.guest.guest import Features, GuestProgram
from goldsmith.guest.worker.posix_tree import PosixTree

CLEAN_D = """\
guest debian
f 0755 /etc/cloud/clean.d/20-second = "#!/bin/sh\\n"
f 0755 /etc/cloud/clean.d/10-first = "#!/bin/sh\\n"
l /etc/cloud/clean.d/30-link -> ../script
l /etc/cloud/clean.d/40-dangling -> /nothing
l /etc/cloud/clean.d/50-out -> /dev/null
f 0755 /etc/cloud/script = "#!/bin/sh\\n"
f 0644 /etc/cloud/clean.d/README = "words"
"""


class Running(TreeGuest):
    """A guest whose engine can run programs: it writes down what it is asked for."""

    def __init__(self, tree: PosixTree, codes: Sequence[int]) -> None:
        super().__init__(tree, read_only=False)
        self.features = Features(can_run=True, can_trim=False)
        self.codes = list(codes)
        self.asked: list[tuple[tuple[str, ...], dict[str, bytes], bool]] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        network: bool = False,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        timeout: float = 600.0,
    ) -> GuestProgram:
        del stdin, env, timeout
        self.asked.append((tuple(argv), dict(files or {}), network))
        return GuestProgram(tuple(argv), self.codes.pop(0), b"said\n\x1b[31mred\n")


@contextmanager
def running(top: Path, text: str, *codes: int) -> Iterator[Running]:
    make(top, text)
    tree = PosixTree(str(top))
    try:
        yield Running(tree, codes)
    finally:
        tree.close()


def test_executables_of_clean_d_run_sorted_by_name(tmp_path: Path) -> None:
    printed: list[bytes] = []
    with running(tmp_path, CLEAN_D, 0, 0, 0) as guest:
        ran = run_clean_scripts(guest, printed.append)
    assert ran == ("10-first", "20-second", "30-link")
    assert [argv for argv, _, _ in guest.asked] == [(f"/etc/cloud/clean.d/{name}",) for name in ran]
    assert len(printed) == 3


def test_without_clean_d_nothing_runs(tmp_path: Path) -> None:
    with running(tmp_path, "guest debian\n") as guest:
        assert run_clean_scripts(guest, lambda _: None) == ()


def test_a_script_of_the_host_reaches_the_guest_for_its_own_run_without_a_network(tmp_path: Path) -> None:
    with running(tmp_path, "guest debian\n", 0) as guest:
        run_scripts(guest, [Script("forget.sh", ("/bin/bash", "-e"), b"#!/bin/bash -e\n")], lambda _: None)
    assert guest.asked == [
        (("/bin/bash", "-e", "/run/goldsmith-script"), {"goldsmith-script": b"#!/bin/bash -e\n"}, False)
    ]


@pytest.mark.parametrize(("code", "how"), [(3, "ended with exit code 3"), (-9, "was ended by signal 9")])
def test_one_that_fails_ends_it_and_shows_what_it_said(tmp_path: Path, code: int, how: str) -> None:
    with running(tmp_path, "guest debian\n", code, 0) as guest, pytest.raises(ProcessError) as caught:
        run_scripts(guest, [Script("a", ("/bin/sh",), b""), Script("b", ("/bin/sh",), b"")], lambda _: None)
    assert caught.value.message == f"--script a: {how}"
    assert caught.value.log_tail == ("said", "\\x1b[31mred")
    assert len(guest.asked) == 1


def test_a_plain_directory_runs_nothing(tmp_path: Path) -> None:
    make(tmp_path, CLEAN_D)
    with opened(tmp_path) as guest, pytest.raises(InputError, match="10-first: the engine tree cannot run programs"):
        run_clean_scripts(guest, lambda _: None)
