"""How a process of ours tells the one that started it: a JSON line each, {"step": …}, {"result": …}, {"error": …}."""

from __future__ import annotations

import json
import sys
from typing import Any

__all__ = ["tell"]


def tell(line: dict[str, Any]) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
