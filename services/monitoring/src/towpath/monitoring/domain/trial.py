"""What one phase of a rollout has shown: does the challenger cost less than the champion?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from towpath.core.objective import Costs
from towpath.core.objective.parts import Rollout as Rule
from towpath.monitoring.domain.sequential import ConfidenceSequence

__all__ = ["Answer", "Evidence", "Mode", "Phase", "Said", "Trial", "Verdict"]

Mode = Literal["shadow", "canary"]
Verdict = Literal["undecided", "promote", "roll-back"]


@dataclass(frozen=True, slots=True)
class Phase:
    """A rollout since its mode or share last changed, at `since_ns` (Unix time): what was before is not counted."""

    rollout_id: str
    model_name: str
    challenger: str
    champion: str
    mode: Mode
    share: float
    since_ns: int


@dataclass(frozen=True, slots=True)
class Said:
    """A release's decision: a class index, and whether to ask a person instead."""

    release_id: str
    label: int
    ask: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What was predicted of a document during a rollout, at `made_ns` (Unix time)."""

    document_id: str
    rollout_id: str
    made_ns: int
    said: Said
    shadow: Said | None

    @property
    def mode(self) -> Mode:
        return "canary" if self.shadow is None else "shadow"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`difference` is the challenger's cost of a document less the champion's, in the unit; between the bounds."""

    phase: Phase
    documents: int
    difference: float
    lower: float
    upper: float
    verdict: Verdict
    exhausted: bool = False
    """Rolled back only because nothing was decided within the documents that the objective allows."""


class Trial:
    """Of one phase. A verdict stands once it is reached.

    Shadow: both answered the document, and differences are paired. Canary: each answer is weighted by how seldom its
    release is asked (inverse propensity: Horvitz & Thompson, JASA 47(260), 1952), so that a document's value has the
    difference as its mean whatever documents come at that time; the price of asking a person is taken off all costs
    first, which changes no mean and makes the weights matter less. A test of two unpaired means, by the product of both
    releases' capitals, wants twice as many documents at the costs of the running example, and is no longer right where
    documents become dearer for both.

    Both want the truth to become known whichever release answered. A document counts once.
    """

    def __init__(self, phase: Phase, rule: Rule, costs: Costs) -> None:
        self.phase, self._rule, self._costs = phase, rule, costs
        self._value: Callable[[Answer, int], float | None] = self._paired if phase.mode == "shadow" else self._weighted
        self._base = costs.ask_person or 0.0
        self._sequence = ConfidenceSequence(*self._range(), rule.confidence)
        self._last: Evidence | None = None

    def add(self, answer: Answer, truth: int) -> None:
        """Count it, unless it is no part of this phase."""
        phase = self.phase
        if (answer.rollout_id, answer.mode) != (phase.rollout_id, phase.mode) or answer.made_ns < phase.since_ns:
            return
        value = self._value(answer, truth)
        if value is not None:
            self._sequence.add(value)

    def look(self) -> Evidence:
        """What is known now."""
        last = self._last
        if last is not None and (last.verdict != "undecided" or last.documents == self._sequence.count):
            return last
        (lower, upper), count = self._sequence.bounds(), self._sequence.count
        verdict, exhausted = self._decided(count, lower, upper)
        self._last = Evidence(self.phase, count, self._sequence.mean, lower, upper, verdict, exhausted)
        return self._last

    def _decided(self, documents: int, lower: float, upper: float) -> tuple[Verdict, bool]:
        if documents >= self._rule.min_documents:
            if upper <= self._rule.margin:
                return "promote", False
            if lower > self._rule.margin:
                return "roll-back", False
        exhausted = documents >= self._rule.max_documents
        return ("roll-back" if exhausted else "undecided"), exhausted

    def _paired(self, answer: Answer, truth: int) -> float | None:
        champion, challenger = answer.said, answer.shadow
        releases = (champion.release_id, challenger.release_id if challenger else "")
        if challenger is None or releases != (self.phase.champion, self.phase.challenger):
            return None
        return self._cost(challenger, truth) - self._cost(champion, truth)

    def _weighted(self, answer: Answer, truth: int) -> float | None:
        beyond = self._cost(answer.said, truth) - self._base
        if answer.said.release_id == self.phase.challenger:
            return beyond / self.phase.share
        return -beyond / (1 - self.phase.share) if answer.said.release_id == self.phase.champion else None

    def _cost(self, said: Said, truth: int) -> float:
        return float(self._costs.realised([truth], [said.label], [said.ask])[0])

    def _range(self) -> tuple[float, float]:
        asked = [] if self._costs.ask_person is None else [self._costs.ask_person]
        rows = [[*map(float, row), *asked] for row in self._costs.matrix]
        if self.phase.mode == "shadow":
            # 1: where all costs are equal there is no difference, and any range holds it.
            reach = max(max(row) - min(row) for row in rows) or 1.0
            return -reach, reach
        least, most = min(map(min, rows)) - self._base, max(map(max, rows)) - self._base
        share = self.phase.share
        low, high = min(least / share, -most / (1 - share)), max(most / share, -least / (1 - share))
        return (low, high) if low < high else (low - 1.0, high + 1.0)
