"""A bounded number of dead letters: one bad message is its sender's problem, many are ours."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from towpath.core.errors import CrashError

__all__ = ["DeadLetterBudget", "FloodError"]


class FloodError(CrashError):
    """Most of what comes cannot be read: going on would empty the topic into dead-letters."""


@dataclass
class DeadLetterBudget:
    """Over the last `window` messages: at least `minimum` and more than `ratio` of them bad stops the consumer."""

    ratio: float
    minimum: int
    window: int = 1000
    _last: deque[bool] = field(default_factory=deque)
    _bad: int = 0

    def count(self, *, good: int, bad: int) -> None:
        """Note a batch.

        Raises:
            FloodError: too many were bad.
        """
        for outcome in [False] * good + [True] * bad:
            self._last.append(outcome)
            self._bad += outcome
            if len(self._last) > self.window:
                self._bad -= self._last.popleft()
        if self._bad >= self.minimum and self._bad > self.ratio * len(self._last):
            raise FloodError(
                f"{self._bad} of the last {len(self._last)} documents could not be read: stopped before more are lost "
                "to dead-letters. Look at them with `towpath dead-letters`, mend the producer, start again"
            )
