"""Whether the graph in int8 is taken: where it is faster on this machine, and costs no more, with confidence.

Non-inferiority by the gate's paired bootstrap: the upper bound of the mean of (int8 - fp32) cost, over documents that
neither graph was fitted to, must not be above the objective's margin.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Objective, Readiness
from towpath.core.objective.parts import Int8
from towpath.model import Scores
from towpath.model.manifest import Int8Choice
from towpath.pipelines.steps.gate import upper_bound

__all__ = ["Graph", "choose", "speed_ratio"]

_ROUNDS, _TEXTS = 7, 128

Floats = NDArray[np.float64]


class Graph(Protocol):
    """What can score texts: `towpath.model.scorer.Scorer`."""

    def scores(self, texts: Sequence[str]) -> Scores: ...


def choose(
    fp32: Graph,
    int8: Graph,
    texts: Sequence[str],
    truth: NDArray[np.intp],
    objective: Objective,
    *,
    seed: int = 0,
    clock: Callable[[], float] = time.process_time,
) -> Int8Choice:
    """Compare the two on labelled documents.

    Args:
        truth: (n,) class indices; columns of the graphs are in the order of the objective's classes.

    Raises:
        ValueError: the objective does not ask for the choice.
    """
    rule, readiness = objective.contract.delivery.int8, objective.contract.readiness
    if rule is None:
        raise ValueError("contract.delivery.int8: is absent, so there is nothing to choose")
    costs = [_costs(each, texts, truth, objective) for each in (fp32, int8)]
    enough = len(texts) >= readiness.min_test_documents
    upper = upper_bound(costs[1] - costs[0], rule.confidence, readiness.bootstrap_samples, seed) if enough else 0.0
    ratio = speed_ratio(fp32, int8, texts[:_TEXTS], clock=clock) if enough else 1.0
    taken = enough and upper <= rule.margin and ratio > 1
    return Int8Choice(
        chosen="int8" if taken else "fp32",
        explanation=_explain(len(texts), upper, ratio, rule, readiness, objective.unit),
        documents=len(texts),
        fp32_cost=float(costs[0].mean()) if len(texts) else 0.0,
        int8_cost=float(costs[1].mean()) if len(texts) else 0.0,
        upper=upper,
        margin=rule.margin,
        confidence=rule.confidence,
        speed=ratio,
    )


def speed_ratio(
    fp32: Graph, int8: Graph, texts: Sequence[str], *, clock: Callable[[], float] = time.process_time
) -> float:
    """Processor time of fp32 / that of int8 on the same texts: the median of pairs, each begun by the other in turn.

    Not time on the wall: beside other programs, that says who waited. What is left of them slows both of a pair alike.
    """
    pairs = []
    for round_ in range(_ROUNDS + 1):
        took = {}
        for name in ("fp32", "int8") if round_ % 2 else ("int8", "fp32"):
            begin = clock()
            (fp32 if name == "fp32" else int8).scores(texts)
            took[name] = clock() - begin
        pairs.append(took["fp32"] / max(took["int8"], 1e-9))
    # The first pair is paid for memory that the others find ready.
    return float(np.median(pairs[1:]))


def _costs(graph: Graph, texts: Sequence[str], truth: NDArray[np.intp], objective: Objective) -> Floats:
    probabilities = graph.scores(texts).probabilities.astype(np.float64)
    decisions = objective.costs.decide(probabilities)
    return objective.costs.realised(truth, decisions.labels, decisions.ask)


def _explain(count: int, upper: float, ratio: float, rule: Int8, readiness: Readiness, unit: str) -> str:
    if count < readiness.min_test_documents:
        return f"fp32 is kept: {count} documents to compare int8 on, {readiness.min_test_documents} are wanted."
    dearer = (
        f"costs at most {upper:.4f} {unit} more a document ({rule.confidence * 100:g} % confidence, {count} of them)"
    )
    speed = f"{ratio:.2f} times as fast"
    if upper > rule.margin:
        return f"fp32 is kept: int8 is {speed}, but {dearer}, where {rule.margin:g} may be."
    if ratio <= 1:
        return f"fp32 is kept: int8 {dearer}, but is {speed} on this machine."
    return f"int8 is taken: {speed} on this machine, and {dearer}, where {rule.margin:g} may be."
