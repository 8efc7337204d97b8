from __future__ import annotations

import time
from pathlib import Path

import pytest

from goldsmith.machine import acceleration as module
from goldsmith.machine.acceleration import acceleration

pytestmark = pytest.mark.process


def test_this_host_is_judged_once_and_quickly(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_folders.exists()
    monkeypatch.setattr(module, "_crowded", lambda: False)
    started = time.monotonic()
    verdict = acceleration()
    assert time.monotonic() - started < module.KVM_SECONDS + module.EMULATION_SECONDS + 5
    assert verdict.why.startswith("KVM: ")
    assert verdict.why.endswith("using it" if verdict.kvm else "using emulation")
    started = time.monotonic()
    assert acceleration() == verdict
    assert time.monotonic() - started < 0.5


def test_a_kernel_that_does_not_run_proves_nothing(tmp_path: Path) -> None:
    kernel = tmp_path / "vmlinuz-broken"
    kernel.write_bytes(b"not a kernel")
    boot = module._timed_boot(kernel, "tcg", 5.0)
    assert boot.seconds is None
    assert boot.problem
