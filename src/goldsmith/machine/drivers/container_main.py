"""The rehearsal's program: `python -I container_main.py FD`, FD being its end of the socket to goldsmith."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[3]))

from goldsmith.machine.drivers.container_worker import rehearse

if __name__ == "__main__":
    os.set_inheritable(int(sys.argv[1]), False)
    sys.exit(rehearse(socket.socket(fileno=int(sys.argv[1]))))
