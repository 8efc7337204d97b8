"""How a base's bytes were settled: a value from here to the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TrustLevel(StrEnum):
    """Strongest first."""

    SIGNED = "signed"
    PINNED = "pinned"
    BOOTSTRAPPED = "bootstrapped"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Trust:
    """`evidence` is the key, the digest, the archive's keyring or the checksum file's URL that settled it."""

    level: TrustLevel
    evidence: str = ""

    @property
    def lets_the_host_mount(self) -> bool:
        """Whether the host's kernel may mount it by default: where the bytes come from is known."""
        return self.level in {TrustLevel.SIGNED, TrustLevel.PINNED, TrustLevel.BOOTSTRAPPED}

    def __str__(self) -> str:
        return f"{self.level}({self.evidence})" if self.evidence else self.level.value
