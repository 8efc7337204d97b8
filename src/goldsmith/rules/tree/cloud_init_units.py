"""GS325: where cloud-init is installed, systemd starts it.

Its units are enabled by links below cloud-init.target.wants or multi-user.target.wants (the names differ between
versions: cloud-init.service became cloud-init-network.service in 24.3). A masked unit, no link at all, or a link to a
unit that is gone leaves a clone without its users, keys and name. Marker files and words on the kernel's command line
are told by GS306.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.generalization.view import View
from goldsmith.guest.index import Entry
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS325"
EXPECTED = "cloud-init's units are enabled"
OWN = "/etc/systemd/system"
SHIPPED = ("/usr/lib/systemd/system", "/lib/systemd/system")
# Any of these does the network stage, in one version or another.
NETWORK_STAGE = ("cloud-init.service", "cloud-init-network.service")
UNITS = (*NETWORK_STAGE, "cloud-init-local.service", "cloud-init-main.service", "cloud-config.service",
         "cloud-final.service", "cloud-init.target", "cloud-config.target")  # fmt: skip
OURS = ("cloud-init", "cloud-config", "cloud-final")


@rule(
    CODE,
    "cloud-init's units",
    needs=Needs.TREE,
    why="An image whose cloud-init is installed and never started makes clones that nobody can log in to.",
    roots=(OWN, *SHIPPED),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    view = subject.view
    shipped = [unit for unit in UNITS if any(f"{folder}/{unit}" in view.index for folder in SHIPPED)]
    if view.info.cloud_init_version is None or view.info.init != "systemd" or not shipped:
        yield passed(CODE, OWN, EXPECTED, "cloud-init is not installed, or not started by systemd")
        return
    links = [
        entry
        for entry in view.find(*(f"{folder}/*.wants/*" for folder in (OWN, *SHIPPED)))
        if entry.is_link and entry.name.startswith(OURS)
    ]
    problems = [*_masked(view, shipped), *_dangling(view, links), *_not_enabled(links, shipped)]
    for path, message in problems:
        yield failed(
            CODE,
            path,
            EXPECTED,
            message,
            f"{message}: a clone would not get its users, keys and hostname",
            hint="`systemctl enable` cloud-init's units, or remove the package",
            severity=Severity.WARNING,
        )
    if not problems:
        yield passed(CODE, OWN, EXPECTED, ", ".join(shipped))


def _masked(view: View, shipped: list[str]) -> Iterator[tuple[str, str]]:
    for unit in shipped:
        entry = view.index.get(f"{OWN}/{unit}")
        if entry is not None and (entry.target == "/dev/null" or (entry.is_regular and not entry.size)):
            yield entry.path, f"{unit} is masked"


def _dangling(view: View, links: list[Entry]) -> Iterator[tuple[str, str]]:
    for entry in links:
        if view.index.resolve(entry.path) is None:
            yield entry.path, f"{printable(entry.name)} is enabled and not there"


def _not_enabled(links: list[Entry], shipped: list[str]) -> Iterator[tuple[str, str]]:
    enabled = {entry.name for entry in links}
    if enabled.isdisjoint(NETWORK_STAGE) and not set(shipped).isdisjoint(NETWORK_STAGE):
        yield OWN, "cloud-init's network stage is not enabled"
