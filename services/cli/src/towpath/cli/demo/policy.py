"""The objective of the second act: the user's own, but for what a demo of minutes cannot wait for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from towpath.core.objective import Objective

__all__ = ["for_minutes", "write"]

# Labels alone would start a run before the alarm's question is answered.
_NEVER = 1_000_000
_SHARE = 0.5


def for_minutes(objective: Objective, wanted: int) -> tuple[Objective, list[str]]:
    """A copy that waits for `wanted` labels and tries releases as canary; and what is changed, in words."""
    data = json.loads(objective.to_json())
    changes = [
        _set(data, ("retraining", "minNewDocuments"), objective.contract.retraining.min_new_documents, wanted),
        _set(
            data, ("retraining", "newAnnotatedDocuments"), objective.contract.retraining.new_annotated_documents, _NEVER
        ),
        _set(data, ("delivery", "rollout", "start"), objective.contract.delivery.rollout.start, "canary"),
        _set(data, ("delivery", "rollout", "share"), objective.contract.delivery.rollout.share, _SHARE),
    ]
    return Objective.from_json(json.dumps(data)), [each for each in changes if each]


def write(objective: Objective, file: Path) -> None:
    """As JSON, which is YAML too."""
    file.write_text(json.dumps(json.loads(objective.to_json()), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _set(data: dict[str, Any], path: tuple[str, ...], before: object, now: object) -> str:
    part = data["contract"]
    for name in path[:-1]:
        part = part.setdefault(name, {})
    part[path[-1]] = now
    shown = (f"{each:,}" if isinstance(each, int) else str(each) for each in (before, now))
    return "" if before == now else f"{'.'.join(path)} {' → '.join(shown)}"
