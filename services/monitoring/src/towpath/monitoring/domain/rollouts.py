"""The running rollout's evidence: its predictions meet the truth, whichever comes first.

A document counts once, by its first truth: a test that may be watched at any time cannot take back what it has seen, so
what is said of the document later changes the figures of releases, and not the test. Predictions that come before
their rollout is known are kept and counted then; what comes after its end is not.
"""

from __future__ import annotations

from towpath.core.objective import Costs
from towpath.core.objective.parts import Rollout as Rule
from towpath.monitoring.domain.trial import Answer, Evidence, Phase, Trial
from towpath.monitoring.domain.window import Window

__all__ = ["Trials"]


class Trials:
    """Of one model, which has at most one rollout at a time.

    `size` answers and truths are remembered; of older ones the evidence keeps what they showed.
    """

    def __init__(self, rule: Rule, costs: Costs, size: int) -> None:
        self._rule, self._costs = rule, costs
        self._answers: Window[tuple[str, str, str], Answer] = Window(size)
        self._truths: Window[str, int] = Window(size)
        self._trial: Trial | None = None

    def phase(self, phase: Phase | None) -> None:
        """What runs now: a phase that is new has evidence of its own; None: no rollout runs."""
        if phase is None:
            self._trial = None
        elif self._trial is None or self._trial.phase != phase:
            self._trial = Trial(phase, self._rule, self._costs)
            for answer in self._answers.values():
                self._count(answer)

    def answer(self, answer: Answer) -> None:
        """A prediction that was made during a rollout."""
        if self._answers.add((answer.rollout_id, answer.mode, answer.document_id), answer):
            self._count(answer)

    def truth(self, document_id: str, truth: int) -> None:
        """The class of a document, an index."""
        if not self._truths.add(document_id, truth) or self._trial is None:
            return
        phase = self._trial.phase
        answer = self._answers.get((phase.rollout_id, phase.mode, document_id))
        if answer is not None:
            self._trial.add(answer, truth)

    def look(self) -> Evidence | None:
        """What the running rollout has shown; None where none runs."""
        return None if self._trial is None else self._trial.look()

    def _count(self, answer: Answer) -> None:
        truth = self._truths.get(answer.document_id)
        if truth is not None and self._trial is not None:
            self._trial.add(answer, truth)
