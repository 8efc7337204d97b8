"""defaults and datasource: drop-ins for cloud-init."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from goldsmith.cloudinit.datasource import without_seed
from goldsmith.cloudinit.effective import effective
from goldsmith.cloudinit.files import read_configuration
from goldsmith.customization.kinds.datasource import Datasource
from goldsmith.customization.kinds.defaults import Defaults
from goldsmith.errors import BuildError, InputError

CONFIG = "# who\nsystem_info:\n  default_user: {name: admin}   # not debian\nssh_pwauth: false\n"
CLOUD_CFG = """\
users: [default]
cloud_init_modules: [bootcmd, users-groups]
cloud_config_modules: [locale, runcmd, [timezone, always]]
cloud_final_modules: [package-update-upgrade-install, scripts-user]
"""
DROP_IN = "etc/cloud/cloud.cfg.d/99-custom-defaults.cfg"


@pytest.fixture
def cloud(bench: Any) -> Any:
    (bench / "etc/cloud/cloud.cfg").write_text(CLOUD_CFG)
    return bench


def defaults(**fields: Any) -> Defaults:
    return Defaults.model_validate(fields)


def test_defaults_are_written_word_for_word_as_roots_0644(cloud: Any) -> None:
    assert defaults(config=CONFIG).perform(cloud.session) == f"/{DROP_IN}"
    assert (cloud / DROP_IN).read_text() == CONFIG
    assert (cloud / DROP_IN).stat().st_mode & 0o7777 == 0o644
    assert cloud.session.declared == {f"/{DROP_IN}"}


def test_defaults_are_no_template(cloud: Any) -> None:
    text = 'final_message: "{{ name }} took $UPTIME"\n'
    defaults(config=text).perform(cloud.session)
    assert (cloud / DROP_IN).read_text() == text


def test_defaults_come_from_a_file_byte_by_byte(cloud: Any) -> None:
    (cloud.folder / "my.cfg").write_bytes(b"#cloud-config\r\nssh_pwauth: false")
    step = defaults(file="my.cfg", name="50-mine.cfg")
    assert step.host_files(cloud.folder) == ("my.cfg",)
    assert step.perform(cloud.session) == "/etc/cloud/cloud.cfg.d/50-mine.cfg"
    assert (cloud / "etc/cloud/cloud.cfg.d/50-mine.cfg").read_bytes() == b"#cloud-config\r\nssh_pwauth: false"


def test_defaults_replace_what_the_base_has_under_that_name(cloud: Any) -> None:
    (cloud / DROP_IN).write_text("old: 1\n")
    (cloud / DROP_IN).chmod(0o600)
    defaults(config=CONFIG).perform(cloud.session)
    assert ((cloud / DROP_IN).read_text(), (cloud / DROP_IN).stat().st_mode & 0o7777) == (CONFIG, 0o644)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("- a\n", "not a dictionary"),
        ("just text\n", "not a dictionary"),
        ("", "holds no setting"),
        ("# only words\n", "holds no setting"),
        ("a: [1\n", "not readable as YAML"),
        ("a: 1\n---\nb: 2\n", "not readable as YAML"),
        ("a: 1\na: 2\n", "a is there twice"),
        ("## template: jinja\na: 1\n", "a jinja template is read unrendered"),
        ("merge_how: list(append)\na: 1\n", "merge_how changes how other files are merged"),
    ],
)
def test_defaults_that_cloud_init_would_not_read_as_meant_are_refused(cloud: Any, config: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        defaults(config=config)
    (cloud.folder / "my.cfg").write_text(config)
    with pytest.raises(InputError, match=said):
        defaults(file="my.cfg").check(cloud.folder)


def test_a_file_that_is_not_utf8_is_refused(cloud: Any) -> None:
    (cloud.folder / "my.cfg").write_bytes(b"a: \xe4\n")
    with pytest.raises(InputError, match="not UTF-8"):
        defaults(file="my.cfg").perform(cloud.session)


@pytest.mark.parametrize("name", [".hidden", "../x", "a/b", "", "-x", "a b"])
def test_names_that_are_no_drop_in_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        defaults(name=name, config=CONFIG)


@pytest.mark.parametrize("fields", [{}, {"config": CONFIG, "file": "x"}, {"config": {"a": 1}}])
def test_exactly_one_content_as_text(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        defaults(**fields)


def test_a_disabled_module_alone_leaves_its_list(cloud: Any) -> None:
    defaults(config=CONFIG.rstrip("\n"), disable_modules=["runcmd"]).perform(cloud.session)
    written = (cloud / DROP_IN).read_text()
    assert written.startswith(CONFIG)
    after = effective(read_configuration(cloud.guest))
    assert after.config["cloud_config_modules"] == ["locale", ["timezone", "always"]]
    assert after.config["cloud_final_modules"] == ["package-update-upgrade-install", "scripts-user"]
    assert after.config["ssh_pwauth"] is False
    assert after.problems == ()


def test_a_module_is_found_in_any_spelling(cloud: Any) -> None:
    defaults(disable_modules=["scripts_user"]).perform(cloud.session)
    after = effective(read_configuration(cloud.guest))
    assert after.config["cloud_final_modules"] == ["package-update-upgrade-install"]


def test_a_module_that_is_in_no_list_is_named(cloud: Any) -> None:
    with pytest.raises(InputError, match="module runcmdd") as caught:
        defaults(config=CONFIG, disable_modules=["runcmdd"]).perform(cloud.session)
    assert caught.value.hint == "did you mean runcmd?"


def test_a_list_in_config_and_disable_modules_contradict(cloud: Any) -> None:
    step = defaults(config="cloud_config_modules: [locale]\n", disable_modules=["runcmd"])
    with pytest.raises(InputError, match="config sets cloud_config_modules itself"):
        step.perform(cloud.session)


def test_module_lists_cannot_be_put_below_braces(cloud: Any) -> None:
    with pytest.raises(InputError, match="cannot be put below config"):
        defaults(config="{ssh_pwauth: false}\n", disable_modules=["runcmd"]).perform(cloud.session)


def test_a_stronger_file_that_sets_the_list_is_named(cloud: Any) -> None:
    (cloud / "etc/cloud/cloud.cfg.d/vendor.cfg").write_text("cloud_config_modules: [runcmd]\n")
    with pytest.raises(BuildError, match="runcmd would still run") as caught:
        defaults(config=CONFIG, disable_modules=["runcmd"]).perform(cloud.session)
    assert "vendor.cfg" in str(caught.value.hint)
    assert not (cloud / DROP_IN).exists()


def test_a_base_whose_drop_ins_lie_elsewhere_is_told(cloud: Any) -> None:
    (cloud / "etc/cloud/cloud.cfg").write_text(CLOUD_CFG + "conf_d: /srv/conf\n")
    with pytest.raises(BuildError, match="names another folder"):
        defaults(config=CONFIG).perform(cloud.session)
    assert not (cloud / DROP_IN).exists()


def test_defaults_repeated_do_not_lose_modules(cloud: Any) -> None:
    step = defaults(config=CONFIG, disable_modules=["runcmd"])
    step.perform(cloud.session)
    first = (cloud / DROP_IN).read_text()
    step.perform(cloud.session)
    assert (cloud / DROP_IN).read_text() == first


@pytest.mark.parametrize("step", [Defaults(config=CONFIG), Datasource.model_validate("local")])
def test_a_guest_without_cloud_init_is_refused(bench: Any, step: Any) -> None:
    with pytest.raises(BuildError, match="cloud-init is not installed"):
        step.perform(bench.session)


@pytest.mark.parametrize("choice", ["local", "clouds"])
@pytest.mark.parametrize("rival", ["99-defaults.cfg", "zz-cloud.cfg", "Zzzz.cfg", "_x.cfg", "curtin.cfg"])
def test_datasource_is_true_beside_any_other_file(cloud: Any, choice: str, rival: str) -> None:
    (cloud / "etc/cloud/cloud.cfg.d" / rival).write_text("datasource_list: [Ec2, NoCloud]\n")
    Datasource.model_validate(choice).perform(cloud.session)
    for version in ("22.4.2", "26.2"):
        decision = without_seed(read_configuration(cloud.guest), version=version)
        assert (decision.enabled, decision.fallback) == (True, True)
    made = [Path(path).name for path in cloud.session.declared if path.startswith("/etc/cloud/cloud.cfg.d")]
    assert all(name > rival for name in made)


def test_datasource_as_base_writes_nothing(cloud: Any) -> None:
    assert Datasource.model_validate("as-base").perform(cloud.session) == "as the base has it"
    assert cloud.guest.applied == []


def test_datasource_is_one_of_three() -> None:
    with pytest.raises(ValidationError, match="'local', 'clouds' or 'as-base'"):
        Datasource.model_validate("aws")
