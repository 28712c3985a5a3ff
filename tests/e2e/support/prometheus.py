"""PromQL against the rig's Prometheus, through the API server's proxy."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from e2e.support.cluster import run

_SERVER = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1"


def ask(path: str) -> Any:
    answer = json.loads(run(["kubectl", "get", "--raw", f"{_SERVER}/{path}"]))
    assert answer["status"] == "success", answer
    return answer["data"]


def query(expression: str) -> list[dict[str, Any]]:
    """The vector that `expression` gives now."""
    found: list[dict[str, Any]] = ask(f"query?query={quote(expression)}")["result"]
    return found


def value(expression: str) -> float:
    """Of an expression that gives one figure; NaN when it gives none."""
    found = query(expression)
    assert len(found) <= 1, f"{expression}: {len(found)} series"
    return float(found[0]["value"][1]) if found else float("nan")
