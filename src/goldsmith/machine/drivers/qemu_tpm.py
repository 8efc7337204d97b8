"""A machine's TPM 2.0: a process of swtpm, connected to QEMU by a socket pair.

The socket has no name: no path has to fit into 108 bytes, and nobody else can send commands to the TPM. swtpm ends when
QEMU does, and with goldsmith as every program does.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldsmith.run import Running, require, running

PROGRAM = "swtpm"


@contextmanager
def tpm(state: Path, log: Path) -> Iterator[tuple[Running, socket.socket]]:
    """A running TPM, and the end of its socket that QEMU shall inherit and nobody else keep.

    `state` is a folder for what the TPM remembers between boots. A new one is blank: it has no endorsement certificate,
    which only a manufacturer could issue. Raises HostError without swtpm.
    """
    require(PROGRAM)
    state.mkdir(mode=0o700, exist_ok=True)
    for_qemu, own = socket.socketpair()
    with (
        for_qemu,
        own,
        log.open("wb") as file,
        running(argv(own.fileno()), log=file, cwd=state, pass_fds=(own.fileno(),)) as process,
    ):
        own.close()
        yield process, for_qemu


def argv(control: int) -> list[str]:
    """`control` is a descriptor of a connected socket. The state is kept in the working directory: a path in an
    argument ends at its first comma.
    """
    words = [PROGRAM, "socket", "--tpm2", "--tpmstate", "dir=.,mode=0600"]
    return [*words, "--ctrl", f"type=unixio,clientfd={control}", "--terminate"]
