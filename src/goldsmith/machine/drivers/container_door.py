"""Connects to the sshd of a rehearsal and hands the connection to ssh(1): `python -I container_door.py NAMESPACE`.

NAMESPACE is a file that stands for the container's network namespace, where only its loopback is; no other one of its
namespaces is entered, and no port of this host leads there. Standard output is the socket of ProxyUseFdpass.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[3]))

from goldsmith.guest.worker.syscalls import enter_namespace

PORT = 22
# Seconds. A connection over loopback is made at once or refused.
CONNECT_SECONDS = 10.0


def hand_over(namespace: str, receiver: socket.socket) -> None:
    """Raises OSError where nobody listens inside."""
    door = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    enter_namespace(door)
    with socket.create_connection(("127.0.0.1", PORT), timeout=CONNECT_SECONDS) as connection:
        connection.setblocking(True)
        socket.send_fds(receiver, [b"\0"], [connection.fileno()])


if __name__ == "__main__":
    try:
        with socket.socket(fileno=os.dup(1)) as stdout:
            hand_over(sys.argv[1], stdout)
    except OSError as error:
        sys.stderr.write(f"the clone's port {PORT}: {error.strerror or error}\n")
        sys.exit(1)
