"""Checks of a recipe's own: what they become, and what is wrong with them before any work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.recipe.check import Checks, CommandCheck, FileCheck, GossCheck, InfraCheck, TextWanted
from goldsmith.recipe.model import Recipe

Make = Callable[..., Recipe]
Complain = Callable[..., list[str]]

WHOLE = """\
verify:
  expect:
    files:
      - {path: /etc/motd, contains: web, mode: "0644", owner: root, group: 0}
      - {path: /etc/ssh/sshd_config/, matches: "^PermitRootLogin no$"}
      - {path: /etc/nologin, absent: true}
    commands:
      - {run: systemctl is-active ssh, stdout: {equals: active}}
      - {run: [id, -un], user: admin, status: 3, timeout: 5}
    goss: goss.yaml
    testinfra: tests
"""


# sha256 of `["tests/test_web.py", "<sha256 of its content>"]`.
DIGEST = "a1cf188ff7bdee9fae975a51c235dd9b9ff2546e3d9b2c00866e18ba380685cd"


def write_tests(folder: Path) -> None:
    folder.mkdir()
    (folder / "test_web.py").write_text("def test_a(host): pass\n")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "test_web.pyc").write_bytes(b"x")


def test_what_a_recipe_asks(recipe: Make, tmp_path: Path) -> None:
    (tmp_path / "goss.yaml").write_text("file: {/etc/motd: {exists: true}}\n")
    write_tests(tmp_path / "tests")
    loaded = recipe(WHOLE)
    assert loaded.verify.expect.checks(loaded.folder) == Checks(
        files=(
            FileCheck("/etc/motd", text=TextWanted(contains="web"), mode=0o644, owner="root", group=0),
            FileCheck("/etc/ssh/sshd_config", text=TextWanted(matches="^PermitRootLogin no$")),
            FileCheck("/etc/nologin", absent=True),
        ),
        commands=(
            CommandCheck(
                "systemctl is-active ssh",
                ("/bin/sh", "-c", "systemctl is-active ssh"),
                stdout=TextWanted(equals="active"),
            ),
            CommandCheck("id -un", ("id", "-un"), "admin", 3, timeout=5.0),
        ),
        goss=(GossCheck("goss.yaml", "file: {/etc/motd: {exists: true}}\n"),),
        testinfra=(InfraCheck("tests", DIGEST),),
    )


def test_the_example_of_the_page_loads(recipe: Make, tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/checks.md").read_text(encoding="utf-8")
    (tmp_path / "goss.yaml").write_text("file: {}\n")
    write_tests(tmp_path / "tests")
    loaded = recipe(page.partition("```yaml\n")[2].partition("```")[0])
    checks = loaded.verify.expect.checks(tmp_path)
    assert (len(checks.files), len(checks.commands), len(checks.goss), len(checks.testinfra)) == (3, 4, 1, 1)


def test_a_check_says_in_words_what_it_expects() -> None:
    text = TextWanted("a", "b" * 100, "c$")
    assert FileCheck("/x", text=text, mode=0o7, owner="root", group=0).expected == (
        f"exists, equals 'a', contains '{'b' * 57}…', matches 'c$', mode 0007, owner root, group 0"
    )
    assert FileCheck("/x", absent=True).expected == "absent"
    assert (
        CommandCheck("true", ("true",), stdout=TextWanted(contains="x")).expected == "exit code 0, output contains 'x'"
    )
    assert CommandCheck("true", ("true",), "admin").name == "true (as admin)"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("files: [{path: etc/motd}]", "5:16: GS105 `path`: a path in the guest starts with /: 'etc/motd'"),
        ("files: [{path: /run/motd}]", "5:16: GS105 `path`: /run is made anew at every boot and is not on the disk"),
        ("files: [{path: /a, exists: true}]", "5:20: GS102 unknown key `exists`"),
        ("files: [{contains: x}]", "5:9: GS104 `path` is missing"),
        (
            "files: [{path: /a, absent: true, contains: x}]",
            "5:9: GS105 `files` expects a file to be absent and says what it is like",
        ),
        ("files: [{path: /a, mode: 0644}]", '5:26: GS105 `mode`: write the mode in quotes, as "0644"'),
        (
            'files: [{path: /a, matches: "["}]',
            "5:29: GS105 `matches` is no regular expression of RE2: missing ]: [",
        ),
        (
            'files: [{path: /a, matches: "(?<=a)b"}]',
            "5:29: GS105 `matches` is no regular expression of RE2: invalid perl operator: (?<",
        ),
        ("files: [{path: /a}, {path: /a/}]", "5:8: GS105 `files` name /a twice"),
        ("commands: [{run: 3}]", "5:18: GS105 `run` is no command"),
        ("commands: [{run: []}]", "5:18: GS105 `run` is no command"),
        ('commands: [{run: ["", a]}]', "5:18: GS105 `run` names no program"),
        ("commands: [{run: a, status: 256}]", "5:29: GS105 `status` is 256"),
        ("commands: [{run: a, timeout: 0}]", "5:30: GS105 `timeout` is 0"),
        ("commands: [{run: a, stdout: {}}]", "5:29: GS105 `stdout` asks for nothing"),
        ("commands: [{run: a, stdout: x}]", "5:29: GS105 `stdout` must be a mapping of keys and values, not `x`"),
        ("commands: [{run: a}, {run: [a]}]", "5:11: GS105 `commands` name a twice"),
        ("goss: goss.yaml", "5:7: GS107 goss.yaml does not exist"),
        ("goss: .", "5:7: GS105 the goss file"),
        ("goss: latin", "5:7: GS105 the goss file"),
        ("testinfra: tests", "5:12: GS107 tests does not exist"),
        ("testinfra: pipes", "5:12: GS105 testinfra: "),
    ],
)
def test_what_is_wrong_with_a_check(complaints: Complain, tmp_path: Path, entry: str, said: str) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / "pipe")
    told = complaints(f"verify: {{expect: {{\n{entry}}}}}\n")
    assert [each[: len(said)] for each in told] == [said]


def test_who_asks_by_ssh_needs_a_clone_with_user_data(recipe: Make, complaints: Complain) -> None:
    asked = "verify:\n  %s\n  expect: {by: ssh, commands: [{run: a}]}\n"
    checks = recipe(asked % "seeds: [none, user-data]").verify.expect.checks(Path())
    assert checks.logging_in == checks.commands
    assert recipe("verify: {expect: {by: ssh, testinfra: .}}\n").verify.expect.logs_in
    for few in ("seeds: [none, empty]", "clones: 2"):
        (told,) = complaints(asked % few)
        assert "asks by SSH, and no clone gets user-data that lets anybody in" in told
