"""Who files of a guest belong to while it is made: root itself, or a plain user's subordinate ids.

A plain user maps the first 65,536 subordinate ids of /etc/subuid and /etc/subgid to 0…65535, as mmdebstrap's unshare
mode does, and keeps an identity of its own beside them, so that files of both can be read and written in one process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from goldsmith.errors import HostError, ProcessError
from goldsmith.run import require, run

# The caller's own id inside: any number outside of the mapped block.
OWN_ID = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Identity:
    """`prefix` is the command in front of a program that works on the guest's files."""

    is_root: bool
    prefix: tuple[str, ...]

    @classmethod
    def current(cls) -> Identity:
        """Root's or this user's."""
        if os.geteuid() == 0:
            return cls(is_root=True, prefix=())
        own = str(OWN_ID)
        return cls(
            is_root=False,
            prefix=(
                "unshare", "--user", "--map-users=auto", "--map-groups=auto", f"--map-user={own}",
                f"--map-group={own}", "--setuid=0", "--setgid=0", "--",
            ),
        )  # fmt: skip

    def require(self) -> None:
        """Raises HostError, with what to do, where this host does not let the user act as its subordinate ids."""
        if self.is_root:
            return
        require("newuidmap")
        try:
            run([*self.prefix, "true"], timeout=60)
        except ProcessError as error:
            said = error.log_tail[-1] if error.log_tail else error.message
            raise HostError(
                f"this user cannot make files of other users: {said}",
                hint="as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"
                " (and where it is 0: sysctl kernel.unprivileged_userns_clone=1)",
            ) from error
