"""Real machines whose whole guest is one boot sector: they start in a fraction of a second and do one thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.options import MachineOptions

ORIGIN = 0x7C00
SIZE = 16 << 20
HALT = bytes.fromhex("F4 EB FD")  # hlt; jmp back
POWER_OFF = bytes.fromhex("BA 04 06 B8 00 20 EF") + HALT  # out 0x604, 0x2000 (sleep enable, S5); halt
# q35's power management: status at port 0x600, enable 0x602, control 0x604. Enable the button, spin until it is set.
AWAIT_BUTTON = bytes.fromhex("BA 02 06 B8 00 01 EF BA 00 06 ED A9 00 01 74 FA")
# What int 13h, 43h reads: its size, 127 sectors from 0x8000, to LBA 1.
DISK_PACKET = bytes.fromhex("10 00 7F 00 00 80 00 00 01 00 00 00 00 00 00 00")
# Real-mode x86.
ACTS = {
    "halt": HALT,
    # red blanks into 12 of the screen's 25 lines of 80 characters, at 0xb8000: the serial port hears nothing of it
    "paint red": bytes.fromhex("B8 00 B8 8E C0 31 FF B9 C0 03 B8 20 4F F3 AB") + HALT,
    "spin": bytes.fromhex("EB FE"),  # jmp here
    "power off": POWER_OFF,
    "reset": bytes.fromhex("BA F9 0C B0 06 EE") + HALT,  # out 0xcf9, 6; halt
    "chatter": bytes.fromhex("BA F8 03 B0 79 EE F4 EB FA"),  # out 0x3f8, 'y'; hlt; jmp to the out
    "flood": bytes.fromhex("BA F8 03 B0 79 EE EB FD"),  # out 0x3f8, 'y'; jmp to the out
    "read for ever": bytes.fromhex("B8 01 02 BB 00 80 B9 01 00 BA 80 00 CD 13 EB F0"),  # int 13h, sector 1; jmp back
    "power off by button": AWAIT_BUTTON + POWER_OFF,
    # int 13h, 43h: write 127 sectors, add 127 to the packet's LBA, again; the packet stands at 0x7d00
    "write for ever": bytes.fromhex("BE 00 7D B8 00 43 B2 80 CD 13 81 06 08 7D 7F 00 EB EE"),
    # int 15h, 86h: wait 2 s, in which the button's event is not enabled and so not seen
    "power off by button, not at first": bytes.fromhex("B4 86 B9 1E 00 BA 80 84 CD 15") + AWAIT_BUTTON + POWER_OFF,
}


def boot_sector(text: str, then: bytes) -> bytes:
    """Prints `text` on the first serial port, then does `then`."""
    zero = bytes.fromhex("31 C0 8E D8 8E C0")  # xor ax, ax; mov ds, ax; mov es, ax
    loop = bytes.fromhex("AC 84 C0 74 06 BA F8 03 EE EB F5")  # lodsb; if not 0: out 0x3f8, al; again
    address = ORIGIN + len(zero) + 3 + len(loop) + len(then)
    code = zero + b"\xbe" + address.to_bytes(2, "little") + loop + then
    head = (code + text.encode() + b"\0").ljust(0x100, b"\0")
    return (head + DISK_PACKET).ljust(510, b"\0") + b"\x55\xaa"


@pytest.fixture
def machine_of(tmp_path: Path) -> Callable[..., MachineSpec]:
    """Specifies a machine that prints a text and then does one act; without an act its disk is blank."""

    def make(name: str, prints: str = "", then: str | None = None, **spec: object) -> MachineSpec:
        path = tmp_path / f"{name}.raw"
        with path.open("wb") as file:
            file.write(boot_sector(prints, ACTS[then]) if then is not None else b"")
            file.truncate(SIZE)
        disk = Disk(path, DiskFormat.RAW, SIZE)
        given: dict[str, object] = {"options": MachineOptions(memory=64), "stages": (), **spec}
        return MachineSpec(name=name, disk=disk, folder=tmp_path / "machines", **given)  # type: ignore[arg-type]

    return make
