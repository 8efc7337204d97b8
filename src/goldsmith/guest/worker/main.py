"""The worker's program: `python -I main.py FD`, FD being its end of the socket to goldsmith.

It finds goldsmith's package by its own place and needs nothing but the standard library.
"""

from __future__ import annotations

import os
import socket
import sys

if __name__ == "__main__":
    sys.path.append(os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3)))

from goldsmith.guest.worker.serve import serve

if __name__ == "__main__":
    os.set_inheritable(int(sys.argv[1]), False)
    sys.exit(serve(socket.socket(fileno=int(sys.argv[1]))))
