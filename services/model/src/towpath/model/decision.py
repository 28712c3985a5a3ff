"""Acting on probabilities by the bundle's own objective, so that an embedded model decides as the services do.

The rule is `towpath.core.objective.Costs.decide`; a property test holds the two together. It is not imported, because
whoever embeds a model should need neither Kafka nor a web framework.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["DecisionRule", "InputStats", "Prediction"]


@dataclass(frozen=True, slots=True)
class InputStats:
    """What was read of one text, in few numbers: what monitoring watches.

    `sketch`: of its embedding (`towpath.model.sketch`), on the anchors `sketch_basis`; 0 are random signs. `tokens`:
    all of the text's, special ones not counted, whether they were read or not; `unknown_tokens`: of those, the ones
    that the tokenizer does not know.
    """

    sketch: tuple[int, ...]
    tokens: int
    unknown_tokens: int
    sketch_basis: int = 0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What to do about one text. `expected_cost` is in the objective's unit.

    `truncated`: something of the text was not read. `windows`: how many pieces of it were read and averaged; 0 where
    it was read in one. `input`: None where a model does not tell it; a bundle's does.
    """

    label: str
    decision: Literal["class", "ask-person"]
    expected_cost: float
    probabilities: dict[str, float]
    truncated: bool
    windows: int = 0
    input: InputStats | None = None


@dataclass(frozen=True)
class DecisionRule:
    classes: tuple[str, ...]
    matrix: NDArray[np.float64]
    ask_person: float | None

    @classmethod
    def from_objective(cls, text: str, classes: tuple[str, ...]) -> DecisionRule:
        """Raises ValueError, KeyError or TypeError when `text` (an objective's canonical JSON) does not fit."""
        costs = json.loads(text)["contract"]["costs"]
        table, ask = costs["matrix"], costs.get("askPerson")
        rows = [[float(table[truth][decision]) for decision in classes] for truth in classes]
        rule = cls(classes, np.asarray(rows), None if ask is None else float(ask))
        if not np.isfinite(rule.matrix).all() or not np.isfinite(rule.ask_person or 0):
            raise ValueError("a cost is not a finite number")
        return rule

    def decide(
        self,
        probabilities: NDArray[np.float32],
        truncated: NDArray[np.bool_],
        windows: NDArray[np.intp] | None = None,
        inputs: Sequence[InputStats] | None = None,
    ) -> list[Prediction]:
        """One prediction for each row of `probabilities` (n, K); `windows` (n,), 0 where a text is in one piece."""
        costs = probabilities.astype(np.float64) @ self.matrix
        best = costs.argmin(axis=1)
        least = costs[np.arange(len(best)), best]
        ask = np.zeros(len(best), dtype=np.bool_) if self.ask_person is None else least > self.ask_person
        expected = least if self.ask_person is None else np.minimum(least, self.ask_person)
        pieces = [0] * len(best) if windows is None else windows.tolist()
        columns = (best.tolist(), ask.tolist(), expected.tolist(), probabilities.tolist(), truncated.tolist(), pieces)
        told = [None] * len(best) if inputs is None else inputs
        return [
            Prediction(
                label=self.classes[label],
                decision="ask-person" if asked else "class",
                expected_cost=cost,
                probabilities=dict(zip(self.classes, row, strict=True)),
                truncated=cut,
                windows=count,
                input=each,
            )
            for label, asked, cost, row, cut, count, each in zip(*columns, told, strict=True)
        ]
