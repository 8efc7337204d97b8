"""The pages made from the registries: `python -m goldsmith.cli.reference` writes all of them anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from goldsmith import api
from goldsmith.customization.customization import registered
from goldsmith.customization.reference import reference as customizations
from goldsmith.generalization.reference import reference as operations
from goldsmith.machine.reference import reference as boots
from goldsmith.recipe import schema
from goldsmith.rules.evidence import Evidence
from goldsmith.rules.reference import reference as rules

ROOT = Path(__file__).parents[3]


def pages() -> Mapping[Path, str]:
    """Each generated file of a checkout, from its top, and what stands in it."""
    folder = Path("docs", "reference")
    return {
        folder / "boots.md": boots(),
        folder / "customizations.md": customizations(registered()),
        folder / "operations.md": operations(api.operations()),
        folder / "rules.md": rules(),
        folder / "evidence.schema.json": json.dumps(Evidence.json_schema(), indent=2) + "\n",
        schema.SCHEMA_FILE.relative_to(ROOT): schema.rendered(),
    }


if __name__ == "__main__":
    for page, text in pages().items():
        (ROOT / page).write_text(text, encoding="utf-8")
        print(f"wrote {page}")
