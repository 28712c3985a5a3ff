"""How long a transaction has kept readers from what was written after it began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Stability"]

P = TypeVar("P")


@dataclass
class Stability(Generic[P]):
    """Of partitions, from looks at them: a transaction is open where the last stable offset is below the end."""

    _stood: dict[P, tuple[int, float]] = field(default_factory=dict)

    def look(self, ends: Mapping[P, int], stable: Mapping[P, int], now: float) -> dict[P, float]:
        """Seconds by partition since the last stable offset stands still below the end; 0 where it does not.

        `ends` must be no newer than `stable`, else what came in between looks like a transaction.
        """
        found = {}
        for partition, offset in stable.items():
            if offset >= ends.get(partition, 0):
                self._stood.pop(partition, None)
                found[partition] = 0.0
                continue
            before = self._stood.get(partition)
            if before is None or before[0] != offset:
                before = self._stood[partition] = (offset, now)
            found[partition] = now - before[1]
        return found
