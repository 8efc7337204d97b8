"""`bootstrap:`, a cloud-like image made from a distribution's packages: it needs nothing but a package mirror."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from goldsmith.base.base import Base
from goldsmith.base.bootstrap.make import bootstrap, inputs_digest
from goldsmith.base.bootstrap.tree import find_keyring
from goldsmith.base.cache import Cache
from goldsmith.base.distro import Distro, known
from goldsmith.base.settle import Made, Wanted, settle
from goldsmith.base.source import Source, register, wrong
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.disk.disk import DiskFormat
from goldsmith.errors import HostError, InputError
from goldsmith.events import Emit


def _known(value: str) -> str:
    if value not in known():
        raise wrong("names no distribution that can be bootstrapped", f"known: {', '.join(known())}")
    return value


@register
class BootstrapSource(Source):
    """A cloud-like image made from packages."""

    KEY: ClassVar[str] = "bootstrap"

    bootstrap: Annotated[str, AfterValidator(_known), Field(json_schema_extra=lambda s: s.update(enum=list(known())))]
    """The distribution and its release."""

    @property
    def distro(self) -> Distro:
        return known()[self.bootstrap]

    def identity(self, folder: Path) -> str | None:
        # Only x86_64 can be made yet; the recipe's architecture is checked when it is resolved.
        return f"bootstrap:{inputs_digest(self.distro, self.distro.arches[0])}"

    def resolve(self, *, folder: Path, arch: str, offline: bool, refresh: bool, emit: Emit) -> Base:
        distro = self.distro
        if arch not in distro.arches:
            raise InputError(
                f"{distro.name} cannot be bootstrapped for {arch}",
                hint=f"leave `arch` out on a host of {' or '.join(distro.arches)}, or use `url:`",
            )
        origin = f"bootstrap:{distro.name}"
        trust = Trust(TrustLevel.BOOTSTRAPPED, find_keyring(distro).name)
        wanted = Wanted(f"bootstrap:{inputs_digest(distro, arch)}", origin, trust, DiskFormat.QCOW2)
        cache = Cache.open()
        if offline:
            found = cache.find(wanted.key, emit)
            if found is None:
                raise HostError(f"{origin} is not in the cache", hint="run once without --offline")
            return replace(found, trust=trust)
        return settle(cache, wanted, lambda work: Made(bootstrap(distro, work, emit)), refresh=refresh, emit=emit)
