"""Loading: a frozen recipe, or every problem with its place, its wording and what to do."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.customization.kinds.defaults import Defaults
from goldsmith.customization.kinds.install import Install
from goldsmith.customization.kinds.write import Write
from goldsmith.errors import InputError, RecipeError
from goldsmith.recipe.load import load
from goldsmith.recipe.model import Recipe, host_arch

Make = Callable[..., Recipe]
Complain = Callable[..., list[str]]


def test_a_whole_recipe(recipe: Make) -> None:
    loaded = recipe(
        """
disk: {size: 10G}
datasource: local
defaults:
  name: 99-custom-defaults
  config: |
    ssh_pwauth: false
  disable_modules: [runcmd]
customize:
  - install: [htop]
  - write: {path: /etc/motd, text: "{{ name }} {{ version }} {{ color }}\\n"}
generalize:
  operations: defaults
  keep: [{path: /etc/lab.conf, reason: lab network}]
seal: {format: qcow2, compression: zlib}
verify:
  clones: 3
  expect:
    users: {present: [admin], absent: [debian]}
    packages: [htop]
vars: {color: red}
"""
    )
    assert (loaded.name, loaded.version, loaded.stem) == ("web", "1.0", "web-v1.0")
    assert loaded.disk.size == 10 << 30
    assert loaded.seal.packing == "qcow2/zlib"
    assert isinstance(loaded.defaults, Defaults)
    assert loaded.defaults.config == "ssh_pwauth: false\n"
    assert [type(step) for step in loaded.customize] == [Install, Write]
    assert loaded.verify.clones == 3
    assert loaded.verify.expect.users.present == ("admin",)
    assert loaded.generalize.kept()[0].matches("/etc/lab.conf")
    assert dict(loaded.variables) == {"name": "web", "version": "1.0", "arch": host_arch(), "color": "red"}


def test_what_is_left_out_has_defaults(recipe: Make) -> None:
    loaded = recipe()
    assert loaded.disk.size is None
    assert loaded.datasource is None
    assert loaded.customize == ()
    assert loaded.generalize.operations == "defaults"
    assert loaded.seal.packing == "qcow2/zstd"
    assert (loaded.verify.clones, loaded.verify.second_boot) == (None, True)
    assert loaded.arch == host_arch()


def test_a_recipe_is_frozen(recipe: Make) -> None:
    loaded = recipe("vars: {a: b}\n")
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded.name = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        loaded.variables["a"] = "c"  # type: ignore[index]
    with pytest.raises(ValueError, match="frozen"):
        loaded.disk.size = 1


def test_the_datasource_is_performed_last_and_the_steps_first(recipe: Make) -> None:
    loaded = recipe("datasource: local\ndefaults: {config: 'a: 1'}\ncustomize: [{install: [htop]}]\n")
    assert [each.KEY for each in loaded.customizations] == ["install", "defaults", "datasource"]


def test_the_digest_is_of_the_meaning(recipe: Make) -> None:
    plain = recipe("disk: {size: 10G}\nvars: {a: b}\n").digest
    assert recipe("# a comment\nvars:\n  'a': \"b\"\ndisk:\n  size: 10G\n").digest == plain
    assert recipe("disk: {size: 11G}\nvars: {a: b}\n").digest != plain
    assert recipe("disk: {size: 10G}\nvars: {a: c}\n").digest != plain
    assert recipe("disk: {size: 10G}\nvars: {a: c}\n", a="b").digest == plain


def test_variables_can_be_set_from_outside(recipe: Make) -> None:
    assert recipe("vars: {color: red}\n", color="blue").variables["color"] == "blue"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("colour", "did you mean `color`?"), ("version", "change `version:` in the recipe")],
)
def test_a_variable_that_the_recipe_does_not_have_cannot_be_set(recipe: Make, name: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"the recipe has no variable {name}") as caught:
        recipe("vars: {color: red}\n", **{name: "x"})
    assert caught.value.hint == hint


def test_places(recipe: Make) -> None:
    loaded = recipe("verify:\n  expect: {packages: [htop]}\n")
    assert str(loaded.place("verify", "expect", "packages", 0)) == f"{loaded.path}:5:23"
    assert str(loaded.place("verify", "expect", key=True)) == f"{loaded.path}:5:3"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(complaints: Complain) -> None:
    said = complaints(
        """namee: web
version: 1.10
base: {distro: rocky/10}
disk: {size: 10GB, sizze: 3}
secrets: {token: {env: X, file: y}}
customize:
  - repository: epel
  - install: htop
  - insstall: [htop]
verify: {expect: {effective: {a: b}}, clones: 1}
verify: {clones: 1}
""",
        head="",
    )
    assert said == [
        "1:1: GS102 unknown key `namee`",
        "1:1: GS104 `name` is missing",
        "2:10: GS105 `version` must be text, not the number 1.10 (which YAML reads as 1.1)",
        "3:8: GS103 `distro` is not yet supported",
        "4:14: GS105 `size` is ambiguous: GB is read as 1000 by some and as 1024 by others",
        "4:20: GS102 unknown key `sizze`",
        "5:18: GS105 `token` names no place or two",
        "7:5: GS103 `repository` is not yet supported",
        "8:14: GS105 `install` must be a list, not `htop`",
        "9:5: GS102 unknown key `insstall`",
        "11:1: GS106 `verify` is set twice, first in line 10",
        "11:18: GS105 `clones` is 1",
    ]


def test_hints_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text("namee: web\nversion: 1.10\nbase: {distro: rocky/10}\narch: amd64\n")
    with pytest.raises(RecipeError) as caught:
        load(path)
    assert [each.hint for each in caught.value.findings] == [
        "did you mean `name`?",
        "The image's name, the first part of its file's name.",
        'put it in quotes: "1.10"',
        "use `bootstrap:`, or `url:` with the vendor's checksum file in `checksum:`",
        "did you mean `x86_64`?",
    ]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/b", "1:7: GS105 `name` contains a slash"),
        (".hidden", "1:7: GS105 `name` is no name"),
        ("'a b'", "1:7: GS105 `name` is no name"),
        ("7", "1:7: GS105 `name` must be text, not the number 7"),
        ("no", "1:7: GS105 `name` must be text, not no (which YAML reads as false)"),
        ("", "1:6: GS105 `name` must be text, not nothing"),
        ("[a]", "1:7: GS105 `name` must be text, not a list"),
    ],
)
def test_names(complaints: Complain, name: str, said: str) -> None:
    assert complaints("", head=f'name: {name}\nversion: "1"\nbase: {{bootstrap: debian/12}}\n') == [said]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.0", "2:10: GS105 `version` must be text, not the number 1.0"),
        ("10", "2:10: GS105 `version` must be text, not the number 10"),
        ("1:30", "2:10: GS105 `version` must be text, not the number 1:30 (which YAML reads as 90)"),
        ("010", "2:10: GS105 `version` must be text, not the number 010 (which YAML reads as 8)"),
        ("2026-09-01", "2:10: GS105 YAML reads 2026-09-01 as a date"),
        ("'1/0'", "2:10: GS105 `version` is no version"),
    ],
)
def test_versions(complaints: Complain, version: str, said: str) -> None:
    assert complaints("", head=f"name: web\nversion: {version}\nbase: {{bootstrap: debian/12}}\n") == [said]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("disk: 10G\n", "4:7: GS105 `disk` must be a mapping of keys and values, not `10G`"),
        ("disk: {size: 10}\n", "4:14: GS105 `size` is a number without a unit"),
        ("disk: {size: ten}\n", "4:14: GS105 `size` is no size"),
        ("vars: {name: x}\n", "4:7: GS105 `vars` sets `name`, which every recipe has from its key `name`"),
        ("vars: {a: 1}\n", "4:11: GS105 `a` must be text, not the number 1"),
        ("vars: {a-b: x}\n", "4:7: GS105 `vars` has `a-b`, which is no name"),
        ("seal: {format: vmdk}\n", "4:16: GS105 `format` cannot be `vmdk`"),
        ("seal: {format: raw, compression: zstd}\n", "4:7: GS105 `seal` asks for a compressed raw image"),
        ("generalize: {keep: [{path: etc, reason: x}]}\n", "4:28: GS105 `path` is no path of the guest"),
        ("generalize: {keep: [{path: /etc}]}\n", "4:21: GS104 `reason` is missing"),
        ("generalize: {keep: [{path: '/[z-a]', reason: x}]}\n", "4:28: GS105 `path` is no pattern"),
        ("generalize: {keep: [{path: /etc, reason: ' '}]}\n", "4:42: GS105 `reason` is empty"),
        (
            "generalize: {keep_user_accounts: [admin]}\n",
            "4:13: GS105 `generalize` accounts are named, and the operation user-account is not selected",
        ),
        (
            "generalize: {operations: 'defaults,user-account', remove_user_accounts: ['a:b']}\n",
            "4:13: GS105 `generalize` 'a:b' is no name of an account",
        ),
        (
            "generalize: {with: virt-syspep}\n",
            "4:20: GS105 `with` cannot be `virt-syspep`",
        ),
        ("verify: {clones: two}\n", "4:18: GS105 `clones` must be a whole number, not `two`"),
        ("verify: {clones: 2.5}\n", "4:18: GS105 `clones` must be a whole number, not the number 2.5"),
        (
            "verify: {expect: {users: {present: [a], absent: [a]}}}\n",
            "4:26: GS105 `users` expects a to be present and to be absent",
        ),
        (
            "verify: {expect: {effective: [a]}}\n",
            "4:30: GS105 `effective` must be a mapping of keys and values, not a list",
        ),
        ("verify: {expect: {differ: [motd]}}\n", "4:28: GS105 `differ` is no path of the guest"),
        ("verify: {expect: {slower_than_previous: 50%}}\n", "4:41: GS105 `slower_than_previous`"),
        ("verify: {require: [GS401]}\n", "4:10: GS103 `require` is not yet supported"),
        ("customize: {install: [htop]}\n", "4:12: GS105 `customize` must be a list of steps"),
        ("customize: [htop]\n", "4:13: GS105 this step is no mapping"),
        ("customize: [{}]\n", "4:13: GS105 this step is no mapping"),
        ("customize: [{install: [a], update: true}]\n", "4:13: GS105 this step has `install` and `update`"),
        ("customize: [{install: [a, -y]}]\n", "4:27: GS105 `install`: not the name of a package"),
        ("customize: [{update: no}]\n", "4:22: GS105 `update` cannot be no (which YAML reads as false)"),
        ("customize: [{write: {path: /a, text: a, mode: 644}}]\n", "4:47: GS105 `mode`: write the mode in quotes"),
        ("customize: [{write: {path: /a, text: a, mode: 0644}}]\n", "4:47: GS105 `mode`: write the mode in quotes"),
        ("customize: [{defaults: {config: 'a: 1'}}]\n", "4:14: GS102 unknown key `defaults`"),
        ("datasource: locl\n", "4:13: GS105 `datasource` cannot be `locl`"),
        ("defaults: {name: .x, config: 'a: 1'}\n", "4:18: GS105 `name`: a name has letters"),
        ("a: !x y\n", "4:1: GS102 unknown key `a`"),
        ("x: &x {size: 10G}\ndisk: *x\n", "4:1: GS102 unknown key `x`"),
    ],
)
def test_each_problem_has_its_place_and_its_words(complaints: Complain, lines: str, said: str) -> None:
    assert complaints(lines)[0].startswith(said)


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("", "3:1: GS104 `base` is missing"),
        ("base: debian/12\n", "3:7: GS105 `base` must be a mapping"),
        ("base: {}\n", "3:1: GS105 `base` names nothing"),
        ("base: {format: raw}\n", "3:1: GS105 `base` names nothing"),
        ("base: {file: a.qcow2, bootstrap: debian/12}\n", "3:1: GS105 `base` has `bootstrap` and `file`"),
        ("base: {from: 'web:1.0'}\n", "3:8: GS103 `from` is not yet supported"),
        ("base: {file: nowhere.qcow2}\n", "3:14: GS107 nowhere.qcow2 does not exist"),
        ("base: {file: ., format: raw}\n", "3:14: GS107 . is no file"),
        ("base: {bootstrap: debian/12, format: raw}\n", "3:30: GS102 unknown key `format`"),
    ],
)
def test_bases(complaints: Complain, base: str, said: str) -> None:
    head = f'name: web\nversion: "1"\n{base}'
    place = said if base else said.replace("3:1", "1:1")
    assert complaints("", head=head)[0].startswith(place)


def test_a_base_beside_the_recipe_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.qcow2").write_bytes(b"")
    path = tmp_path / "web.yaml"
    path.write_text('name: web\nversion: "1"\nbase: {file: b.qcow2}\n')
    assert load(path).base.KEY == "file"


def test_relative_paths_start_at_the_recipes_folder(recipe: Make, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "a.sh").write_text("#!/bin/sh\n")
    loaded = recipe("customize: [{run: {script: scripts/a.sh}}]\n")
    assert loaded.folder == tmp_path


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("customize: [{run: {script: no.sh}}]\n", "4:28: GS107 no.sh does not exist"),
        ("customize: [{copy: {from: nope, to: /a}}]\n", "4:27: GS107 nope does not exist"),
        ("customize: [{copy: {from: ~/no, to: /a}}]\n", "4:27: GS107 ~/no does not exist"),
        ("defaults: {file: no.cfg}\n", "4:18: GS107 no.cfg does not exist"),
        ("customize: [{copy: {from: /proc/nowhere/x, to: /a}}]\n", "4:27: GS107 /proc/nowhere/x does not exist"),
        (f"customize: [{{copy: {{from: {'x' * 300}, to: /a}}}}]\n", "4:27: GS107 cannot read "),
    ],
)
def test_files_of_the_host_have_to_be_there(complaints: Complain, lines: str, said: str) -> None:
    assert [each[: len(said)] for each in complaints(lines)] == [said]


def test_what_is_wrong_with_a_file_is_told_where_it_is_named(complaints: Complain, tmp_path: Path) -> None:
    (tmp_path / "bad.cfg").write_text("- a list\n")
    (tmp_path / "bad.sh").write_text("#!bin/sh\n")
    os.mkfifo(tmp_path / "pipe")
    said = complaints("defaults: {file: bad.cfg}\ncustomize:\n- run: {script: bad.sh}\n- copy: {from: pipe, to: /a}\n")
    assert [each.split(" ")[0] for each in said] == ["4:18:", "6:17:", "7:16:"]


def test_a_fault_inside_the_defaults_has_its_own_line(complaints: Complain) -> None:
    said = complaints("defaults:\n  config: |\n    # ours\n    users: [default]\n    a: b: c\n")
    assert said == ["8:5: GS105 `config`: not readable as YAML: mapping values are not allowed here"]


def test_a_fault_inside_a_template_has_its_own_line(complaints: Complain) -> None:
    said = complaints("customize:\n  - write:\n      path: /a\n      text: |\n        one\n        {{ two\n")
    assert said[0].startswith("9:9: GS105 `text`: not a template: ")


def test_a_template_names_only_variables_that_are_there(complaints: Complain, recipe: Make) -> None:
    lines = "customize:\n  - write:\n      path: /a\n      text: |\n        colour\n        is {{ colour }}\n"
    assert complaints(lines) == ["9:15: GS105 the template names `colour`, which is no variable"]
    assert recipe(lines + "vars: {colour: red}\n").variables["colour"] == "red"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n", "1:1: GS101 a recipe is a mapping of keys and values, not a list"),
        ("text\n", "1:1: GS101 a recipe is a mapping of keys and values, not a text"),
        ("", "1:1: GS101 is empty"),
    ],
)
def test_what_is_no_mapping_is_no_recipe(complaints: Complain, content: str, said: str) -> None:
    assert complaints(content, head="") == [said]


def test_a_message_never_quotes_a_whole_file(complaints: Complain) -> None:
    said = complaints(f"{'k' * 900}: x\ncustomize: [{{delete: [{'d' * 5000}]}}]\n")
    assert {len(each) < 270 for each in said} == {True}


def test_a_version_cannot_contain_what_separates_it_from_the_name(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text('name: a\nversion: "1-v2"\nbase: {bootstrap: debian/12}\ndatasource: local\n')
    with pytest.raises(RecipeError) as raised:
        load(path)
    assert [str(finding.place) for finding in raised.value.findings] == [f"{path}:2:10"]
