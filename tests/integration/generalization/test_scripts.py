"""Scripts run inside a real guest, confined, and the proof covers what they leave."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from goldsmith.base.base import Base
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.errors import ProcessError
from goldsmith.events import ignore
from goldsmith.generalization.purpose import purpose_of
from goldsmith.generalization.scripts import Script
from goldsmith.generalization.select import select
from goldsmith.guest.change import ABSENT, Plan, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.steps.generalize import Scripts, generalize_guest

pytestmark = [pytest.mark.root, pytest.mark.base, pytest.mark.timeout(300)]

CLEAN = b"#!/bin/sh\necho by clean.d > /tmp/residue\necho kept > /opt/by-clean\n"
OWN = b"#!/bin/bash\nset -eu\necho residue > /var/log/by-script.log\ncat /proc/self/uid_map > /opt/uids\n"
MEANT = """\
useradd --create-home --uid 1500 lab
mkdir -p /etc/netplan && echo 'network: {version: 2}' > /etc/netplan/50-cloud-init.yaml
install -d -o lab -m 0700 ~lab/.ssh && echo 'ssh-ed25519 AAAA lab' > ~lab/.ssh/authorized_keys
"""


@pytest.fixture(scope="module")
def guest(debian12: Base, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    scratch = tmp_path_factory.mktemp("scripts")
    disk = create_overlay(scratch / "overlay.qcow2", debian12.disk)
    with open_guest(disk, engine="mount", scratch=scratch) as opened:
        yield opened


def test_scripts_run_in_the_guest_before_it_is_generalized(guest: Guest) -> None:
    path = "/etc/cloud/clean.d/10-x"
    guest.apply(Plan((Write(path=path, seen=ABSENT, operation="x", reason="x", content=CLEAN, mode=0o755),)))
    printed: list[bytes] = []
    scripts = Scripts((Script("own.sh", ("/bin/bash",), OWN),), clean_d=True)
    done = generalize_guest(ignore, guest, select("defaults"), (), (), scripts=scripts, output=printed.append)
    gone = [change.path for change in done.result.applied]
    assert {"/tmp/residue", "/var/log/by-script.log"} <= set(gone)
    assert guest.read("/opt/by-clean") == b"kept\n"
    # Root in the guest is nobody on the host.
    assert guest.read("/opt/uids").split()[:2] != [b"0", b"0"]
    index = guest.index(("/run", "/tmp", "/opt"))
    assert [path for path in index if "goldsmith-script" in path] == []


def test_a_script_that_fails_ends_it(guest: Guest) -> None:
    failing = Scripts((Script("fail.sh", ("/bin/sh",), b"echo why >&2; exit 7\n"),))
    with pytest.raises(ProcessError, match=r"--script fail.sh: ended with exit code 7") as caught:
        generalize_guest(ignore, guest, select("defaults"), (), (), scripts=failing)
    assert caught.value.log_tail == ("why",)


def test_what_programs_put_there_on_purpose_is_found(guest: Guest) -> None:
    before = purpose_of(guest)
    assert guest.run(("/bin/sh", "-ec", MEANT)).returncode == 0
    meant = purpose_of(guest).since(before)
    assert meant.paths == {"/etc/netplan/50-cloud-init.yaml", "/home/lab/.ssh/authorized_keys"}
    assert meant.people == {"lab"}
    done = generalize_guest(ignore, guest, select("defaults"), (), meant.paths)
    assert guest.read("/home/lab/.ssh/authorized_keys") == b"ssh-ed25519 AAAA lab\n"
    assert {each.path for each in done.result.applied.kept} == set(meant.paths)
