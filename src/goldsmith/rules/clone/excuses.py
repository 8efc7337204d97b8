"""What prediction alone excuses in a clone without network; no rule of its own."""

from __future__ import annotations

import re

from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.facts import Facts

FALLBACK = "Used fallback datasource"
# cc_package_update_upgrade_install and what it calls, 22.4 to 26.2.
_PACKAGES = re.compile(r"package[_-]update[_-]upgrade[_-]install|[Ff]ailed to install (?:the following )?packages")


def fallback_excused(line: str, case: CloneCase) -> bool:
    """DataSourceNone warns that it is the fallback: expected exactly where it is predicted."""
    return FALLBACK in line and case.prediction.of(case.clone.seed).datasource == "DataSourceNone"


def package_error_excused(line: str, case: CloneCase, facts: Facts) -> bool:
    """`packages:` cannot be installed without network: no error where every one of them is in the image."""
    wanted = case.prediction.packages
    return bool(wanted) and set(wanted) <= set(facts.packages) and _PACKAGES.search(line) is not None
