"""`goldsmith init`: a commented recipe that can be used as it is, and never in the place of another file."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from goldsmith.errors import InputError
from goldsmith.findings import Severity
from goldsmith.recipe.load import load
from goldsmith.recipe.schema import SCHEMA_FILE, schema
from goldsmith.recipe.starter import write_starter
from goldsmith.rules.recipe.lint import lint


def test_it_loads_and_nothing_is_found_in_it(tmp_path: Path) -> None:
    recipe = load(write_starter(tmp_path / "web-base.yaml"))
    assert recipe.stem == "web-base-v1.0"
    assert lint(recipe) == []


def test_what_it_only_mentions_is_right_too(tmp_path: Path) -> None:
    """Each commented setting, once its `# ` is removed, still loads."""
    path = write_starter(tmp_path / "web.yaml")
    (tmp_path / "setup.sh").write_text("#!/bin/sh\n")
    text = re.sub(
        r"^( *)# (disable_modules:|- services:|- run:|secrets:|keep:|with:|seal:)",
        r"\1\2",
        path.read_text(),
        flags=re.MULTILINE,
    )
    path.write_text(text)
    recipe = load(path)
    assert len(recipe.customize) == 4
    assert recipe.generalize.keep
    assert recipe.generalize.by_virt_sysprep
    assert list(recipe.secrets) == ["token"]
    assert recipe.seal.packing == "qcow2/zlib"
    assert [finding.code for finding in lint(recipe) if finding.severity is not Severity.NOTE] == []


def test_its_first_line_names_the_schema_for_editors(tmp_path: Path) -> None:
    text = write_starter(tmp_path / "web.yaml").read_text()
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_FILE.as_uri()}"
    assert list(jsonschema.Draft202012Validator(schema()).iter_errors(yaml.safe_load(text))) == []


def test_a_file_whose_name_is_no_name_of_an_image(tmp_path: Path) -> None:
    assert load(write_starter(tmp_path / "-my recipe-.yaml")).name == "base"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_starter(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("web", "is no name of a recipe"),
        ("no/web.yaml", "there is no folder"),
        ("web.yaml/x.yaml", "there is no folder|cannot write"),
    ],
)
def test_where_it_cannot_be_written(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "web.yaml").write_text("mine")
    with pytest.raises(InputError, match=said):
        write_starter(tmp_path / name)
