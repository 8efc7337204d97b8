"""GS619: the configuration applies to a clone without a seed too."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.datasource import Seed, expected_datasource, without_seed
from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS619",
    "a clone without a seed has a datasource",
    why="Without a seed, cloud-init's own policy leaves it disabled: no user, no keys, no host keys on Debian, and the "
    "defaults in the image never apply. `None` is the datasource that asks for nothing; in a longer list than "
    "`[NoCloud, None]` it does not count as found.",
    since="every version; `[NoCloud]` alone loses its fallback from 24.2",
    wrong="datasource_list: [NoCloud, ConfigDrive, None]\n",
    right="datasource_list: [NoCloud, None]\n",
)
def fallback_datasource(subject: CloudConfig) -> Iterator[Fault]:
    if subject.datasource_decided:
        return
    lists = subject.setter("datasource_list")
    if not subject.whole and lists is None:
        return
    decision = without_seed(subject.contents, version=subject.release, arch=subject.arch, cmdline=subject.cmdline)
    if expected_datasource(decision, Seed.NONE) is not None:
        return
    why = decision.why if not decision.enabled else f"{decision.why}, and nothing else is tried"
    place = lists.place("datasource_list") if lists is not None else None
    if place is None:
        own = subject.own or subject.files
        place = own[-1].at(1, 1) if own else None
    yield Fault(
        Severity.WARNING,
        place,
        f"a clone without a seed never applies this configuration: {why}",
        "set `datasource_list: [NoCloud, None]` in one line of a file of its own that sorts last (a recipe has "
        "`datasource: local`)",
    )
