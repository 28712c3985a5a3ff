"""Has it become dearer? Realised less promised cost of labelled documents, against the documents that were judged.

Compared within a stratum, so it is all one which strata labels come from. Asking a person costs its price always and
shows nothing. A mean since the release forgets nothing and finds too late what begins late: so there is a comparison
from each minute on. The k-th has a share of the error that falls as 1 / (k log^2 k), together they have the error, and
the bounds of all of them hold at once. Of old starts fewer and fewer are kept: memory grows with the logarithm of a
release's age.

What is kept are counts by the minute of the prediction, so the order in which labels come, or are read again, is all
one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.join import Predicted
from towpath.monitoring.domain.performance.difference import Sample, least_excess
from towpath.monitoring.domain.performance.judged import span_of

__all__ = ["Excess", "Found"]

Floats = NDArray[np.float64]
_CELLS = 1024
_MINUTE_S = 60.0
# Starts kept at each doubling of age.
_DENSITY = 4
# Of 1 / ((k + 1) log^2 (k + 1)) over k = 1, 2, ...
_ALL_STARTS = 2.11
_WORST = 64


@dataclass(frozen=True, slots=True)
class Found:
    """By how much a labelled document that was acted on costs more than judged ones, in the unit, since `began_at`."""

    documents: int
    mean: float
    lower: float
    upper: float
    began_at: float


class Excess:
    """Of one release that was made at `since` (seconds).

    `judged`: (n,) values for each class acted on; where there are none, documents are held against the promise itself.
    `error`: probability that a lower bound is ever above what is so, whenever one looks.
    """

    def __init__(self, costs: Costs, judged: Sequence[Floats], since: float, error: float) -> None:
        self._spans = [span_of(costs, label) for label in range(costs.matrix.shape[0])]
        self._reach = max(high for _, high in self._spans)
        self._judged = [Counter(self._cell(label, each, up=True) for each in of) for label, of in enumerate(judged)]
        self._means = [float(of.mean()) if len(of) else 0.0 for of in judged]
        self._promise_only = not any(self._judged)
        self._since, self._error = since, error
        self._seen: dict[int, Counter[tuple[int, int]]] = {}
        self._latest = 0
        self._worst: list[tuple[float, float, str]] = []
        self._looked: Found | None = None
        self._looked_at = 0
        self.documents = 0

    @property
    def starts(self) -> int:
        """Minutes, or runs of them, that are remembered apart."""
        return len(self._seen)

    def add(self, made: Predicted, cost: float) -> None:
        """A document's first truth, as what it cost."""
        if made.ask or not (self._promise_only or self._judged[made.label]):
            return
        low, high = self._spans[made.label]
        beyond = min(max(cost - made.expected_cost, low), high)
        minute = max(0, int((made.at - self._since) // _MINUTE_S))
        if minute > self._latest:
            self._latest = minute
            self._thin()
        self._seen.setdefault(self._kept(minute), Counter())[made.label, self._cell(made.label, beyond)] += 1
        self.documents += 1
        self._worst.append((beyond, made.at, made.document_id))
        if len(self._worst) > 2 * _WORST:
            self._worst = sorted(self._worst, reverse=True)[:_WORST]

    def look(self) -> Found | None:
        """The start with the highest lower bound; None before the first document.

        As long as fewer than 2 % more documents have come, or 200, what was found before: to look less often is right.
        """
        if self._seen and self.documents > self._looked_at + min(0.02 * self._looked_at, 200):
            self._looked, self._looked_at = self._look(), self.documents
        return self._looked

    def worst(self, since: float, most: int = 10) -> tuple[str, ...]:
        """Documents that cost most beyond their promise, of those predicted from `since` on; the dearest first."""
        ranked = sorted(self._worst, reverse=True)
        return tuple(name for beyond, at, name in ranked if at >= since and beyond > 0)[:most]

    def _look(self) -> Found:
        starts = sorted(self._seen)
        needed = np.array([math.log(1 / self._share(each)) for each in starts])
        streams = [self._since_start(start) for start in starts]
        lower = least_excess(self._samples(streams), self._reach, needed)
        best = int(lower.argmax())
        mirrored = [_mirror(each) for each in self._samples(streams[best : best + 1])]
        upper = -least_excess(mirrored, self._reach, needed[best : best + 1])[0]
        # What was rounded to the lower bound's disfavour was rounded to the upper one's favour.
        upper += 2 * self._reach / (_CELLS - 1)
        documents = streams[best].total()
        mean = sum(self._value(*key) * count for key, count in streams[best].items()) / documents
        mean -= sum(self._means[label] * count for (label, _), count in streams[best].items()) / documents
        began = self._since + starts[best] * _MINUTE_S
        return Found(documents, mean, min(float(lower[best]), mean), max(float(upper), mean), began)

    def _since_start(self, start: int) -> Counter[tuple[int, int]]:
        found: Counter[tuple[int, int]] = Counter()
        for each, counts in self._seen.items():
            if each >= start:
                found.update(counts)
        return found

    def _samples(self, streams: Sequence[Counter[tuple[int, int]]]) -> list[Sample]:
        made = []
        for label, (low, high) in enumerate(self._spans):
            cells = sorted({cell for stream in streams for of, cell in stream if of == label})
            if not cells:
                continue
            counts = np.array([[stream[label, cell] for stream in streams] for cell in cells], dtype=np.float64)
            live = np.array([self._value(label, cell) for cell in cells])
            judged = self._judged[label] or Counter({self._cell(label, 0.0, up=True): 1_000_000})
            values = np.array([self._value(label, cell) for cell in judged])
            made.append(Sample(low, high, values, np.array(list(judged.values()), dtype=np.float64), live, counts))
        return made

    def _cell(self, label: int, value: float, *, up: bool = False) -> int:
        """Judged values are rounded up and live ones down, so that rounding never makes a document dearer."""
        low, high = self._spans[label]
        place = (value - low) / (high - low) * (_CELLS - 1)
        return math.ceil(place - 1e-9) if up else math.floor(place + 1e-9)

    def _value(self, label: int, cell: int) -> float:
        low, high = self._spans[label]
        return low + (high - low) * cell / (_CELLS - 1)

    def _share(self, start: int) -> float:
        """Of the error, for the comparison from that minute on."""
        return self._error / (_ALL_STARTS * (start + 2) * math.log(start + 2) ** 2)

    def _kept(self, minute: int) -> int:
        """The start that stands for it: of those of an age, every 2^j-th."""
        age = self._latest - minute
        return minute - minute % (1 << (age // _DENSITY).bit_length())

    def _thin(self) -> None:
        for start in sorted(self._seen):
            kept = self._kept(start)
            if kept != start:
                self._seen.setdefault(kept, Counter()).update(self._seen.pop(start))


def _mirror(sample: Sample) -> Sample:
    return Sample(
        -sample.high, -sample.low, -sample.judged, sample.judged_counts, -sample.live, sample.live_counts
    )  # fmt: skip
