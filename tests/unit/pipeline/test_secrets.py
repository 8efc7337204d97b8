"""Secrets of a recipe on their way: read before any work, in keys as fingerprints only, never in what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.errors import BuildError, HostError, RecipeError
from goldsmith.events import Event, Note
from goldsmith.pipeline import build as story
from goldsmith.pipeline import plan as planning
from goldsmith.pipeline.build import Options, build
from goldsmith.pipeline.keys import build_key, chain
from goldsmith.pipeline.plan import plan
from goldsmith.pipeline.record import kept_on_failure
from goldsmith.pipeline.secrets import read_secrets
from goldsmith.recipe.model import Recipe
from goldsmith.secrets import Secret, Secrets
from goldsmith.settings import state_dir

MakeRecipe = Callable[..., Recipe]
BASE = "1" * 64
DECLARED = """\
name: web
version: "1.0"
arch: x86_64
base: {bootstrap: debian/12}
datasource: local
secrets:
  token: {env: WEB_TOKEN}
  key: {file: web.key}
customize:
  - write: {path: /etc/motd, text: hello}
  - run: {shell: "true", secrets: [token, key]}
  - run: {shell: "false"}
"""
VALUES = {"token": "value-of-token", "key": "value-of-key"}


@pytest.fixture
def secret_recipe(
    recipe: MakeRecipe, own_folders: Path, app: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Recipe]:
    """The recipe, with both values set; they are never in its file."""
    assert own_folders == app.parent
    monkeypatch.setenv("WEB_TOKEN", VALUES["token"])
    (app.parent / "web.key").write_text(VALUES["key"] + "\n")
    return lambda *changes: recipe(*changes, text=DECLARED)


def test_both_sources_are_read(secret_recipe: MakeRecipe) -> None:
    read = {each.name: each.content for each in read_secrets(secret_recipe())}
    assert read == {"token": b"value-of-token", "key": b"value-of-key\n"}


def refused(*_: object, **__: object) -> None:
    pytest.fail("work was begun")


VERBS: dict[str, Callable[[Recipe, Path], object]] = {
    "build": lambda made, pool: build(made, Options(pool), lambda _: None),
    "plan": lambda made, _: plan(made, offline=True, emit=lambda _: None),
}


@pytest.mark.parametrize("verb", VERBS)
def test_everything_that_is_missing_is_told_at_once_before_any_work(
    secret_recipe: MakeRecipe, app: Path, monkeypatch: pytest.MonkeyPatch, verb: str, tmp_path: Path
) -> None:
    made = secret_recipe()
    monkeypatch.delenv("WEB_TOKEN")
    (app.parent / "web.key").unlink()
    monkeypatch.setattr(story, "Pool", refused)
    monkeypatch.setattr(planning, "chain", refused)
    with pytest.raises(RecipeError) as caught:
        VERBS[verb](made, tmp_path / "pool")
    assert caught.value.exit_code == 2
    assert [f"{each.place}: {each.code} {each.message}" for each in caught.value.findings] == [
        f"{made.path}:7:3: GS108 secret token: the environment variable WEB_TOKEN is not set",
        f"{made.path}:8:3: GS108 secret key: cannot read web.key: no such file or directory",
    ]
    assert not (tmp_path / "pool").exists()


def test_a_changed_value_changes_the_step_that_names_it_and_all_after_it(
    secret_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = secret_recipe()
    before = chain(made, BASE, read_secrets(made))
    monkeypatch.setenv("WEB_TOKEN", "another-value")
    after = chain(made, BASE, read_secrets(made))
    changed = [new.name for old, new in zip(before, after, strict=True) if old.key != new.key]
    assert changed[0] == "customize 2: run"
    assert before[:3] == after[:3]
    assert len(changed) == len(before) - 3


def test_another_host_has_another_key_for_the_same_value(secret_recipe: MakeRecipe) -> None:
    made = secret_recipe()
    secrets = read_secrets(made)
    before = build_key(made, BASE, secrets)
    assert build_key(made, BASE, secrets) == before
    (state_dir() / "secrets.key").unlink()
    assert build_key(made, BASE, secrets) != before


def test_a_recipe_without_secrets_needs_no_key_of_the_host(recipe: MakeRecipe, own_folders: Path) -> None:
    build_key(recipe(), BASE, read_secrets(recipe()))
    assert list((own_folders / "state_home").iterdir()) == []


def test_no_value_is_in_recipe_keys_or_plan(secret_recipe: MakeRecipe) -> None:
    made = secret_recipe()
    secrets = read_secrets(made)
    shown = json.dumps([each.as_json() for each in chain(made, BASE, secrets)]) + repr(made) + repr(secrets)
    assert not [value for value in VALUES.values() if value in shown]


def fail(folder: Path, events: list[Event], secrets: Secrets, printed: str) -> None:
    with kept_on_failure(folder, "web-v1.0", events.append, secrets) as record:
        (record / "clone1").mkdir()
        (record / "clone1/console.log").write_text(printed)
        raise BuildError("broken")


def test_what_outlives_a_failure_holds_no_value(own_folders: Path, events: list[Event]) -> None:
    secrets = Secrets([Secret("token", b"value-of-token")])
    with pytest.raises(BuildError):
        fail(own_folders / "record", events, secrets, "login: value-of-token\n")
    assert (state_dir() / "failed/web-v1.0/clone1/console.log").read_text() == "login: ***\n"


def test_a_user_without_a_home_is_told_the_failure_itself(
    tmp_path: Path, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise HostError("this user has no home folder")

    monkeypatch.setattr("goldsmith.pipeline.record.state_dir", homeless)
    with pytest.raises(BuildError, match="broken"):
        fail(tmp_path / "record", events, Secrets(), "panic\n")
    assert events == [Note("logs and evidence cannot be kept: this user has no home folder", warning=True)]
