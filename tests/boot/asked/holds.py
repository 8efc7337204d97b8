"""A test of testinfra's that holds in a clone of Debian 12 or 13. Not collected by name: goldsmith has it run."""

from testinfra.host import Host


def test_a_clone(host: Host) -> None:
    assert host.user().name == "root"
    assert host.file("/etc/debian_version").contains("^1[23]")
    assert host.package("cloud-init").is_installed
    assert host.service("ssh").is_running
    assert host.check_output("echo %s; cat /run/cloud-init/status.json", "a b").startswith("a b\n{")
