"""What lint finds by the image's own schema, compared with what that cloud-init itself says about it."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.integration.cloudinit.corpus import ONE_FILE, bytes_of
from tests.oracle.oracle import Oracle

from goldsmith.cloudinit.document import parse
from goldsmith.cloudinit.keys import KEYS, MODULE_KEYS, SINCE, SYSTEM_KEYS
from goldsmith.cloudinit.keys import known as is_known
from goldsmith.cloudinit.version import parse_version
from goldsmith.findings import HostPlace
from goldsmith.rules.cloudconfig.configfile import ConfigFile
from goldsmith.rules.cloudconfig.deprecated import DEPRECATIONS, is_deprecated
from goldsmith.rules.cloudconfig.known_keys import keys_of
from goldsmith.rules.cloudconfig.schema import validator_of, violations
from goldsmith.rules.cloudconfig.schema_deprecations import IN_PLACE, marked

pytestmark = pytest.mark.process
Agreements = Callable[[int], None]
JUDGE = """
from cloudinit.config import schema
if "known_validator" not in globals():
    kind, checker = schema.get_jsonschema_validator()
    globals()["known_validator"] = kind(schema.get_schema(), format_checker=checker())
faults, marks = [], []
for error in globals()["known_validator"].iter_errors(config):
    if isinstance(error, schema.SchemaDeprecationError):
        marks.append((tuple(error.path), getattr(error, "version", None)))
    else:
        faults.append(tuple(error.path))
answer = faults, marks
"""
Path = tuple[str | int, ...]
# Values that are of no kind that any setting of the corpus wants, or just of another one.
ODD: tuple[Any, ...] = (None, True, 3, -1.5, "", "text", [], [3], [[]], {}, {"a": 1}, {"name": 3}, [{"a": []}])
EXAMPLES = 150
DEPRECATED: tuple[dict[str, Any], ...] = (
    {"apt_update": True, "apt_upgrade": True, "apt_reboot_if_required": True, "grub-dpkg": {}},
    {"users": [{"name": "a", "lock-passwd": True, "uid": "1001", "sudo": False, "groups": {"wheel": None}}]},
    {"users": [{"name": "a", "no-create-home": True, "hashed-passwd": "x", "ssh-import-id": ["a"],
                "create-groups": True, "ssh-authorized-keys": ["a"], "primary-group": "a",
                "selinux-user": "a", "plain-text-passwd": "x"}]},
    {"ca-certs": {"remove-defaults": True}, "ca_certs": {"remove-defaults": True}},
    {"apt_pipelining": "none"}, {"apt_pipelining": "unchanged"}, {"growpart": {"mode": False}},
    {"grub_dpkg": {"grub-pc/install_devices_empty": "true"}}, {"power_state": {"mode": "halt", "delay": "+30"}},
    {"rh_subscription": {"org": 3, "activation-key": "a"}}, {"vendor_data": {"enabled": "true"}},
    {"ssh_pwauth": "unchanged"}, {"ssh_pwauth": "yes"}, {"chpasswd": {"list": "a:b"}}, {"ubuntu_advantage": {}},
    {"manage_etc_hosts": "template"}, {"ansible": {"pull": {"url": "a", "playbook_name": "a"}}},
)  # fmt: skip


def schema_of(oracle: Oracle) -> dict[str, Any]:
    path = oracle.root.package / "config/schemas/schema-cloud-config-v1.json"
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def file_of(config: dict[str, Any]) -> ConfigFile:
    text = yaml.safe_dump(config).encode()
    return ConfigFile("/etc/cloud/cloud.cfg.d/99-x.cfg", text, lambda line, column: HostPlace("x", line, column))


def ours(schema: dict[str, Any], validator: Any, config: dict[str, Any]) -> set[Path]:
    """Where the file is not valid; () stands for a key that is unknown."""
    listed = keys_of(schema)
    found: set[Path] = {path for path, _ in violations(validator, file_of(config))}
    return found | ({()} if listed is not None and not config.keys() <= listed else set())


def assert_same_faults(oracle: Oracle, schema: dict[str, Any], validator: Any, config: dict[str, Any]) -> None:
    """The same places. Of alternatives that all fail the two may name one deeper than the other, on the same way."""
    mine, theirs = ours(schema, validator, config), set(oracle.ask(JUDGE, config=config)[0])
    assert [path for path in theirs if not any(_on_one_way(path, each) for each in mine)] == [], config
    assert [path for path in mine if not any(_on_one_way(path, each) for each in theirs)] == [], config


def _on_one_way(one: Path, other: Path) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length] and bool(one) is bool(other)


def judged(config: object) -> dict[str, Any]:
    """What a schema of user-data judges, and what it does not know."""
    if not isinstance(config, dict):
        return {}
    return {key: value for key, value in config.items() if isinstance(key, str) and key not in SYSTEM_KEYS}


def configurations(oracle: Oracle) -> Iterator[dict[str, Any]]:
    for text in ONE_FILE.values():
        yield judged(parse("99-x.cfg", bytes_of(text))[0])
    for path in sorted(oracle.root.examples.rglob("*")):
        if path.is_file():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            yield judged(parse(path.name, content)[0])


def test_what_people_write_and_what_the_package_ships(cloud_init: Oracle, agreements: Agreements) -> None:
    schema = schema_of(cloud_init)
    validator = validator_of(schema)
    judged_here = list(configurations(cloud_init))
    assert len(judged_here) > 60
    for config in judged_here:
        assert_same_faults(cloud_init, schema, validator, config)
    agreements(len(judged_here))


def test_one_odd_value_anywhere(cloud_init: Oracle, agreements: Agreements) -> None:
    schema = schema_of(cloud_init)
    validator = validator_of(schema)
    good = [config for config in configurations(cloud_init) if config]
    tried = 0

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(good), st.data())
    def check(config: dict[str, Any], data: st.DataObject) -> None:
        nonlocal tried
        spoiled = copy.deepcopy(config)
        places = list(_places(spoiled))
        container, key = places[data.draw(st.integers(0, len(places) - 1))]
        container[key] = data.draw(st.sampled_from(ODD))
        assert_same_faults(cloud_init, schema, validator, spoiled)
        tried += 1

    check()
    agreements(tried)


def test_what_is_deprecated_and_since_when(cloud_init: Oracle, agreements: Agreements) -> None:
    """By the schema the same places; by the table alone, each of them too, with the version that the schema names."""
    schema = schema_of(cloud_init)
    count = 0
    for config in (*DEPRECATED, *configurations(cloud_init)):
        theirs = {path: since for path, since in cloud_init.ask(JUDGE, config=config)[1] if path[0] not in IN_PLACE}
        assert {mark.loc for mark in marked(schema, file_of(config))} == theirs.keys(), config
        table = {
            word.loc: each.since for each in DEPRECATIONS for word in file_of(config).words if is_deprecated(each, word)
        }
        for path, since in theirs.items():
            found = next((table[path[:length]] for length in range(len(path), 0, -1) if path[:length] in table), None)
            assert found is not None, path
            assert since in {None, "devel", found}, path
            count += 1
    assert count > 15
    agreements(count)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place below a value where another could stand."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(pairs):
        yield value, key
        yield from _places(below)


def test_the_table_of_keys_is_that_of_the_schemas(cloud_init: Oracle) -> None:
    schema = schema_of(cloud_init)
    known = set(schema.get("properties", {}))
    for name, part in schema["$defs"].items():
        known |= set(part.get("properties", {})) if name.startswith("cc_") or name == "base_config" else set()
    version = parse_version(cloud_init.root.version)
    assert version is not None
    assert known - {key for key in KEYS if is_known(key, version)} == set()
    assert known & SYSTEM_KEYS == set()
    assert {key for key, since in SINCE.items() if since > version} & known == set()
    listed = keys_of(schema)
    assert (listed is None) is (version < (23, 4))
    assert listed is None or listed == {key for key in MODULE_KEYS if is_known(key, version)}
