"""`build --rebuild` from base to comparison, on a guest of a few megabytes that does not boot: what its clones would
have left is the recorded evidence of others. The whole, with machines, is in tests/boot.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.pipeline.small_guest import make_small_guest

from goldsmith import api
from goldsmith.errors import InputError
from goldsmith.machine.acceleration import Acceleration
from goldsmith.pipeline import build as module
from goldsmith.pipeline.build import Built
from goldsmith.pipeline.steps.verify import Verified
from goldsmith.rules.evidence import Evidence
from goldsmith.verification.verification import Verification

pytestmark = [pytest.mark.root, pytest.mark.timeout(300), pytest.mark.usefixtures("own_folders")]

RECORDED = Path(__file__).parents[2] / "unit" / "verification" / "recorded-evidence.json"
RECIPE = """\
name: web
version: "1.0"
base: {file: base.raw}
datasource: as-base
customize:
  - write: {path: /srv/role, text: "web\\n"}
"""


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Built]:
    """Builds this text of a recipe; every proof holds."""
    evidence = Evidence.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))

    def verified(*_: object, record: Path, **__: object) -> Verified:
        return Verified(Verification(evidence, (), record))

    monkeypatch.setattr(module, "verify_sealed", verified)
    monkeypatch.setattr(module, "acceleration", lambda _: Acceleration(kvm=False, why="not asked", speed=0.2))
    make_small_guest(tmp_path)

    def run(text: str = RECIPE, *, rebuild: bool = False) -> Built:
        recipe = tmp_path / "web.yaml"
        recipe.write_text(text)
        return api.build(recipe, pool=tmp_path / "pool", engine="mount", rebuild=rebuild)

    return run


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


def test_the_same_recipe_gives_the_same_content_and_the_pool_stays(build: Callable[..., Built], tmp_path: Path) -> None:
    first = build()
    before = files(tmp_path / "pool")
    again = build(rebuild=True)
    assert files(tmp_path / "pool") == before
    assert again.image == first.image
    assert again.verification is not None
    assert again.verification.record is None
    assert again.rebuilt is not None
    assert again.rebuilt.same_content, again.rebuilt.as_text()
    assert {each.kind for each in again.rebuilt.differences} <= {"image"}
    assert again.as_text()[-1].startswith("  ~ image ")
    assert f"compared with {first.image.path}, which stays: the same content" in "\n".join(again.as_text())


def test_another_recipe_is_compared_where_it_would_be_refused(build: Callable[..., Built], tmp_path: Path) -> None:
    build()
    before = files(tmp_path / "pool")
    other = RECIPE.replace("web\\n", "db\\n") + "  - mkdir: {path: /srv/data}\n"
    with pytest.raises(InputError, match="built from other inputs"):
        build(other)
    rebuilt = build(other, rebuild=True).rebuilt
    assert rebuilt is not None
    assert not rebuilt.same_content
    named = {(each.kind.value, each.name) for each in rebuilt.differences if each.kind != "image"}
    assert named == {("input", "recipe"), ("file", "/srv/role"), ("file", "/srv/data")}
    assert files(tmp_path / "pool") == before


def test_what_was_never_built_cannot_be_built_again(build: Callable[..., Built], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no image web:1\.0"):
        build(rebuild=True)
    assert not (tmp_path / "pool").exists()
