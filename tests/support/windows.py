"""Windows of made-up documents: what comes in, and something else, mixed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from towpath.monitoring.domain.windows import Rows
from towpath.v1 import ClassDecision, ClassProbability, Decision, InputStats, Prediction

CLASSES = ("negative", "neutral", "positive")


def documents(count: int, seed: int, others: float = 0.0, sketch: int = 16) -> Rows:
    """`others` is the share of documents about something else, longer, with more unknown words, and more negative."""
    rng = np.random.default_rng(seed)
    rows = Rows.empty(count, classes=len(CLASSES), sketch=sketch)
    other = rng.random(count) < others
    made = rng.normal(size=(count, sketch)) * 25
    made[other, : sketch // 4] += 50
    rows.sketches[:] = np.clip(np.rint(made), -127, 127)
    rows.sketched[:] = True
    rows.tokens[:] = 1 + rng.poisson(15 + 8 * other)
    rows.unknown[:] = rng.binomial(rows.tokens, 0.05 + 0.1 * other)
    shares = rng.dirichlet([1, 2, 2], count)
    shares[other, 0] += 0.8
    rows.probabilities[:] = shares / shares.sum(axis=1, keepdims=True)
    rows.labels[:] = rows.probabilities.argmax(axis=1)
    rows.ask[:] = rows.probabilities.max(axis=1) < 0.45
    rows.costs[:] = 1 - rows.probabilities.max(axis=1) + 2 * other
    rows.times[:] = 1_700_000_000 + 10_000 * seed + np.arange(count)
    rows.ids[:] = [f"doc-{seed}-{n}" for n in range(count)]
    rows.releases[:] = "rel-1"
    return rows


def predictions(rows: Rows, release: str = "rel-1") -> Iterator[Prediction]:
    """What a worker with that release says of them."""
    for n in range(len(rows)):
        made = Prediction(
            prediction_id=f"prd-{rows.ids[n]}-{release}",
            document_id=rows.ids[n],
            model_name="tweet-sentiment",
            release_id=release,
            class_decision=ClassDecision(
                label=CLASSES[rows.labels[n]],
                decision=Decision.DECISION_ASK_PERSON if rows.ask[n] else Decision.DECISION_CLASS,
                expected_cost=rows.costs[n],
                probabilities=[
                    ClassProbability(label=name, probability=p)
                    for name, p in zip(CLASSES, rows.probabilities[n].tolist(), strict=True)
                ],
            ),
            input=InputStats(sketch=rows.sketches[n].tobytes(), tokens=rows.tokens[n], unknown_tokens=rows.unknown[n]),
        )
        made.created_at.FromSeconds(int(rows.times[n]))
        yield made
