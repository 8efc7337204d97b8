"""The user that a clone is given by user-data, to prove that the image still obeys who starts it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

USER = "goldsmith-probe"
SUDO = "ALL=(ALL) NOPASSWD:ALL"
SHELL = "/bin/sh"
KEY_TYPE = "ssh-ed25519"


@dataclass(frozen=True, slots=True)
class Probe:
    """`fingerprint` is that of the only key that is to open `user`, as ssh-keygen prints it; `sudo` is its rule."""

    user: str
    fingerprint: str
    sudo: str = SUDO


def public_key(point: bytes) -> str:
    """An ed25519 public key as a line of authorized_keys. `point` has 32 bytes: random ones are a key that nobody has
    the private half of, so that the account cannot be entered.
    """
    parts = (KEY_TYPE.encode(), point)
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{KEY_TYPE} {base64.b64encode(blob).decode('ascii')} {USER}"


def user_data(key: str) -> bytes:
    """What a person would write: the image's default user, and one of their own with a key and sudo."""
    own = {
        "name": USER,
        "gecos": "made by user-data",
        "shell": SHELL,
        "lock_passwd": True,
        # A list is no valid one for 22.4, which warns of it.
        "sudo": SUDO,
        "ssh_authorized_keys": [key],
    }
    # JSON is YAML.
    return b"#cloud-config\n" + json.dumps({"users": ["default", own]}).encode() + b"\n"


ANY_KEY = public_key(bytes(32))
