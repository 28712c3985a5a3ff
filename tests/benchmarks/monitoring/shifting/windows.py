"""What monitoring's estimates say of windows of a stream, beside what the documents cost in truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.monitoring.shifting.setting import Setting, Stream
from benchmarks.monitoring.shifting.streams import arrivals
from towpath.core.objective import Costs
from towpath.monitoring.domain.performance.judged import Judged
from towpath.monitoring.domain.performance.recent import Rows
from towpath.monitoring.domain.performance.shift import label_shift
from towpath.monitoring.domain.performance.worth import cost_of

__all__ = ["EVERY", "LABELS", "WINDOW", "Look", "looked"]

WINDOW, EVERY = 2_000, 1_000
LABELS = (0.02, 0.05, 0.1)
_DRAWS = 40


@dataclass(frozen=True)
class Look:
    """Costs of a document, in the unit, in the window that ends before document `end`; intervals are of 95 %.

    `powered`: (labels, mean, lower, upper, trusted) for each of `LABELS`. `theirs` is what a peer says.
    """

    seed: int
    end: int
    true: float
    uncorrected: float
    corrected: tuple[float, float, float]
    share: tuple[float, float]
    oracle: float
    powered: list[tuple[int, float, float, float, bool]]
    theirs: float = float("nan")

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def looked(setting: Setting, stream: Stream, rare: int, seed: int) -> list[Look]:
    """Each `EVERY` documents. `share`: of the class `rare`, as it is found and as it is.

    `oracle`: by the true shares of classes in the window, and what documents of each cost in the whole stream: as good
    as any estimate can be that goes by the classes.
    """
    costs, reference = setting.costs, setting.reference(seed)
    decided, of = costs.decide(stream.probabilities), costs.decide(reference.probabilities)
    judged = Judged(reference.probabilities, reference.truth, of.labels, of.ask)
    realised = costs.realised(stream.truth, decided.labels, decided.ask)
    by_class = np.array([realised[stream.truth == each].mean() for each in range(len(costs.matrix))])
    arrive = [arrivals(decided.ask, share, 1000 * seed + n) for n, share in enumerate(LABELS)]
    looks = []
    for end in range(WINDOW, len(stream) + 1, EVERY):
        rows = slice(end - WINDOW, end)
        live, labels, ask = stream.probabilities[rows], decided.labels[rows], decided.ask[rows]
        found = label_shift(judged, live, labels, ask, costs, seed=seed, draws=_DRAWS)
        if found is None:
            raise RuntimeError("no shares can be told: the release tells no classes apart")
        shares = np.bincount(stream.truth[rows], minlength=len(by_class)) / WINDOW
        powered = [_powered(stream, rows, when, end, costs) for when in arrive]
        look = Look(
            seed, end, float(realised[rows].mean()), found.promised, (found.cost, found.lower, found.upper),
            (float(found.shares[rare]), float(shares[rare])), float(shares @ by_class), powered,
        )  # fmt: skip
        looks.append(look)
    return looks


def _powered(
    stream: Stream, rows: slice, when: np.ndarray, end: int, costs: Costs
) -> tuple[int, float, float, float, bool]:
    decided = costs.decide(stream.probabilities[rows])
    known = (when[rows] >= 0) & (when[rows] < end)
    truths = np.where(known, stream.truth[rows], -1)
    made = cost_of(Rows(stream.probabilities[rows], decided.labels, decided.ask, truths), costs)
    return made.labelled, made.mean, made.lower, made.upper, made.trusted
