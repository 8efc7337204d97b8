"""Tests of testinfra's of which one fails in a clone of Debian 12. Not collected by name: goldsmith has them run."""

from testinfra.host import Host


def test_that_holds(host: Host) -> None:
    assert not host.user("rocky").exists


def test_that_fails(host: Host) -> None:
    assert host.package("emacs").is_installed, "emacs is missing"
