"""testinfra's tests of a clone: what becomes of them, and what pytest may not do. This host stands in for the clone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import Pipe
from pathlib import Path

import pytest

from goldsmith.errors import HostError, ProcessError
from goldsmith.machine.inside import ENVIRONMENT, Inside, ProgramEnd
from goldsmith.recipe.check import Checks, InfraCheck
from goldsmith.recipe.checks import read_testinfra
from goldsmith.rules.check_result import CheckResult, Sight
from goldsmith.verification.check import Live, look_live
from goldsmith.verification.checks import testinfra
from goldsmith.verification.checks.testinfra import ELSEWHERE, HELD, Ended, judged, require_testinfra
from goldsmith.verification.testinfra.line import LONGEST, Came, Command, Told, ask, hear
from goldsmith.verification.testinfra.plugin import named

CHECK = InfraCheck("tests/test_web.py", "0" * 64)
Short = tuple[str, Sight, str]
Look = Callable[..., list[Short]]


def short(results: list[CheckResult]) -> list[Short]:
    assert {(each.kind.value, each.expected) for each in results} <= {
        ("testinfra", HELD),
        ("testinfra", CHECK.expected),
    }
    return [(each.part, each.sight, each.message) for each in results]


def test_each_test_is_a_result() -> None:
    told = (
        Told("test_web.py::test_a", Came.PASSED),
        Told("test_web.py::test_b", Came.FAILED, "assert 1 == 2"),
        Told("test_web.py::test_c", Came.SKIPPED, "no need"),
    )
    assert short(list(judged(CHECK, Ended(told, 1)))) == [
        ("test_a", Sight.AS_ASKED, ""),
        ("test_b", Sight.OTHERWISE, "assert 1 == 2"),
        ("test_c", Sight.NOT_SEEN, "it was skipped: no need"),
    ]


HOLDS = Told("test_web.py::test_a", Came.PASSED)


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        (Ended((), 5), "it has no test"),
        (Ended((), 0), "it has no test"),
        (Ended((), 4, "ERROR: not found"), "pytest ended with 4: ERROR: not found"),
        (Ended((HOLDS,), 3), "pytest ended with 3"),
        (Ended((HOLDS,), 1), "pytest ended with 1"),
        (Ended((HOLDS,), None), "the tests did not end in time"),
        (Ended((Told("test_web.py", Came.BROKEN, "SyntaxError"),), 2), "it cannot be read: SyntaxError"),
    ],
)
def test_what_proves_nothing(ended: Ended, message: str) -> None:
    *others, last = judged(CHECK, ended)
    assert (last.sight, last.message) == (Sight.NOT_SEEN, message)
    assert [each.sight for each in others] == [Sight.AS_ASKED] * len(others)


def test_a_flood_of_tests_is_cut() -> None:
    results = list(judged(CHECK, Ended((HOLDS,) * 1001, 0)))
    assert (len(results), results[-1].sight, results[-1].part) == (1001, Sight.NOT_SEEN, "all others")


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("test_a.py::test_b[goldsmith://clone]", "test_a.py::test_b"),
        ("test_a.py::test_b[goldsmith://clone-htop]", "test_a.py::test_b[htop]"),
        ("test_a.py::test_b[htop-goldsmith://clone]", "test_a.py::test_b[htop]"),
        ("test_a.py::test_b[htop-goldsmith://clone-1]", "test_a.py::test_b[htop-1]"),
        ("test_a.py::test_b", "test_a.py::test_b"),
    ],
)
def test_a_test_is_named_without_the_clone(test: str, name: str) -> None:
    assert named(test) == name


@pytest.mark.parametrize("said", [b"{", b"[]", b"{}", b'{"test": "a", "came": "well", "why": ""}', b"[" * 100_000])
def test_what_nobody_understands_is_an_error(said: bytes) -> None:
    ours, theirs = Pipe()
    theirs.send_bytes(said)
    with pytest.raises(ProcessError, match="nobody understands"):
        hear(ours)


def test_the_end_of_pytest_is_an_end() -> None:
    ours, theirs = Pipe()
    theirs.close()
    for said in (lambda: hear(ours), lambda: ask(ours, Command("true"))):
        with pytest.raises(EOFError):
            said()


class LocalInside:
    """This host in place of a clone."""

    def __init__(self) -> None:
        self.ran: list[Sequence[str]] = []

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        self.ran.append(argv)
        done = subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=timeout, env=ENVIRONMENT)
        return ProgramEnd(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """What becomes of files with tests, in a folder of their own beside the recipe."""

    def look(files: Mapping[str, str] | str, inside: Inside | None = None, *, timeout: float = 60.0) -> list[Short]:
        content = {"test_web.py": files} if isinstance(files, str) else files
        for name, text in content.items():
            (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tests" / name).write_text(text)
        name = "tests/test_web.py" if isinstance(files, str) else "tests"
        check = InfraCheck(name, read_testinfra(tmp_path, name).sha256, timeout)
        found = list(look_live(check, Live(inside or LocalInside(), 1.0, tmp_path, tmp_path)))
        assert [each.name for each in tmp_path.iterdir()] == ["tests"]
        left = {str(each.relative_to(tmp_path / "tests")) for each in (tmp_path / "tests").rglob("*") if each.is_file()}
        assert left == set(content)
        return short(found)

    return look


TESTS = """
import os, pytest

def test_the_user(host):
    assert host.user().name == "root"
    assert host.file("/etc/passwd").contains("^root:")

def test_a_command(host):
    ended = host.run("echo %s; echo no >&2; exit 3", "a b")
    assert (ended.rc, ended.stdout, ended.stderr) == (3, "a b\\n", "no\\n")
    assert host.check_output("printf '\\\\303\\\\274'") == "\\u00fc"

def test_it_fails(host):
    assert host.file("/no/such").exists, "where is it?"

@pytest.mark.parametrize("name", ["root", "nobody-here"])
def test_users(host, name):
    assert host.user(name).exists

@pytest.mark.xfail
def test_as_its_author_expects(host):
    assert host.file("/no/such").exists

@pytest.mark.skip(reason="later")
def test_later(host):
    pass

def test_without_a_clone(tmp_path):
    assert "TOKEN" not in os.environ
    (tmp_path / "left").write_text("")

@pytest.fixture
def bad(host):
    raise OSError("no way in")

def test_before_it_begins(bad):
    pass
"""


@pytest.mark.process
def test_what_is_asked_runs_in_the_clone(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    inside = LocalInside()
    found = look(TESTS, inside)
    assert found == [
        ("test_the_user", Sight.AS_ASKED, ""),
        ("test_a_command", Sight.AS_ASKED, ""),
        ("test_it_fails", Sight.OTHERWISE, "AssertionError: where is it?"),
        ("test_users[root]", Sight.AS_ASKED, ""),
        ("test_users[nobody-here]", Sight.OTHERWISE, found[4][2]),
        ("test_as_its_author_expects", Sight.AS_ASKED, ""),
        ("test_later", Sight.NOT_SEEN, "it was skipped: later"),
        ("test_before_it_begins", Sight.OTHERWISE, "OSError: no way in"),
        ("test_without_a_clone", Sight.AS_ASKED, ""),
    ]
    assert "assert" in found[4][2]
    assert ("/bin/sh", "-c", "echo 'a b'; echo no >&2; exit 3") in inside.ran


@pytest.mark.process
def test_a_folder_has_files_that_share_fixtures_and_helpers(look: Look) -> None:
    files = {
        "conftest.py": "import pytest\n@pytest.fixture\ndef one():\n    return 1\n",
        "web/help.py": "TWO = 2\n",
        "web/test_one.py": "import help\ndef test(one):\n    assert one != help.TWO\n",
        "test_bad.py": "def test(:\n",
        "test_none.py": "import pytest\npytest.skip('not here', allow_module_level=True)\n",
        "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    }
    assert sorted(look(files)) == [
        ("test_bad.py", Sight.NOT_SEEN, "it cannot be read: E   SyntaxError: invalid syntax"),
        ("test_none.py", Sight.NOT_SEEN, "it was skipped: not here"),
        ("web/test_one.py::test", Sight.AS_ASKED, ""),
    ]


@pytest.mark.process
def test_tests_that_do_not_end_are_ended(look: Look) -> None:
    begun = time.monotonic()
    found = look("def test_a(): pass\ndef test_b():\n    import time\n    time.sleep(1000)\n", timeout=5.0)
    assert found == [("test_a", Sight.AS_ASKED, ""), ("pytest", Sight.NOT_SEEN, "the tests did not end in time")]
    assert time.monotonic() - begun < 60


class EndingInside(LocalInside):
    """A clone that ends a command in another way than by itself."""

    def __init__(self, ended: ProgramEnd | None) -> None:
        super().__init__()
        self.ended = ended

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float) -> ProgramEnd:
        if self.ended is None:
            raise ProcessError("the machine went down meanwhile")
        return self.ended


ASKING = "def test_a(host):\n    assert host.run('true').rc == 0\n"


@pytest.mark.process
@pytest.mark.parametrize(
    ("ended", "part", "sight", "message"),
    [
        (None, "", Sight.NOT_SEEN, "the machine went down meanwhile"),
        (ProgramEnd(None, b"", b""), "test_a", Sight.OTHERWISE, "RuntimeError: it did not end in time: true"),
        (ProgramEnd(0, b"", b"", True), "test_a", Sight.OTHERWISE, "RuntimeError: it printed more than is kept: true"),
    ],
)
def test_commands_that_the_clone_does_not_end(
    look: Look, ended: ProgramEnd | None, part: str, sight: Sight, message: str
) -> None:
    assert look(ASKING, EndingInside(ended)) == [(part, sight, message)]


@pytest.mark.process
def test_a_clone_that_goes_down_ends_tests_that_ask_it_nothing(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testinfra, "REST", 0.2)
    sleeping = "def test_a():\n    import time\n    time.sleep(1000)\n"
    assert look(sleeping, EndingInside(None)) == [("", Sight.NOT_SEEN, "the machine went down meanwhile")]


@pytest.mark.process
def test_tests_that_tell_too_much_or_vanish(look: Look) -> None:
    flood = f"import pytest\n@pytest.mark.parametrize('a', [1], ids=['x' * {LONGEST}])\ndef test_a(a): pass\n"
    assert look(flood) == [("", Sight.NOT_SEEN, "pytest said what nobody understands")]
    ((part, sight, message),) = look("import os\ndef test_a():\n    os._exit(7)\n")
    assert (part, sight, message[:20]) == ("", Sight.NOT_SEEN, "pytest ended with 7")


def test_what_a_manifest_remembers_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "test_web.py").write_text("open('ran', 'w')\n")
    (result,) = look_live(InfraCheck(str(tmp_path / "test_web.py"), "0" * 64), Live(LocalInside()))
    assert (result.sight, result.message) == (Sight.NOT_SEEN, ELSEWHERE)


def test_it_has_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    require_testinfra(Checks(testinfra=(CHECK,)))
    monkeypatch.setattr(testinfra, "find_spec", lambda _: None)
    require_testinfra(Checks())
    with pytest.raises(HostError, match="testinfra, and it is not installed") as caught:
        require_testinfra(Checks(testinfra=(CHECK,)))
    assert "goldsmith[testinfra]" in str(caught.value.hint)


def test_its_digest_is_of_all_files_but_caches(tmp_path: Path) -> None:
    def digest() -> str:
        return read_testinfra(tmp_path, "tests").sha256

    tests = tmp_path / "tests"
    (tests / "__pycache__").mkdir(parents=True)
    (tests / "test_a.py").write_text("a")
    before = digest()
    (tests / "__pycache__" / "test_a.pyc").write_text("b")
    assert digest() == before
    (tests / "conftest.py").write_text("")
    added = digest()
    (tests / "test_a.py").write_text("b")
    assert len({before, added, digest()}) == 3
