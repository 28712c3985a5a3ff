"""How a process of ours tells the one that started it: a JSON line each, {"step": …}, {"result": …}, {"error": …}."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

from towpath.pipelines.inputs import StepEvent

__all__ = ["tell", "tell_step"]


def tell(line: dict[str, Any]) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def tell_step(event: StepEvent) -> None:
    tell({"step": dataclasses.asdict(event)})
