"""What a person sees of `goldsmith lint`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from goldsmith.base.cloud_init_schema import FetchedSchema
from goldsmith.cli.main import app

pytestmark = pytest.mark.usefixtures("own_folders")
DROP_IN = "# ours\napt_upgrade: true\nssh_deletekeys: false\n"


def lint(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["lint", *map(str, words)])


@pytest.fixture
def drop_in(tmp_path: Path) -> Path:
    path = tmp_path / "99-x.cfg"
    path.write_text(DROP_IN)
    return path


def test_findings_their_hints_and_a_summary(drop_in: Path) -> None:
    drop_in.write_text("apt_upgrade: true\n")
    result = lint(drop_in)
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        f"{drop_in}:1:1: warning GS604: `apt_upgrade` is deprecated since cloud-init 22.2",
        "  hint: use package_upgrade",
    ]
    assert lines[-2:] == [
        "judged by goldsmith's own table of keys and modules",
        f"{drop_in}: 0 errors, 1 warning or note",
    ]
    assert result.exit_code == 0


def test_an_error_ends_with_2_and_a_reason_allows_it(drop_in: Path) -> None:
    assert lint(drop_in).exit_code == 2
    drop_in.write_text("ssh_deletekeys: false  # goldsmith: allow GS616 one machine only\n")
    result = lint(drop_in)
    assert result.exit_code == 0
    assert "waived GS616" in result.stdout
    assert "  because: one machine only" in result.stdout
    assert result.stdout.splitlines()[-1] == f"{drop_in}: 0 errors, 0 warnings and notes, 1 allowed"


def test_repairs_are_made_and_counted(drop_in: Path) -> None:
    result = lint(drop_in, "--fix")
    assert drop_in.read_text() == DROP_IN.replace("apt_", "package_")
    assert "GS604" not in result.stdout
    assert result.stdout.splitlines()[-1].endswith("; 1 repaired")
    assert result.exit_code == 2
    assert json.loads(lint(drop_in, "--fix", "--json").stdout)["repaired"] == 0


def test_sarif_beside_the_text_and_instead_of_it(drop_in: Path, tmp_path: Path) -> None:
    target = tmp_path / "lint.sarif"
    result = lint(drop_in, "--sarif", target)
    assert "GS616" in result.stdout
    told = lint(drop_in, "--sarif", "-")
    assert (result.exit_code, told.exit_code) == (2, 2)
    assert json.loads(target.read_text()) == json.loads(told.stdout)
    run = json.loads(told.stdout)["runs"][0]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [("GS604", "warning"), ("GS616", "error")]


def test_two_documents_do_not_fit_on_standard_output(drop_in: Path) -> None:
    result = lint(drop_in, "--sarif", "-", "--json")
    assert result.exit_code == 2
    assert "error: standard output holds one document" in result.stderr
    assert lint(drop_in, "--sarif", drop_in / "nowhere").exit_code == 2


def test_a_schema_is_fetched_only_when_asked_for(drop_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetching itself is proven with the distribution's own package, in tests/integration."""
    asked: list[str] = []

    def fetched(emit: object) -> FetchedSchema:
        del emit
        asked.append("fetched")
        return FetchedSchema("99.1", {"properties": {"apt_upgrade": {"type": "string"}}})

    monkeypatch.setattr("goldsmith.pipeline.existing.lint.fetch_schema", fetched)
    assert "judged by goldsmith's own table" in lint(drop_in).stdout
    assert asked == []
    result = lint(drop_in, "--fetch-schema")
    assert asked == ["fetched"]
    assert "error GS622" in result.stdout
    assert "judged by the schema of cloud-init 99.1, of this host's distribution" in result.stdout


def test_the_distribution_of_a_file_alone(drop_in: Path) -> None:
    drop_in.write_text("packages: [dnsutils]\n")
    assert "its name here: bind-utils" in lint(drop_in, "--distro", "rocky/9").stdout
    result = lint(drop_in.parent, "--distro", "rocky/9")
    assert result.exit_code == 2
    assert "--distro is for a file alone" in result.stderr


def test_rules_are_listed_and_explain_themselves() -> None:
    listed = json.loads(lint("--list", "--json").stdout)["rules"]
    lines = lint("--list").stdout.splitlines()
    assert [each["code"] for each in listed] == [line.split()[0] for line in lines]
    assert {"GS601", "GS622"} <= {each["code"] for each in listed}
    said = lint("--explain", "GS617")
    assert said.stdout.splitlines()[0] == "GS617: packages are baked in"
    assert json.loads(lint("--explain", "GS617", "--json").stdout)["explanation"] == said.stdout.rstrip("\n")
    for code in ("GS999", "packages"):
        assert lint("--explain", code).exit_code == 2


@pytest.mark.parametrize("words", [(), ("absent.cfg",), ("--nonsense",)])
def test_nothing_that_can_be_judged_ends_with_2(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    result = lint(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
