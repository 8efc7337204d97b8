"""Secrets through a real build: who sees them, that nothing repeats them, and that the image is searched for them.

The guest is small and made on the spot; no machine boots, because a build that leaks does not get so far.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.integration.pipeline.small_guest import make_small_guest

from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.disk.seal import Packing
from goldsmith.errors import ProofError
from goldsmith.events import Event, ignore
from goldsmith.generalization.select import select
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.secrets import read_secrets
from goldsmith.pipeline.steps.audit import Intent, audit_sealed
from goldsmith.pipeline.steps.customize import customize
from goldsmith.pipeline.steps.generalize import generalize_guest
from goldsmith.pipeline.steps.seal import seal_disk
from goldsmith.recipe.load import load

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

TOKEN = "tok3n/with+signs=7f3a"
KEY = "first line of the key 51\nsecond line of the key 52\n"
RECIPE = """\
name: web
version: "1.0"
base: {{file: base.raw}}
secrets:
  token: {{env: WEB_TOKEN}}
  key: {{file: web.key}}
customize:
{steps}
"""
SEEN = """\
  - run:
      secrets: [token, key]
      shell: |
        echo "fetching with $(cat /run/secrets/token)"
        while read line; do echo "$line"; done < /run/secrets/key
        ls -ln /run/secrets
        env
        cat /proc/1/cmdline /proc/self/cmdline
  - run: {shell: "ls -A /run/secrets 2>&1 || true; env"}
"""
LEAK = '  - run: {shell: "cat /run/secrets/token > /etc/leak", secrets: [token]}\n'
ENCODED = "  - run: {{shell: \"echo 'Authorization: {0}' > /srv/request\"}}\n"
WRITE = """\
  - run:
      secrets: [token, key]
      shell: |
        cat /run/secrets/token /run/secrets/key > /srv/leak
        ln -s "$(cat /run/secrets/token | head -c 12)" /srv/link
        mkdir /srv/folder
        cat /run/secrets/key > /srv/folder/key
"""
DELETE = '  - run: {shell: "rm -r /srv/leak /srv/link /srv/folder", secrets: [token, key]}\n'


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """Read only."""
    return make_small_guest(tmp_path_factory.mktemp("base"))


@pytest.fixture
def folder(base: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the recipe lies, with its base and the file of one secret."""
    (tmp_path / "base.raw").symlink_to(base.path)
    (tmp_path / "web.key").write_text(KEY)
    monkeypatch.setenv("WEB_TOKEN", TOKEN)
    return tmp_path


def written(folder: Path, steps: str) -> Path:
    path = folder / "web.yaml"
    path.write_text(RECIPE.format(steps=steps))
    return path


def spelled() -> Iterator[bytes]:
    for value in (TOKEN, *KEY.splitlines()):
        yield value.encode()
        yield base64.b64encode(value.encode())[:-4]


def test_a_leak_ends_the_build_and_nothing_repeats_the_secret(
    folder: Path, goldsmith: Any, environment: dict[str, str]
) -> None:
    recipe, events, pool = written(folder, SEEN + LEAK), folder / "events", folder / "pool"
    said = goldsmith("build", recipe, "--engine", "mount", "--pool", pool, "--json", "--events", events)
    assert said.code == 5, said.err
    assert "token is in the image: byte " in said.error
    assert "(partition 1) as it is" in said.error
    assert list(pool.glob("*.qcow2*")) == []
    document = json.loads(said.out)
    assert document["error"]["exit_code"] == 5

    kept = Path(environment["XDG_STATE_HOME"]) / "goldsmith"
    log = (kept / "failed/web-v1.0/customize.log").read_text()
    assert "fetching with ***\n***\n" in log
    # Both are there, the owner's alone, and only for the step that names them.
    assert sorted(line.split()[0] + " " + line.split()[-1] for line in log.splitlines() if line.startswith("-r")) == [
        "-r-------- key",
        "-r-------- token",
    ]
    everything = [said.out.encode(), said.err.encode()]
    everything += [path.read_bytes() for path in (events, *kept.rglob("*"), *pool.rglob("*")) if path.is_file()]
    assert not [form for form in spelled() for text in everything if form in text]


@pytest.mark.parametrize("verb", ["build", "plan"])
def test_what_is_missing_is_told_with_its_place_before_any_work(folder: Path, goldsmith: Any, verb: str) -> None:
    recipe = written(folder, LEAK)
    (folder / "web.key").unlink()
    said = goldsmith(verb, recipe, WEB_TOKEN="short")
    assert said.code == 2
    lines = [line for line in said.err.splitlines() if " GS108: " in line]
    short = "the environment variable WEB_TOKEN holds 5 bytes; the shortest that can be masked and searched for has 8"
    assert lines == [
        f"{recipe}:5:3: error GS108: secret token: {short}",
        f"{recipe}:6:3: error GS108: secret key: cannot read web.key: no such file or directory",
    ]
    assert said.error == "2 problems in the recipe"


def test_lint_needs_no_values_and_names_what_is_not_used(folder: Path, goldsmith: Any) -> None:
    recipe = written(folder, LEAK.replace("[token]", "[tokn]"))
    said = goldsmith("lint", recipe, "--json", WEB_TOKEN="")
    (finding,) = [each for each in json.loads(said.out)["findings"] if "tokn" in each["message"]]
    assert (said.code, finding["hint"]) == (2, "did you mean `token`?")
    said = goldsmith("lint", written(folder, LEAK), "--json", WEB_TOKEN="")
    assert [each["message"] for each in json.loads(said.out)["findings"] if each["code"] == "GS132"] == [
        "no step names the secret `key`"
    ]


@dataclass(frozen=True)
class Sealed:
    """A guest that was customized, generalized and sealed, its overlay, and what was said meanwhile."""

    overlay: Disk
    image: Disk
    recipe: Any
    events: list[Event]


@pytest.fixture
def sealed(base: Disk, folder: Path) -> Any:
    def seal(*sessions: str) -> Sealed:
        """Each of the sessions is closed before the next one, so what it wrote has reached the disk."""
        recipe = load(written(folder, sessions[0]))
        secrets = read_secrets(recipe)
        events: list[Event] = []
        emit = secrets.masking(events.append)
        scratch = folder / "scratch"
        scratch.mkdir()
        overlay = create_overlay(scratch / "overlay.qcow2", base)
        operations = select("defaults")
        for steps in sessions:
            recipe = load(written(folder, steps))
            with open_guest(overlay, engine="mount", scratch=scratch) as guest:
                customized = customize(emit, guest, recipe, scratch, secrets)
                generalize_guest(emit, guest, operations, (), customized.declared)
        done = seal_disk(emit, overlay, scratch / "sealed.qcow2", Packing.QCOW2_ZSTD, scratch)
        return Sealed(overlay, done.sealed.disk, recipe, events)

    return seal


def audited(sealed: Sealed, disk: Disk, scratch: Path) -> Any:
    intent, canaries = Intent(select("defaults")), tuple(read_secrets(sealed.recipe))
    return audit_sealed(ignore, disk, intent, engine="mount", scratch=scratch, accelerated=False, canaries=canaries)


def test_what_a_step_wrote_and_deleted_is_on_the_overlay_and_not_in_the_image(sealed: Any, tmp_path: Path) -> None:
    done = sealed(WRITE, DELETE)
    assert audited(done, done.image, tmp_path).canaries == ("token", "key")
    # The same search does find it in what was sealed: sealing erased it, and the search is not blind.
    with pytest.raises(ProofError, match="token is in the image"):
        audited(done, done.overlay, tmp_path)


def test_an_encoded_secret_is_found(sealed: Any, tmp_path: Path) -> None:
    basic = base64.b64encode(f"user:{TOKEN}".encode()).decode()
    done = sealed(ENCODED.format(basic) + '  - run: {shell: "true", secrets: [token, key]}\n')
    with pytest.raises(ProofError, match=r"token is in the image: .* encoded") as caught:
        audited(done, done.image, tmp_path)
    assert TOKEN not in str(caught.value)
