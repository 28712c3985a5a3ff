"""JSON Schemas of objective.yaml and behaviour.yaml, for editors: `python -m towpath.core.objective.schema`."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from pydantic import BaseModel

from towpath.core.objective.behaviour import Suite
from towpath.core.objective.model import Objective

__all__ = ["SCHEMAS", "main", "schema"]

SCHEMAS: dict[str, type[BaseModel]] = {"objective.schema.json": Objective, "behaviour.schema.json": Suite}


def schema(model: type[BaseModel] = Objective) -> str:
    """JSON Schema, draft 2020-12."""
    body = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True)}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schemas beside this module; they are committed."""
    folder = Path(str(resources.files("towpath.core.objective")))
    for name, model in SCHEMAS.items():
        folder.joinpath(name).write_text(schema(model))


if __name__ == "__main__":
    main()
