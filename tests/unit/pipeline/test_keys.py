"""Step keys: what changes them, from which step on, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldsmith.customization.kinds.write import Write
from goldsmith.errors import InputError
from goldsmith.pipeline import keys
from goldsmith.pipeline.keys import StepKey, build_key, chain
from goldsmith.recipe.model import Recipe

MakeRecipe = Callable[..., Recipe]
BASE = "1" * 64
NAMES = [
    "base",
    "disk",
    "customize 1: write",
    "customize 2: write",
    "customize 3: copy",
    "customize 4: datasource",
    "generalize",
    "seal",
    "verify",
]


def changed(before: tuple[StepKey, ...], after: tuple[StepKey, ...]) -> list[str]:
    """The names of the steps whose keys differ."""
    return [new.name for old, new in zip(before, after, strict=True) if old.key != new.key]


def test_every_step_has_a_key_of_its_own_in_the_order_of_the_build(recipe: MakeRecipe) -> None:
    steps = chain(recipe(), BASE)
    assert [step.name for step in steps] == NAMES
    assert len({step.key for step in steps}) == len(NAMES)
    assert all(step.key is not None and step.key.startswith("sha256:") and len(step.key) == 71 for step in steps)
    assert [step.name for step in steps if step.cached] == ["base"]


def test_equal_inputs_have_equal_keys(recipe: MakeRecipe) -> None:
    assert chain(recipe(), BASE) == chain(recipe(), BASE)


def test_the_build_key_is_the_last_one(recipe: MakeRecipe) -> None:
    assert build_key(recipe(), BASE) == chain(recipe(), BASE)[-1].key


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ("4G", "5G", "disk"),
        ("x86_64", "aarch64", "disk"),
        ("hello", "bye", "customize 1: write"),
        ("/etc/motd", "/etc/issue", "customize 1: write"),
        ("text: hello", 'text: hello, mode: "0600"', "customize 1: write"),
        ("role: web", "role: db", "customize 2: write"),
        ("name: web", "name: site", "customize 2: write"),
        ('"1.0"', '"1.1"', "customize 2: write"),
        ("/srv/app", "/opt/app", "customize 3: copy"),
        ("datasource: local", "datasource: clouds", "customize 4: datasource"),
        ("operations: defaults", "operations: 'defaults,-logfiles'", "generalize"),
        ("operations: defaults", "keep: [{path: /etc/x, reason: lab}]", "generalize"),
        ("zstd", "zlib", "seal"),
        ("clones: 2", "clones: 3", "verify"),
        ("clones: 2", "expect: {packages: [htop]}", "verify"),
        ("clones: 2", "expect: {commands: [{run: 'true'}]}", "verify"),
    ],
)
def test_a_changed_input_changes_its_step_and_all_after_it(recipe: MakeRecipe, old: str, new: str, first: str) -> None:
    before = chain(recipe(), BASE)
    assert changed(before, chain(recipe((old, new)), BASE)) == NAMES[NAMES.index(first) :]


def test_a_goss_file_counts_by_its_content(recipe: MakeRecipe, tmp_path: Path) -> None:
    (tmp_path / "goss.yaml").write_text("file: {}\n")
    made = recipe(("clones: 2", "expect: {goss: goss.yaml}"))
    before = chain(made, BASE)
    (tmp_path / "goss.yaml").write_text("service: {}\n")
    assert changed(before, chain(made, BASE)) == ["verify"]


def test_tests_of_testinfra_count_by_their_content(recipe: MakeRecipe, tmp_path: Path) -> None:
    (tmp_path / "tests" / "__pycache__").mkdir(parents=True)
    (tmp_path / "tests" / "test_web.py").write_text("")
    made = recipe(("clones: 2", "expect: {testinfra: tests}"))
    before = chain(made, BASE)
    (tmp_path / "tests" / "__pycache__" / "test_web.pyc").write_text("")
    assert changed(before, chain(made, BASE)) == []
    (tmp_path / "tests" / "test_web.py").write_text("def test_a(host): pass\n")
    assert changed(before, chain(made, BASE)) == ["verify"]


def test_another_base_changes_everything(recipe: MakeRecipe) -> None:
    assert changed(chain(recipe(), BASE), chain(recipe(), "2" * 64)) == NAMES


def test_another_version_of_the_code_changes_all_but_the_base(
    recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = chain(recipe(), BASE)
    monkeypatch.setattr(keys, "__version__", "999")
    assert changed(before, chain(recipe(), BASE)) == NAMES[1:]


def test_the_order_of_steps_counts(recipe: MakeRecipe) -> None:
    first, second = (
        "{path: /etc/motd, text: hello}",
        '{path: /etc/role, text: "{{ role }} of {{ name }} {{ version }}"}',
    )
    swapped = recipe((first, "FIRST"), (second, first), ("FIRST", second))
    assert changed(chain(recipe(), BASE), chain(swapped, BASE)) == NAMES[2:]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hello}", "hello}  # a comment"),
        ("text: hello", 'text: "hello"'),
        ("path: /etc/motd, text: hello", "text: hello, path: /etc/motd"),
        ("vars: {role: web}\ndisk: {size: 4G}", "disk: {size: 4096M}\nvars: {role: web}"),
        ("seal: {compression: zstd}\n", ""),
        ("clones: 2", "clones: 2, second_boot: true"),
    ],
)
def test_words_of_the_same_meaning_change_nothing(recipe: MakeRecipe, old: str, new: str) -> None:
    assert chain(recipe((old, new)), BASE) == chain(recipe(), BASE)


@pytest.mark.parametrize(("old", "new"), [("name: web", "name: site"), ('"1.0"', '"1.1"'), ("role: web", "role: db")])
def test_variables_count_only_where_a_template_can_use_them(recipe: MakeRecipe, old: str, new: str) -> None:
    plain = ("{{ role }} of {{ name }} {{ version }}", "the same for all")
    assert chain(recipe(plain, (old, new)), BASE) == chain(recipe(plain), BASE)


def test_without_the_bases_digest_the_steps_are_known_but_not_their_keys(recipe: MakeRecipe) -> None:
    steps = chain(recipe(), None)
    assert [step.name for step in steps] == NAMES
    assert [(step.key, step.cached) for step in steps] == [(None, False)] * len(NAMES)


def test_a_step_as_json() -> None:
    assert StepKey("base", "sha256:1", cached=True).as_json() == {
        "name": "base",
        "key": "sha256:1",
        "cached": True,
        "changed_inputs": [],
    }


def test_a_folder_counts_with_every_file_below_it(recipe: MakeRecipe, app: Path) -> None:
    states = [chain(recipe(), BASE)]

    def then() -> None:
        states.append(chain(recipe(), BASE))

    (app / "etc/app.conf").write_text("port=2\n")
    then()
    (app / "start").chmod(0o755)
    then()
    (app / "etc/more.conf").write_text("")
    then()
    (app / "etc/more.conf").rename(app / "etc/other.conf")
    then()
    (app / "current").unlink()
    (app / "current").symlink_to("etc/app.conf")
    then()
    (app / "etc/other.conf").unlink()
    then()
    assert [changed(before, after) for before, after in pairwise(states)] == [NAMES[4:]] * 6


def test_a_folders_times_and_owners_name_do_not_count(recipe: MakeRecipe, app: Path) -> None:
    before = chain(recipe(), BASE)
    (app / "start").touch()
    (app / "etc/app.conf").write_text("port=1\n")
    assert chain(recipe(), BASE) == before


def test_a_link_to_a_folder_counts(recipe: MakeRecipe, app: Path) -> None:
    (app / "files").symlink_to("etc")
    before = chain(recipe(), BASE)
    (app / "files").unlink()
    (app / "files").symlink_to(".")
    assert changed(before, chain(recipe(), BASE)) == NAMES[4:]


def test_an_empty_folder_counts(recipe: MakeRecipe, app: Path) -> None:
    before = chain(recipe(), BASE)
    (app / "spool").mkdir()
    assert changed(before, chain(recipe(), BASE)) == NAMES[4:]


def test_what_a_link_leads_to_counts_where_the_recipe_names_the_link(recipe: MakeRecipe, app: Path) -> None:
    linked = ("from: app", "from: app/current")
    before = chain(recipe(linked), BASE)
    (app / "start").write_text("#!/bin/sh\nexec other\n")
    assert changed(before, chain(recipe(linked), BASE)) == NAMES[4:]


@pytest.mark.parametrize("change", ["content", "mode"])
def test_a_file_counts_with_content_and_mode(recipe: MakeRecipe, app: Path, change: str) -> None:
    one = ("from: app", "from: app/start")
    before = chain(recipe(one), BASE)
    if change == "content":
        (app / "start").write_text("#!/bin/bash\n")
    else:
        (app / "start").chmod(0o755)
    assert changed(before, chain(recipe(one), BASE)) == NAMES[4:]


def test_a_host_file_that_went_is_named(recipe: MakeRecipe, app: Path) -> None:
    made = recipe(("from: app", "from: app/start"))
    (app / "start").unlink()
    with pytest.raises(InputError) as caught:
        chain(made, BASE)
    assert caught.value.message == f"{app / 'start'} cannot be read: No such file or directory"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text("ab", max_size=3), min_size=1, max_size=5),
    others=st.lists(st.text("ab", max_size=3), min_size=1, max_size=5),
)
def test_keys_agree_exactly_as_far_as_the_inputs_do(recipe: MakeRecipe, texts: list[str], others: list[str]) -> None:
    made = recipe()

    def shaping(words: list[str]) -> list[str | None]:
        steps = tuple(Write(path="/etc/motd", text=word) for word in words)
        varied = Recipe(
            made.path, made.digest, made.document, made.name, made.version, made.arch, made.base, made.disk, {}, steps,
            made.generalize, made.seal, made.verify, made.variables,
        )  # fmt: skip
        return [step.key for step in chain(varied, BASE)]

    one, two = shaping(texts), shaping(others)
    common = next((n for n, (a, b) in enumerate(zip(texts, others, strict=False)) if a != b), None)
    if common is None:
        common = min(len(texts), len(others))
    assert one[: 2 + common] == two[: 2 + common]
    assert (set(one[2 + common :]) & set(two[2 + common :]) == set()) or texts == others
    assert (one[-1] == two[-1]) == (texts == others)


def test_a_script_that_generalizing_runs_counts_by_its_content(recipe: MakeRecipe, tmp_path: Path) -> None:
    script = tmp_path / "forget.sh"
    script.write_text("#!/bin/sh\n")
    made = recipe()
    named = replace(made, generalize=made.generalize.model_copy(update={"scripts": (str(script),)}))
    before = chain(named, BASE)
    assert changed(chain(made, BASE), before) == ["generalize", "seal", "verify"]
    script.write_text("#!/bin/sh\ntrue\n")
    assert changed(before, chain(named, BASE)) == ["generalize", "seal", "verify"]
    script.unlink()
    with pytest.raises(InputError, match=r"forget.sh cannot be read"):
        chain(named, BASE)


def test_only_a_recipe_with_waivers_has_a_step_for_them(recipe: Callable[..., Recipe]) -> None:
    plain = [each.name for each in chain(recipe(), BASE)]
    waived = recipe(("verify:", "audit: {waive: [{rule: GS310, reason: a lab}]}\nverify:"))
    assert "audit" not in plain
    assert [each.name for each in chain(waived, BASE)] == [*plain[:-1], "audit", plain[-1]]
