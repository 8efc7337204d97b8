"""status.json and result.json as two generations of cloud-init write them."""

from __future__ import annotations

import json

import pytest

from goldsmith.cloudinit.result import Result, ResultError, class_of, read_result, read_status

# 22.4.2, as found on a clone's disk.
OLD = {
    "v1": {
        "datasource": "DataSourceNoCloud [seed=/dev/vdb][dsmode=net]",
        "init": {"errors": [], "finished": 1795477647.37, "start": 1795477633.8},
        "init-local": {"errors": [], "finished": 1795477629.69, "start": 1795477627.94},
        "modules-config": {"errors": [], "finished": 1795477673.17, "start": 1795477663.79},
        "modules-final": {"errors": ["('scripts-user', RuntimeError())"], "finished": None, "start": 1795477681.63},
        "modules-init": {"errors": [], "finished": None, "start": None},
        "stage": "modules-final",
    }
}
# 23.4 and later: seconds since boot, recoverable errors.
NEW = {
    "v1": {
        "datasource": "DataSourceNone",
        "stage": None,
        "init": {
            "errors": [],
            "recoverable_errors": {"WARNING": ["Used fallback datasource"], "DEPRECATED": ["x"]},
            "start": 12.5,
            "finished": 14.0,
        },
    }
}


def test_the_older_form() -> None:
    status = read_status(json.dumps(OLD).encode())
    assert (status.stage, status.datasource_class) == ("modules-final", "DataSourceNoCloud")
    assert [stage.name for stage in status.stages] == ["init-local", "init", "modules-config", "modules-final"]
    final = status.of("modules-final")
    assert final is not None
    assert (final.ended, final.errors) == (False, ("('scripts-user', RuntimeError())",))
    assert all(stage.ended for stage in status.stages[:3])


def test_the_newer_form() -> None:
    status = read_status(json.dumps(NEW).encode())
    assert status.datasource_class == "DataSourceNone"
    (stage,) = status.stages
    assert stage.recoverable == (("DEPRECATED", ("x",)), ("WARNING", ("Used fallback datasource",)))
    assert stage.ended


def test_the_result() -> None:
    content = b'{"v1": {"datasource": "DataSourceNone", "errors": ["x"]}}'
    assert read_result(content) == Result("DataSourceNone", ("x",))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"v1": 7}', b"\xff", b"[" * 100_000], ids=lambda c: repr(c[:8])
)
def test_what_is_no_result_is_told(content: bytes) -> None:
    with pytest.raises(ResultError):
        read_status(content)
    with pytest.raises(ResultError):
        read_result(content)


def test_odd_values_are_none() -> None:
    status = read_status(
        b'{"v1": {"datasource": 7, "init": {"start": true, "finished": "x", "errors": "no"}, "stage": ""}}'
    )
    assert (status.datasource, status.stage) == (None, None)
    assert (status.stages[0].start, status.stages[0].errors, status.stages[0].ended) == (None, (), False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("DataSourceNoCloud [seed=/dev/sr0][dsmode=net]", "DataSourceNoCloud"),
        ("DataSourceNone", "DataSourceNone"),
        ("DataSourceEc2Local", "DataSourceEc2Local"),
        ("", None),
        (None, None),
    ],
)
def test_the_class_of_a_datasource(text: str | None, name: str | None) -> None:
    assert class_of(text) == name
