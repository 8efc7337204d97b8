"""The section `verify` of a recipe: which clones boot, as which machines, and what has to be found on them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, StrictInt, model_validator

from goldsmith.base.source import wrong
from goldsmith.recipe.guest_pattern import GuestPattern
from goldsmith.recipe.section import NonEmpty, Section


class ExpectedUsers(Section):
    """Accounts of a booted clone."""

    present: tuple[NonEmpty, ...] = ()
    """These exist, and have no password that works."""
    absent: tuple[NonEmpty, ...] = ()
    """These do not exist."""

    @model_validator(mode="after")
    def _not_both(self) -> ExpectedUsers:
        if both := sorted(set(self.present) & set(self.absent)):
            raise wrong(f"expects {both[0]} to be present and to be absent", "remove one")
        return self


class ExpectedServices(Section):
    """systemd's units of a booted clone; without a suffix a service is meant."""

    enabled: tuple[NonEmpty, ...] = ()
    """These start by themselves."""
    failed: tuple[NonEmpty, ...] = ()
    """These may fail; without it none may."""


class Expect(Section):
    """What has to be found on the clones."""

    users: ExpectedUsers = ExpectedUsers()
    """Accounts that exist and that do not."""
    packages: tuple[NonEmpty, ...] = ()
    """Packages that are installed."""
    services: ExpectedServices = ExpectedServices()
    """Units that start, and units that may fail."""
    effective: dict[NonEmpty, JsonValue] = Field(default_factory=dict)
    """Settings of cloud-init's effective configuration, by path of keys: `{ssh_pwauth: false}`; null: not set."""
    slower_than_previous: Annotated[float, Field(gt=0, le=10_000, strict=True)] | None = None
    """By how many percent a clone may be ready later than one of the version before."""
    differ: tuple[GuestPattern, ...] = ()
    """Paths that may differ between clones, beyond what makes a clone itself; `*`, `?`, `[…]` and `**` as in `keep`."""


class VerifySection(Section):
    """How the sealed image is proven on booted clones."""

    clones: Annotated[StrictInt, Field(ge=2, le=16)] = 2
    """How many clones boot: the first without a seed, the others with an empty NoCloud seed."""
    expect: Expect = Expect()
    """What has to be found on them."""
