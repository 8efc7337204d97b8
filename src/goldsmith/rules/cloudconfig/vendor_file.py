"""GS605: the files of packages are as the packages brought them."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS605",
    "cloud.cfg is not edited",
    why="An edited cloud.cfg is a conflict at the next update of cloud-init: the edit is lost, or the update's changes "
    "are. A drop-in says the same and stays.",
    since="every version",
    wrong="# in /etc/cloud/cloud.cfg\nssh_pwauth: false\n",
    right="# in /etc/cloud/cloud.cfg.d/99-custom-defaults.cfg\nssh_pwauth: false\n",
)
def vendor_file(subject: CloudConfig) -> Iterator[Fault]:
    changed = subject.image.changed if subject.image is not None else frozenset()
    for file in subject.files:
        if file.path in changed:
            yield Fault(
                Severity.WARNING,
                file.at(1, 1),
                f"{file.path} is not as the package brought it",
                "put what you changed into /etc/cloud/cloud.cfg.d/99-custom-defaults.cfg, and the package's file back",
            )
