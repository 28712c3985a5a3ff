"""One budget of false alarms, split over all that may raise one.

The objective allows a number of false alarms a period, in expectation. Each cause gets an equal part, whatever it
watches: what is expected of several is the sum of what is expected of each, however they depend on one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from towpath.core.objective.parts import FalseAlarms
from towpath.core.objective.periods import seconds_of

__all__ = ["Budget"]

# Evidence that is worth the name, however many false alarms are allowed.
_MOST = 0.05


@dataclass(frozen=True, slots=True)
class Budget:
    """`allowed` false alarms in `period_s` seconds, for `causes` together."""

    allowed: float
    period_s: float
    causes: tuple[str, ...]

    @classmethod
    def of(cls, rule: FalseAlarms, causes: Iterable[str]) -> Budget:
        """Raises ValueError where a cause is named twice: it would get two parts."""
        named = tuple(causes)
        if len(set(named)) != len(named):
            raise ValueError(f"a cause is named twice in {', '.join(named)}")
        return cls(float(rule.budget), seconds_of(rule.period), named)

    def share(self, cause: str) -> float:
        """False alarms that `cause` may raise in a period, in expectation. Raises KeyError for one without a part."""
        if cause not in self.causes:
            raise KeyError(f"{cause} has no part in the budget of {', '.join(self.causes)}")
        return self.allowed / len(self.causes)

    def error(self, cause: str, since_last_s: float | None) -> float:
        """Probability with which a release may ever be blamed falsely; 0: it may not, so nothing is ever said.

        `since_last_s` is the age of the release before when this one was made; None where there was none. Of releases
        made within a period, all but the first were made within a period of one another, so their errors add up to at
        most a third of the share; the first, and the one that reigned when the period began, have at most a third each.
        """
        age = self.period_s if since_last_s is None else max(0.0, since_last_s)
        return min(_MOST, self.share(cause) / 3 * min(1.0, age / self.period_s))
