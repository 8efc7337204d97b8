"""How long clones of the version before took to be ready, from the evidence beside it in the pool."""

from __future__ import annotations

from goldsmith.errors import InputError
from goldsmith.pool.naming import ImageName, version_order
from goldsmith.pool.pool import Pool
from goldsmith.rules.evidence import Previous, PreviousBoot
from goldsmith.verification.report.folder import read


def previous_of(pool: Pool, name: ImageName) -> Previous | None:
    """The newest older version of the same name whose evidence can be read; None where there is none."""
    mine = version_order(name.version)
    older = [each for each in pool.list() if each.name.name == name.name and version_order(each.name.version) < mine]
    for image in reversed(older):
        try:
            evidence = read(pool.root / image.name.evidence)
        except InputError:
            continue
        here = evidence.circumstances
        boots = tuple(
            PreviousBoot(clone.driver, clone.seed, seconds, clone.firmware)
            for clone in evidence.clones
            if clone.ended and (seconds := clone.seconds_to_ready) is not None
        )
        if here is not None and boots:
            return Previous(str(image.name), here.kvm, here.speed, boots)
    return None
