"""What a model says of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs

__all__ = ["Answers"]


class Answers:
    """What a model says of texts: probabilities (n, K) in the order of `classes`, and what the costs make of them."""

    def __init__(
        self, texts: Sequence[str], probabilities: NDArray[np.float64], classes: Sequence[str], costs: Costs
    ) -> None:
        self._place = {text: n for n, text in enumerate(texts)}
        self.probabilities, self.classes = probabilities, tuple(classes)
        self.best = probabilities.argmax(axis=1)
        decided = costs.decide(probabilities)
        self.decided, self.asked = decided.labels, decided.ask

    def rows(self, texts: Sequence[str]) -> NDArray[np.intp]:
        return np.array([self._place[text] for text in texts], dtype=np.intp)
