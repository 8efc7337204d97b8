"""Recipe steps on a real Debian: what they say, what they leave, and what they do not leave."""

from __future__ import annotations

from typing import Any

import pytest

from goldsmith.cloudinit.datasource import without_seed
from goldsmith.cloudinit.effective import effective
from goldsmith.cloudinit.files import read_configuration
from goldsmith.errors import BuildError, ProcessError
from goldsmith.events import Note
from goldsmith.guest.packages import installed


def names(performed: Any) -> set[str]:
    return {package.name for package in installed(performed.guest)}


def test_packages_are_installed_and_counted(performed: Any) -> None:
    said, _ = performed.of("install")
    assert said == "2 packages (+2)"
    assert {"htop", "libnl-3-200"} <= names(performed)
    assert performed.guest.index(["/usr/bin/htop"])["/usr/bin/htop"].uid == 0


def test_a_package_that_is_not_known_fails_with_apts_own_line(performed: Any) -> None:
    _, error = performed.of("install")
    assert isinstance(error, ProcessError)
    assert error.message == (
        "install: installing no-such-package: package no-such-package is not known to the guest's package sources"
    )
    assert error.log_tail[-1] == "E: Unable to locate package no-such-package"


def test_packages_are_purged_and_missing_ones_warned_about(performed: Any) -> None:
    assert performed.of("uninstall") == ["1 package removed"]
    assert "tree" not in names(performed)
    assert Note("uninstall: ghost is not installed", warning=True) in performed.events


def test_files_directories_and_links_are_as_the_recipe_says(performed: Any) -> None:
    index = performed.guest.index(["/etc/motd", "/usr/bin/hello", "/srv", "/opt/app", "/usr/local/bin"])
    assert performed.read("/etc/motd") == "web 1.0\n"
    shown = {path: (f"{index[path].mode:04o}", index[path].uid, index[path].gid) for path in index}
    users = dict(line.split(":")[0:3:2] for line in performed.read("/etc/passwd").splitlines())
    groups = dict(line.split(":")[0:3:2] for line in performed.read("/etc/group").splitlines())
    assert shown["/usr/bin/hello"] == ("0755", 0, 0)
    assert shown["/srv/data"] == ("2750", int(users["www-data"]), int(groups["adm"]))
    assert [shown[f"/opt/app{name}"] for name in ("", "/run", "/etc", "/etc/app.conf")] == [
        ("0755", 0, 0),
        ("0755", 0, 0),
        ("0755", 0, 0),
        ("0644", 0, 0),
    ]
    assert index["/opt/app/current.conf"].target == "etc/app.conf"
    assert index["/usr/local/bin/app"].target == "/opt/app/run"


def test_scripts_run_by_the_interpreter_that_they_name(performed: Any) -> None:
    assert performed.of("run")[0] == "setup.sh"
    assert performed.read("/srv/script") == "/usr/bin/perl /run/goldsmith-script\n"


def test_programs_are_root_inside_and_have_no_network_unless_asked_for(performed: Any) -> None:
    marker, uid, *links = performed.read("/srv/offline").splitlines()
    assert (marker, uid) == ("", "0")
    assert [line.split(": ")[1] for line in links] == ["lo"]
    online = next(output for output in performed.printed if output.startswith(b"marker.example.org\n"))
    assert b"default via" in online


def test_a_shell_step_stops_at_the_first_failure(performed: Any) -> None:
    error = performed.of("run")[3]
    assert isinstance(error, ProcessError)
    assert error.message == "run echo one: ended with exit code 1"
    assert error.log_tail == ("one",)
    assert "/srv/never" not in performed.guest.index(["/srv"])


def test_a_program_that_takes_too_long_is_ended(performed: Any) -> None:
    error = performed.of("run")[4]
    assert isinstance(error, BuildError)
    assert error.message.startswith("run sleep 60: ")
    assert "2 s" in error.message


def test_services_are_enabled_disabled_and_masked(performed: Any) -> None:
    said, error = performed.of("services")
    assert said == "1 disabled, 1 enabled, 1 masked"
    assert "no-such-unit.service does not exist" in error.message
    index = performed.guest.index(["/etc/systemd/system"])
    assert index["/etc/systemd/system/multi-user.target.wants/ssh.service"].is_link
    assert "/etc/systemd/system/timers.target.wants/apt-daily.timer" not in index
    assert index["/etc/systemd/system/apt-daily-upgrade.timer"].target == "/dev/null"


def test_hostname_and_timezone_are_set_and_declared(performed: Any) -> None:
    assert performed.read("/etc/hostname") == "golden\n"
    assert performed.guest.index(["/etc/localtime"])["/etc/localtime"].target == "../usr/share/zoneinfo/Etc/GMT-1"
    assert {"/etc/hostname", "/etc/localtime", "/etc/motd", "/opt/app/run", "/srv/data"} <= performed.declared


def test_defaults_and_datasource_are_what_cloud_init_will_see(performed: Any) -> None:
    files = read_configuration(performed.guest)
    after = effective(files)
    assert after.config["ssh_pwauth"] is False
    assert not after.runs("runcmd")
    assert after.runs("timezone")
    decision = without_seed(files, version="22.4.2")
    assert (decision.enabled, decision.datasources) == (True, ("NoCloud", "None"))


def test_delete_takes_what_is_there_and_fails_for_what_is_not(performed: Any) -> None:
    error, said = performed.of("delete")
    assert error.message == "delete: there is no /etc/motd.d in the guest"
    assert said.endswith("paths")
    assert "/usr/share/common-licenses/GPL" not in performed.guest.index(["/usr/share/common-licenses"])


@pytest.mark.parametrize("path", ["/usr/sbin/policy-rc.d", "/etc/resolv.conf"])
def test_what_the_engine_lends_to_programs_does_not_stay(performed: Any, path: str) -> None:
    before, after = performed.before.get(path), performed.guest.index([path]).get(path)
    assert (before and (before.type, before.target, before.size)) == (after and (after.type, after.target, after.size))


def test_the_hosts_proxies_do_not_stay(performed: Any) -> None:
    index = performed.guest.index(["/etc", "/root", "/var/log", "/srv"])
    small = [entry.path for entry in index.values() if entry.is_regular and entry.size < 1 << 20]
    assert [path for path in small if b"marker.example.org" in performed.guest.read(path)] == []


def test_nothing_of_the_guest_belongs_to_an_id_of_the_host(performed: Any) -> None:
    index = performed.guest.index(["/etc", "/usr/bin", "/var", "/srv", "/opt", "/root"])
    assert {entry.path for entry in index.values() if entry.uid >= 65536 or entry.gid >= 65536} == set()
