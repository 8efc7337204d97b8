"""Each rule over recipes: what it finds and where, and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import goldsmith.rules.recipe
from goldsmith.recipe.load import load
from goldsmith.rules.rule import Needs, Verdict, judge, rules_of

Found = Callable[..., list[str]]
LOCAL = "datasource: local\n"
VENDOR = (
    'name: web\nversion: "1.0"\nbase: {url: "https://example.org/a.qcow2", checksum: "https://example.org/SUMS"}\n\n'
)


def test_every_rule_says_something_about_the_smallest_recipe(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text('name: web\nversion: "1.0"\nbase: {bootstrap: debian/12}\narch: x86_64\ndatasource: local\n')
    rules = rules_of(Needs.RECIPE)
    outcomes = judge(rules, load(path))
    assert [outcome.rule for outcome in outcomes] == [rule.code for rule in rules]
    assert {outcome.verdict for outcome in outcomes} == {Verdict.PASS}
    assert all(outcome.expected and outcome.seen for outcome in outcomes)


def test_every_rule_has_a_file_of_its_own() -> None:
    folder = Path(next(iter(goldsmith.rules.recipe.__path__)))
    texts = [path.read_text() for path in folder.glob("*.py")]
    for rule in rules_of(Needs.RECIPE):
        assert len([text for text in texts if f'CODE = "{rule.code}"' in text]) == 1
        assert rule.why.endswith(".")


def defaults(config: str, more: str = "") -> str:
    """Lines 5 to 7 are the head of the defaults, their text begins in line 8, column 5."""
    indented = "".join(f"    {line}\n" for line in config.splitlines())
    return f"{LOCAL}defaults:\n  config: |\n{indented}{more}"


def test_an_omitted_datasource(found: Found) -> None:
    said = "1:1: GS120 error: `datasource` is missing: debian/12 leaves cloud-init disabled in a clone without a seed"
    assert found("") == [said]
    assert found("defaults: {config: 'ssh_pwauth: false'}\n") == [said]
    for choice in ("local", "clouds", "as-base"):
        assert found(f"datasource: {choice}\n") == []


def test_an_omitted_datasource_of_a_base_that_is_not_there_yet(found: Found) -> None:
    said = "1:1: GS120 warning: `datasource` is missing: most bases leave cloud-init disabled in a clone without a seed"
    assert found("", head=VENDOR) == [said]


def test_an_omitted_datasource_that_the_defaults_decide(found: Found) -> None:
    assert found("defaults:\n  config: |\n    datasource_list: [NoCloud, None]\n", code="GS120") == []
    # ds-identify's shell does not see a last line without its newline.
    assert len(found("defaults: {config: 'datasource_list: [NoCloud, None]'}\n", code="GS120")) == 1


def test_packages_in_the_defaults(found: Found) -> None:
    assert found(defaults("# ours\npackages:\n  - htop\npackage_update: true")) == [
        "9:5: GS617 warning: `packages` downloads packages on every clone's first boot",
        "11:5: GS617 warning: `package_update` asks the mirrors on every clone's first boot",
    ]
    assert found(defaults("packages: []\npackage_update: false")) == []


def test_packages_in_a_file_of_defaults(found: Found, tmp_path: Path) -> None:
    (tmp_path / "ours.cfg").write_text("#cloud-config\npackages: [htop]\n")
    assert found(f"{LOCAL}defaults: {{file: ours.cfg}}\n") == [
        "ours.cfg:2:1: GS617 warning: `packages` downloads packages on every clone's first boot"
    ]


def test_a_password_in_the_defaults(found: Found) -> None:
    assert found(defaults("users:\n  - default\n  - name: b\n    hashed_passwd: x"), code="GS615") == [
        "11:9: GS615 warning: `hashed_passwd` in the image's configuration is the same on every clone"
    ]


def test_shared_host_keys(found: Found) -> None:
    said = "8:5: GS616 error: `ssh_deletekeys` makes clones share SSH host keys"
    assert found(defaults("ssh_deletekeys: false")) == [said]


def test_a_comment_allows_a_finding_for_a_reason(found: Found) -> None:
    assert found(defaults("packages: [htop]  # goldsmith: allow GS617 a mirror beside")) == []
    assert found(f"# goldsmith: allow GS617 a mirror\n{LOCAL}defaults: {{config: 'packages: [a]'}}\n") != []
    one_line = f"{LOCAL}# goldsmith: allow GS617 a mirror beside\ndefaults: {{config: 'packages: [a]'}}\n"
    assert found(one_line) == []


@pytest.mark.parametrize(
    ("name", "bad"), [("100-ours", True), ("9-ours", True), ("99-ours", False), ("zz-ours", False)]
)
def test_the_name_of_the_defaults(found: Found, name: str, bad: bool) -> None:  # noqa: FBT001
    said = found(f"{LOCAL}defaults:\n  name: {name}\n  config: 'locale: C'\n")
    assert [each.partition(" sorts ")[0] for each in said] == ([f"7:9: GS606 warning: {name}.cfg"] if bad else [])


def test_disabled_modules(found: Found) -> None:
    assert found(defaults("locale: C", "  disable_modules: [runcmd, cc_scripts_user, rumcmd]\n"), code="GS125") == [
        "9:46: GS125 warning: rumcmd is no module of cloud-init"
    ]


@pytest.mark.parametrize(
    ("config", "more", "said"),
    [
        (
            "runcmd: [ls]",
            "  disable_modules: [runcmd]\n",
            "`runcmd` has no effect: `disable_modules` names runcmd",
        ),
        (
            "runcmd: [ls]\ncloud_final_modules: []",
            "",
            "`runcmd` has no effect: `cloud_final_modules` leaves out scripts_user",
        ),
        (
            "users: [a]\ncloud_init_modules: [bootcmd]",
            "",
            "`users` has no effect: `cloud_init_modules` leaves out users_groups",
        ),
    ],
)
def test_settings_that_are_switched_off(found: Found, config: str, more: str, said: str) -> None:
    assert found(defaults(config, more), code="GS611") == [f"8:5: GS611 warning: {said}"]


def test_settings_that_are_not_switched_off(found: Found) -> None:
    lines = defaults("runcmd: [ls]\ncloud_final_modules: [[scripts-user, always]]", "  disable_modules: [ntp]\n")
    assert found(lines, code="GS611") == []


def test_a_datasource_list_in_the_defaults(found: Found) -> None:
    lines = "defaults: {config: 'datasource_list: [NoCloud, None]'}\n"
    assert found(lines, code="GS127") == [
        "5:20: GS127 warning: `datasource_list` in the defaults may not be seen by ds-identify"
    ]
    assert found(LOCAL + lines) == [
        "6:20: GS127 warning: `datasource_list` in the defaults is overruled by `datasource:`"
    ]


def test_an_expected_package_that_is_removed(found: Found) -> None:
    expect = "verify: {expect: {packages: [nano]}}\n"
    assert found(f"{LOCAL}customize: [{{install: [nano]}}, {{uninstall: [nano]}}]\n{expect}") == [
        "7:30: GS128 error: nano is expected, but step 2 of `customize` removes it"
    ]
    assert found(f"{LOCAL}customize: [{{uninstall: [nano]}}, {{install: ['nano=7.2']}}]\n{expect}") == []


def test_a_disk_smaller_than_its_base(found: Found) -> None:
    assert found(f"{LOCAL}disk: {{size: 1G}}\n") == ["6:14: GS129 error: a disk of 1G is smaller than its base of 3G"]
    assert found(f"{LOCAL}disk: {{size: 3G}}\n") == []
    assert found(f"{LOCAL}disk: {{size: 1G}}\n", head=VENDOR) == []


def test_a_disk_smaller_than_its_file(found: Found, tmp_path: Path) -> None:
    with (tmp_path / "base.raw").open("wb") as file:
        file.truncate(2 << 30)
    head = 'name: web\nversion: "1.0"\nbase: {file: base.raw}\n\n'
    assert found(f"{LOCAL}disk: {{size: 1G}}\n", head=head) == [
        "6:14: GS129 error: a disk of 1G is smaller than its base of 2G"
    ]
    assert found(f"{LOCAL}disk: {{size: 2G}}\n", head=head) == []


def test_an_architecture_without_a_base(found: Found) -> None:
    head = 'name: web\nversion: "1.0"\nbase: {bootstrap: debian/12}\narch: aarch64\n'
    assert found(LOCAL, head=head) == ["4:7: GS130 error: debian/12 cannot be bootstrapped for aarch64 yet"]
    assert found(LOCAL, head=VENDOR + "arch: aarch64\n") == []


def users(config: str, present: str = "", absent: str = "") -> str:
    return defaults(config, f"verify: {{expect: {{users: {{present: [{present}], absent: [{absent}]}}}}}}\n")


ADMIN = "system_info: {default_user: {name: admin}}"


def test_expected_users_that_are_predicted(found: Found) -> None:
    assert found(users(ADMIN, "admin, root", "debian"), code="GS131") == []
    assert found(users("a: 1", "debian"), code="GS131") == []
    assert found(users("users: [default, {name: ops}]", "debian, ops"), code="GS131") == []


def test_an_expected_user_that_nothing_makes(found: Found) -> None:
    assert found(users(ADMIN, "amdin"), code="GS131") == [
        "9:37: GS131 warning: nothing in the recipe makes the user amdin"
    ]
    assert found(users("users: [ops]", "debian"), code="GS131") == [
        "9:37: GS131 warning: nothing in the recipe makes the user debian"
    ]
    assert found(users(ADMIN, "ops") + "customize: [{run: {shell: useradd ops}}]\n", code="GS131") == []


def test_an_unwanted_user_that_a_first_boot_makes(found: Found) -> None:
    assert found(users("a: 1", "", "debian"), code="GS131") == [
        "9:49: GS131 error: the user debian must be absent, but a first boot makes it"
    ]


def test_no_users_without_their_module(found: Found) -> None:
    lines = users(ADMIN, "admin").replace("verify:", "  disable_modules: [users-groups]\nverify:")
    assert found(lines, code="GS131") == ["10:37: GS131 warning: nothing in the recipe makes the user admin"]


def test_users_of_a_base_that_is_not_there_yet(found: Found) -> None:
    assert found(users(ADMIN, "ops"), head=VENDOR, code="GS131") == []
    assert found(users(ADMIN, "amdin"), head=VENDOR, code="GS131") == [
        "9:37: GS131 warning: nothing in the recipe makes the user amdin"
    ]


def test_a_secret_that_no_step_names(found: Found) -> None:
    secrets = f"{LOCAL}secrets: {{token: {{env: A}}, key: {{file: b}}}}\n"
    step = "customize:\n  - run: {shell: 'true', secrets: [token]}\n"
    assert found(secrets + step) == ["6:28: GS132 warning: no step names the secret `key`"]
    assert len(found(secrets)) == 2
    assert found(secrets + step.replace("[token]", "[token, key]")) == []
