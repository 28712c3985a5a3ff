"""The release gate: is the candidate cheaper, with confidence, on the same documents?

For each baseline the difference in cost of every test document (candidate - baseline) is resampled with replacement
(paired bootstrap: Efron & Tibshirani 1993, ch. 16; Koehn, EMNLP 2004). The candidate passes when the upper bound of
the mean difference, at the objective's confidence, is below -margin, against every baseline. The mean decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Readiness

__all__ = ["Comparison", "GateResult", "Outcome", "compare", "decide", "refused", "upper_bound"]

Outcome = Literal["pass", "fail", "no baseline", "not enough data"]
_BLOCK = 256  # resamples at a time, so that memory stays bounded


@dataclass(frozen=True)
class Comparison:
    """Candidate against one baseline, in the objective's unit a document. `upper` is the bound that decides."""

    baseline: str
    candidate_cost: float
    baseline_cost: float
    upper: float
    passed: bool

    @property
    def saving(self) -> float:
        """What a document becomes cheaper by, on average."""
        return self.baseline_cost - self.candidate_cost


@dataclass(frozen=True)
class GateResult:
    outcome: Outcome
    explanation: str
    comparisons: tuple[Comparison, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        rows = [{**asdict(each), "saving": each.saving} for each in self.comparisons]
        return {"outcome": self.outcome, "explanation": self.explanation, "comparisons": rows}


def decide(
    candidate: NDArray[np.float64],
    baselines: Mapping[str, NDArray[np.float64]],
    readiness: Readiness,
    *,
    unit: str,
    seed: int = 0,
) -> GateResult:
    """Gate a candidate.

    Args:
        candidate: (n,) cost of the candidate's decision on each test document.
        baselines: (n,) the same of each baseline, by name: the reigning release, or those of the objective.
        unit: of the costs, for the explanation.
    """
    count = len(candidate)
    if count < readiness.min_test_documents:
        wanted = readiness.min_test_documents
        return GateResult(
            "not enough data",
            f"{count} test documents, {wanted} are wanted: nothing can be said with confidence. Annotate more.",
        )
    if not baselines:
        return GateResult(
            "no baseline", "There is nothing to compare with: no model reigns and the objective names no baseline."
        )
    rows = tuple(compare(name, candidate, costs, readiness, seed=seed) for name, costs in baselines.items())
    outcome: Outcome = "pass" if all(row.passed for row in rows) else "fail"
    return GateResult(outcome, _explain(rows, readiness, unit, count), rows)


def refused(result: GateResult, reasons: Sequence[str]) -> GateResult:
    """The same, unless there are reasons beside cost to refuse what would be released; costs are told all the same."""
    if not reasons or result.outcome == "not enough data":
        return result
    return replace(result, outcome="fail", explanation=" ".join([*reasons, result.explanation]))


def compare(
    name: str,
    candidate: NDArray[np.float64],
    baseline: NDArray[np.float64],
    readiness: Readiness,
    *,
    seed: int = 0,
) -> Comparison:
    """One paired comparison.

    Raises:
        ValueError: the costs are not of the same documents, or not finite.
    """
    if candidate.shape != baseline.shape:
        raise ValueError(f"{name}: {len(baseline)} costs against {len(candidate)}: not the same documents")
    difference = candidate - baseline
    if not np.isfinite(difference).all():
        raise ValueError(f"{name}: a cost is not a finite number")
    upper = upper_bound(difference, readiness.confidence, readiness.bootstrap_samples, seed)
    passed = bool(upper < -readiness.margin)
    return Comparison(name, float(candidate.mean()), float(baseline.mean()), upper, passed)


def upper_bound(difference: NDArray[np.float64], confidence: float, samples: int, seed: int) -> float:
    """Of the mean, one-sided, by the percentile of resampled means."""
    random, count = np.random.default_rng(seed), len(difference)
    means = np.empty(samples)
    for start in range(0, samples, _BLOCK):
        size = min(_BLOCK, samples - start)
        means[start : start + size] = difference[random.integers(0, count, (size, count))].mean(axis=1)
    return float(np.quantile(means, confidence))


def _explain(rows: tuple[Comparison, ...], readiness: Readiness, unit: str, count: int) -> str:
    percent = f"{readiness.confidence * 100:g} %"
    words = []
    for row in rows:
        against = f"{row.candidate_cost:.3f} {unit} a document against {row.baseline_cost:.3f} of {row.baseline}"
        if row.passed:
            words.append(
                f"Saves {row.saving:.3f} {unit} ({against}), at least {-row.upper:.3f} with {percent} confidence."
            )
        elif row.saving > readiness.margin:
            words.append(
                f"Saves {row.saving:.3f} {unit} on average ({against}), but with {percent} confidence only "
                f"{-row.upper:+.3f}, where more than {readiness.margin:g} is asked for: more test data may tell."
            )
        else:
            words.append(f"Is not cheaper than asked for: {against}.")
    return f"{' '.join(words)} On {count} test documents."
