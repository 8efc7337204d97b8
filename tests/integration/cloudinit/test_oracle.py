"""The oracle itself: both versions of cloud-init answer, and their errors come back."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.oracle.oracle import Oracle, OracleError

pytestmark = pytest.mark.process


def test_the_versions_are_those_of_debian_12_and_13(cloud_init: Oracle) -> None:
    assert cloud_init.root.version.startswith({"22.4": "22.4.2-", "25.1": "25.1.4-"}[cloud_init.root.release])
    assert cloud_init.root.ds_identify.is_file()
    assert (cloud_init.root.examples / "cloud-config-run-cmds.txt").is_file()


def test_what_is_no_json_comes_back_too(cloud_init: Oracle) -> None:
    files = {"/etc/cloud/cloud.cfg": b"a: 2026-01-02\nb: !!binary aGk=\nc: !!set {x, y}\n1: 2\n"}
    assert cloud_init.config(files) == {"a": dt.date(2026, 1, 2), "b": b"hi", "c": {"x", "y"}, 1: 2}


def test_what_it_dies_of_and_what_it_warns_of(cloud_init: Oracle) -> None:
    with pytest.raises(OracleError) as caught:
        cloud_init.config({"/etc/cloud/cloud.cfg": b"\xff"})
    assert caught.value.kind == "UnicodeDecodeError"
    assert cloud_init.config({"/etc/cloud/cloud.cfg": b"a: [\n"}) == {}
    assert "Failed loading yaml blob" in cloud_init.warnings[0]


def test_the_command_runs_beside_the_process(cloud_init: Oracle) -> None:
    assert cloud_init.root.cloud_init("--version").returncode == 0
