"""The JSON schema of recipes for editors, composed from the models and the registries.

`python -m goldsmith.recipe.schema` writes schema.json anew; a test fails while the file is stale.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

import goldsmith.customization.kinds  # noqa: F401  registers them
from goldsmith.base.source import registered as sources
from goldsmith.customization.customization import registered as customizations
from goldsmith.recipe.model import Sections

SCHEMA_FILE = Path(__file__).with_name("schema.json")

Schema = dict[str, Any]


def schema() -> Schema:
    """The schema of a whole recipe."""
    kinds = customizations()
    bases = sources()
    models: list[type[BaseModel]] = [Sections, *bases.values(), *kinds.values()]
    made, definitions = models_json_schema([(model, "validation") for model in models])
    refs = {model: made[model, "validation"] for model in models}
    defs: Schema = definitions["$defs"]
    own = defs.pop(Sections.__name__)
    steps = {key: refs[kind] for key, kind in kinds.items() if not kind.TOP_LEVEL}
    settings = {key: refs[kind] for key, kind in kinds.items() if kind.TOP_LEVEL}
    base = {"description": "Where the image starts.", "oneOf": [refs[model] for model in bases.values()]}
    customize = {
        "description": "What is done in the guest, in order.",
        "type": "array",
        "items": {
            "type": "object",
            "properties": steps,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
    }
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "A recipe of goldsmith",
        "description": "What to make of which base image, and how it is proven.",
        "type": "object",
        "properties": {**own["properties"], "base": base, **settings, "customize": customize},
        "required": [*own["required"], "base"],
        "additionalProperties": False,
        "$defs": dict(sorted(defs.items())),
    }


def rendered() -> str:
    """The text of schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(rendered(), encoding="utf-8")
