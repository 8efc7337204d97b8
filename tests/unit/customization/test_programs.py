"""run, services, hostname, timezone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from goldsmith.customization.kinds.hostname import Hostname
from goldsmith.customization.kinds.run import Run, interpreter
from goldsmith.customization.kinds.services import Services
from goldsmith.customization.kinds.timezone import Timezone
from goldsmith.errors import BuildError, InputError, ProcessError


def run(**fields: Any) -> Run:
    return Run.model_validate(fields)


def ran(bench: Any) -> list[tuple[tuple[str, ...], bool, dict[str, bytes], float]]:
    return [(each.argv, each.network, each.files, each.timeout) for each in bench.guest.runs]


def test_a_command_runs_as_it_stands_without_network(bench: Any) -> None:
    assert run(command=["touch", "/a b"]).perform(bench.session) == "touch '/a b'"
    assert ran(bench) == [(("touch", "/a b"), False, {}, 600.0)]


def test_shell_lines_go_to_sh_which_stops_at_the_first_failure(bench: Any) -> None:
    run(shell="false\ntrue\n", timeout=5).perform(bench.session)
    assert ran(bench) == [
        (("/bin/sh", "-e", "/run/goldsmith-script"), False, {"goldsmith-script": b"false\ntrue\n"}, 5.0)
    ]


def test_a_script_goes_to_the_interpreter_that_it_names(bench: Any) -> None:
    (bench.folder / "harden.sh").write_bytes(b"#! /usr/bin/env bash\nexit 0\n")
    assert run(script="harden.sh", network=True).perform(bench.session) == "harden.sh"
    argv = ("/usr/bin/env", "bash", "/run/goldsmith-script")
    assert ran(bench) == [(argv, True, {"goldsmith-script": b"#! /usr/bin/env bash\nexit 0\n"}, 600.0)]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (b"#!/bin/sh\n", ("/bin/sh",)),
        (b"#!/bin/bash -e -u\nx", ("/bin/bash", "-e -u")),
        (b"#!/usr/bin/python3", ("/usr/bin/python3",)),
        (b"echo hello\n", ("/bin/sh",)),
        (b"", ("/bin/sh",)),
    ],
)
def test_the_first_line_is_read_as_the_kernel_reads_it(script: bytes, words: tuple[str, ...]) -> None:
    assert interpreter(script, step="run x") == words


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (b"#!/bin/sh\r\necho\r\n", "line ends of Windows"),
        (b"#!bash\n", "names no interpreter"),
        (b"#!\n", "names no interpreter"),
        (b"#!/bin/\xff\n", "not UTF-8"),
        (b"\x7fELF\x02", "a program, not a script"),
    ],
)
def test_scripts_that_cannot_run_are_named(bench: Any, script: bytes, said: str) -> None:
    (bench.folder / "x").write_bytes(script)
    with pytest.raises(InputError, match=said):
        run(script="x").check(bench.folder)


def test_a_program_that_fails_shows_its_last_lines(bench: Any) -> None:
    bench.guest.answer = lambda _: (3, b"".join(b"line %d\n" % number for number in range(50)))
    with pytest.raises(ProcessError, match="run make it: ended with exit code 3") as caught:
        run(shell="\nmake it\nmore").perform(bench.session)
    assert caught.value.log_tail == tuple(f"line {number}" for number in range(30, 50))
    assert len(bench.printed) == 1


def test_a_program_that_was_killed_says_so(bench: Any) -> None:
    bench.guest.answer = lambda _: (-9, b"")
    with pytest.raises(ProcessError, match="run x: was ended by signal 9"):
        run(command=["x"]).perform(bench.session)


def test_what_the_engine_reports_names_the_step(bench: Any) -> None:
    def late(_: object) -> tuple[int, bytes]:
        raise BuildError("sleep in the guest did not end within 1 s", hint="its last line")

    bench.guest.answer = late
    with pytest.raises(BuildError, match="run sleep 5: sleep in the guest did not end within 1 s") as caught:
        run(command=["sleep", "5"], timeout=1).perform(bench.session)
    assert caught.value.hint == "its last line"


def test_environment_is_added_and_may_replace(bench: Any) -> None:
    run(command=["x"], env={"A": "b", "DEBIAN_FRONTEND": "text"}).perform(bench.session)
    env = bench.guest.runs[0].env
    assert (env["A"], env["DEBIAN_FRONTEND"], env["HOME"]) == ("b", "text", "/root")


def test_only_a_run_with_network_is_told_the_proxies(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    run(command=["x"]).perform(bench.session)
    run(command=["x"], network=True).perform(bench.session)
    assert [each.env.get("https_proxy") for each in bench.guest.runs] == [None, "http://proxy.example.org:3128"]
    assert [run(command=["x"], network=network).needs_network() for network in (False, True)] == [False, True]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"script": "a", "shell": "b"},
        {"command": []},
        {"command": ["a\0"]},
        {"shell": ""},
        {"command": ["a"], "timeout": 0},
        {"command": ["a"], "env": {"A B": "c"}},
        {"command": "a b"},
        {"commnd": ["a"]},
    ],
)
def test_steps_that_cannot_be_meant_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        run(**fields)


def test_a_missing_script_is_an_input_error(bench: Any) -> None:
    assert run(script="nope.sh").host_files(bench.folder) == ("nope.sh",)
    with pytest.raises(InputError, match=r"run nope\.sh: cannot read .*nope\.sh: no such file or directory"):
        run(script="nope.sh").perform(bench.session)


def services(**fields: Any) -> Services:
    return Services.model_validate(fields)


def test_services_go_to_systemctl_offline(bench: Any) -> None:
    step = services(enable=["ssh", "a@b.service"], disable=["apt-daily.timer"], mask=["systemd-resolved"])
    assert step.perform(bench.session) == "1 disabled, 2 enabled, 1 masked"
    assert [each.argv for each in bench.guest.runs] == [
        ("systemctl", "--no-ask-password", "disable", "--", "apt-daily.timer"),
        ("systemctl", "--no-ask-password", "enable", "--", "ssh", "a@b.service"),
        ("systemctl", "--no-ask-password", "mask", "--", "systemd-resolved"),
    ]
    assert {each.env["SYSTEMD_OFFLINE"] for each in bench.guest.runs} == {"1"}


def test_a_unit_that_is_not_there_is_said_in_systemctls_words(bench: Any) -> None:
    said = b"Failed to enable unit, unit nope.service does not exist.\n"
    bench.guest.answer = lambda _: (1, said)
    with pytest.raises(
        ProcessError, match=r"services: enable nope: Failed to enable unit, unit nope\.service does not exist"
    ):
        services(enable=["nope"]).perform(bench.session)


@pytest.mark.parametrize(
    "fields",
    [{}, {"enable": ["-x"]}, {"enable": ["a b"]}, {"enable": ["ssh"], "mask": ["ssh.service"]}, {"start": ["ssh"]}],
)
def test_services_that_cannot_be_meant_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        services(**fields)


def test_a_guest_without_systemd_is_refused(bench: Any) -> None:
    other = replace(bench.session, info=replace(bench.session.info, init="openrc"))
    with pytest.raises(InputError, match="services: the guest's init is openrc, not systemd"):
        services(enable=["ssh"]).perform(other)


def test_hostname_writes_its_file_and_the_line_that_is_there(bench: Any) -> None:
    (bench / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1\told.example old\n::1 localhost\n")
    Hostname.model_validate("web1.example.org").perform(bench.session)
    assert (bench / "etc/hostname").read_text() == "web1.example.org\n"
    assert (bench / "etc/hosts").read_text() == (
        "127.0.0.1 localhost\n127.0.1.1\tweb1.example.org web1\n::1 localhost\n"
    )
    assert bench.session.declared == {"/etc/hostname", "/etc/hosts"}


def test_hostname_adds_no_line_to_hosts(bench: Any) -> None:
    (bench / "etc/hosts").write_text("127.0.0.1 localhost\n")
    Hostname.model_validate("web1").perform(bench.session)
    assert (bench / "etc/hosts").read_text() == "127.0.0.1 localhost\n"
    assert bench.session.declared == {"/etc/hostname"}


@pytest.mark.parametrize("name", ["", "-web", "web-", "web_1", "a b", "a..b", "ü", "a" * 65, "x\n"])
def test_names_that_no_host_can_have_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Hostname.model_validate(name)


def test_timezone_points_localtime_and_writes_debians_file_if_it_is_there(bench: Any) -> None:
    (bench / "etc/localtime").write_bytes(b"TZif")
    (bench / "etc/timezone").write_text("Etc/UTC\n")
    Timezone.model_validate("Europe/Berlin").perform(bench.session)
    assert (bench / "etc/localtime").readlink() == Path("../usr/share/zoneinfo/Europe/Berlin")
    assert (bench / "etc/timezone").read_text() == "Europe/Berlin\n"
    assert bench.session.declared == {"/etc/localtime", "/etc/timezone"}


def test_timezone_makes_no_etc_timezone(bench: Any) -> None:
    Timezone.model_validate("Europe/Berlin").perform(bench.session)
    assert (bench / "etc/localtime").resolve().name == "Berlin"
    assert not (bench / "etc/timezone").exists()


@pytest.mark.parametrize("zone", ["Europe/Berln", "Europe"])
def test_a_zone_that_the_guest_lacks_is_named(bench: Any, zone: str) -> None:
    with pytest.raises(BuildError, match=f"timezone: the guest does not know the time zone {zone}"):
        Timezone.model_validate(zone).perform(bench.session)


@pytest.mark.parametrize("zone", ["", "/etc/passwd", "../x", "Europe//Berlin", "Europe/../x"])
def test_zones_are_names_not_paths(zone: str) -> None:
    with pytest.raises(ValidationError):
        Timezone.model_validate(zone)
