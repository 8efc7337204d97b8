"""What is known of a sealed image before a clone of it boots."""

from __future__ import annotations

from dataclasses import dataclass

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.files import read_configuration
from goldsmith.cloudinit.first_boot_files import FirstBootImage, read_image
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, read_info
from goldsmith.machine.osinfo import os_id
from goldsmith.rules.expectation import Expectation, Prediction, predict
from goldsmith.rules.facts import Facts
from goldsmith.verification.gather import gather, kernel_cmdline


@dataclass(frozen=True, slots=True)
class Sealed:
    """`tree` is the whole tree; `arch` the guest's architecture, empty where it is not known; `may_differ` are paths
    that the recipe lets differ between clones, as patterns; `os_id` is libosinfo's name of its operating system.
    """

    facts: Facts
    tree: Index
    prediction: Prediction
    image: FirstBootImage
    cmdline: str
    arch: str
    may_differ: tuple[str, ...]
    os_id: str | None = None

    def first_boot(self, seed: Seed, user_data: bytes, *, network: bool) -> FirstBoot:
        """What a clone that is given this will do."""
        return self.image.predict(seed, cmdline=self.cmdline, user_data=user_data, network=network)


def look_at_sealed(guest: Guest, expectation: Expectation) -> Sealed:
    """Reads an open image. Raises BuildError where it cannot be read."""
    info = read_info(guest.index(INFO_ROOTS), guest.read)
    cmdline = kernel_cmdline(guest)
    prediction = predict(
        read_configuration(guest),
        version=info.cloud_init_version,
        arch=info.arch,
        cmdline=cmdline,
        asked=[setting.key for setting in expectation.effective],
    )
    return Sealed(
        facts=gather(guest),
        tree=guest.index(),
        prediction=prediction,
        image=read_image(guest),
        cmdline=cmdline,
        arch=info.arch,
        may_differ=expectation.may_differ,
        os_id=os_id(info.distro, info.version),
    )
