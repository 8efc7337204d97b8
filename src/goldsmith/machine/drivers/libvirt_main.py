"""The libvirt driver's program: `python3 -I libvirt_main.py FD AGENT`, descriptors of its ends of the socket to
goldsmith and of what stands for the guest agent's port; or `libvirt_main.py wake URI`, which starts a user's own
libvirtd.

It runs under the Python that the distribution's binding of libvirt is made for, and needs nothing else.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[3]))

from goldsmith.machine.drivers.libvirt_worker import serve, wake

if __name__ == "__main__":
    if sys.argv[1] == "wake":
        sys.exit(wake(sys.argv[2]))
    for number in sys.argv[1:]:
        os.set_inheritable(int(number), False)
    sys.exit(serve(*(socket.socket(fileno=int(number)) for number in sys.argv[1:3])))
