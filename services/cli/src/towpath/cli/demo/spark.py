"""A row of numbers as a row of bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["climb"]

_BARS = "▁▂▃▄▅▆▇█"


def climb(capital: Sequence[float], *, width: int = 40, lowest: float = -6.0) -> str:
    """Capitals of 0 to 1 on a logarithmic axis from 10^`lowest`, the last `width` of them; an alarm is a full bar."""
    top = len(_BARS) - 1
    heights = (1 - math.log10(max(each, 10**lowest)) / lowest for each in capital[-width:])
    return "".join(_BARS[max(0, min(top, int(height * top)))] for height in heights)
