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
from goldsmith.rules.cloudconfig.known_keys import keys_of
from goldsmith.rules.cloudconfig.schema import validator_of, violations

pytestmark = pytest.mark.process
Agreements = Callable[[int], None]
JUDGE = """
from cloudinit.config import schema
known = globals().setdefault("known_schema", schema.get_schema())
try:
    schema.validate_cloudconfig_schema(config, schema=known, strict=True)
    answer = []
except schema.SchemaValidationError as error:
    answer = [tuple(each)[0] for each in error.schema_errors]
"""
# Values that are of no kind that any setting of the corpus wants, or just of another one.
ODD: tuple[Any, ...] = (None, True, 3, -1.5, "", "text", [], [3], [[]], {}, {"a": 1}, {"name": 3}, [{"a": []}])
EXAMPLES = 150


def schema_of(oracle: Oracle) -> dict[str, Any]:
    path = oracle.root.package / "config/schemas/schema-cloud-config-v1.json"
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def ours(validator: Any, config: dict[str, Any]) -> set[str]:
    text = yaml.safe_dump(config).encode()
    file = ConfigFile("/etc/cloud/cloud.cfg.d/99-x.cfg", text, lambda line, column: HostPlace("x", line, column))
    return {str(path[0]) for path, _ in violations(validator, file)}


def theirs(oracle: Oracle, config: dict[str, Any]) -> set[str]:
    """The top-level keys that it finds fault with; those that it does not know are another rule's."""
    return {path.partition(".")[0] for path in oracle.ask(JUDGE, config=config)} & KEYS


def judged(config: object) -> dict[str, Any]:
    """What a schema of user-data judges."""
    if not isinstance(config, dict):
        return {}
    return {key: value for key, value in config.items() if isinstance(key, str) and key in MODULE_KEYS}


def configurations(oracle: Oracle) -> Iterator[dict[str, Any]]:
    for text in ONE_FILE.values():
        yield judged(parse("99-x.cfg", bytes_of(text))[0])
    for path in sorted(oracle.root.examples.rglob("*")):
        if path.is_file():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            yield judged(parse(path.name, content)[0])


def test_what_people_write_and_what_the_package_ships(cloud_init: Oracle, agreements: Agreements) -> None:
    validator = validator_of(schema_of(cloud_init))
    judged_here = list(configurations(cloud_init))
    assert len(judged_here) > 60
    for config in judged_here:
        assert ours(validator, config) == theirs(cloud_init, config), config
    agreements(len(judged_here))


def test_one_odd_value_anywhere(cloud_init: Oracle, agreements: Agreements) -> None:
    validator = validator_of(schema_of(cloud_init))
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
        assert ours(validator, spoiled) == theirs(cloud_init, spoiled), spoiled
        tried += 1

    check()
    agreements(tried)


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
