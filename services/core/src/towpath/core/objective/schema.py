"""The JSON Schema of objective.yaml, for editors: `python -m towpath.core.objective.schema`."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from towpath.core.objective.model import Objective

__all__ = ["main", "schema"]


def schema() -> str:
    """JSON Schema, draft 2020-12."""
    body = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Objective.model_json_schema(by_alias=True)}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema beside this module; it is committed."""
    Path(str(resources.files("towpath.core.objective"))).joinpath("objective.schema.json").write_text(schema())


if __name__ == "__main__":
    main()
