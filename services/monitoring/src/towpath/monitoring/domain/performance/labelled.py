"""What feedback shows of a release, with bounds that hold whenever one looks.

Only the first truth of a prediction enters bounds: a sequence that may be watched cannot take back what it has seen.
`current` is by the latest truths, and how often one was changed is told beside it. All bounds follow from how often
each combination was seen, so a restart that reads Kafka in another order comes to the same ones, and memory is one
number a combination.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from towpath.core.objective import Costs
from towpath.monitoring.domain.join import Predicted
from towpath.monitoring.domain.sequential import ConfidenceSequence

__all__ = ["CONFIDENCE", "LENGTHS", "Bounded", "Cell", "Labelled", "length_of"]

CONFIDENCE = 0.95
# Upper ends, in tokens: doubling, so that five say something of tweets as of articles.
LENGTHS = (8, 16, 32, 64, 128)
_BINS = 10


@dataclass(frozen=True, slots=True)
class Bounded:
    """A mean with its bounds."""

    mean: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Cell:
    """What a labelled document was: indices of classes, and the bin of its length."""

    truth: int
    label: int
    ask: bool
    length: str


def length_of(tokens: int | None) -> str:
    """The bin of a length: "9-16"."""
    if tokens is None:
        return "unknown"
    low = 0
    for high in LENGTHS:
        if tokens <= high:
            return f"{low}-{high}"
        low = high + 1
    return f"{low}+"


@dataclass
class Labelled:
    """Of one release. Costs in the objective's unit a document."""

    costs: Costs
    cells: Counter[Cell] = field(default_factory=Counter)
    current: Counter[Cell] = field(default_factory=Counter)
    promised: float = 0.0
    changed: int = 0
    _bins: dict[int, list[float]] = field(default_factory=dict)

    def add(self, made: Predicted, truth: int) -> None:
        """A document's first truth."""
        cell = _cell(made, truth)
        self.cells[cell] += 1
        self.current[cell] += 1
        self.promised += made.expected_cost
        if math.isnan(made.confidence):
            return
        seen = self._bins.setdefault(min(_BINS - 1, int(made.confidence * _BINS)), [0, 0, 0.0])
        seen[0] += 1
        seen[1] += made.top == truth
        seen[2] += made.confidence

    def change(self, made: Predicted, before: int, truth: int) -> None:
        """Its truth was told anew."""
        if before != truth:
            self.current[_cell(made, before)] -= 1
            self.current[_cell(made, truth)] += 1
            self.changed += 1

    def point(self) -> tuple[float, float]:
        """(accuracy, realised cost) by the latest truths; 0 before the first document."""
        right = sum(count for cell, count in self.current.items() if cell.label == cell.truth)
        return right / max(1, self.count), self.mean_cost(self.current)

    def mean_cost(self, cells: Mapping[Cell, int]) -> float:
        """Of some of the documents."""
        cost = math.fsum(_price(self.costs, cell) * count for cell, count in cells.items())
        return cost / max(1, sum(cells.values()))

    @property
    def count(self) -> int:
        return sum(self.cells.values())

    def slices(self, classes: tuple[str, ...]) -> Iterator[tuple[str, str, Counter[Cell]]]:
        """(by what, which, its cells) of every slice that has documents; their number is bounded."""
        by: tuple[tuple[str, Callable[[Cell], str]], ...] = (
            ("class", lambda cell: classes[cell.label]),
            ("decision", lambda cell: "ask-person" if cell.ask else "class"),
            ("tokens", lambda cell: cell.length),
        )
        for name, of in by:
            found: dict[str, Counter[Cell]] = {}
            for cell, count in self.cells.items():
                found.setdefault(of(cell), Counter())[cell] += count
            yield from ((name, value, found[value]) for value in sorted(found))

    def possible_slices(self) -> int:
        """How many there can be: what bounds on all of them share one error for."""
        return len(self.costs.matrix) + 2 + len(LENGTHS) + 2

    def accuracy(self, cells: Mapping[Cell, int] | None = None, error: float = 1 - CONFIDENCE) -> Bounded:
        """Share of documents whose class is the one that was said."""
        seen = self.cells if cells is None else cells
        return _share(sum(n for cell, n in seen.items() if cell.label == cell.truth), sum(seen.values()), error)

    def cost(self, cells: Mapping[Cell, int] | None = None, error: float = 1 - CONFIDENCE) -> Bounded:
        """What a document cost, by feedback."""
        low, high = _range(self.costs)
        sequence = ConfidenceSequence(low, high, 1 - error)
        for cell, count in (self.cells if cells is None else cells).items():
            sequence.add(_price(self.costs, cell), count)
        return Bounded(sequence.mean, *sequence.bounds())

    def macro_f1(self) -> Bounded:
        """Mean over the classes that occur of F1.

        Of documents where a class is true or said, a share q has both; F1 is 2 q / (1 + q). So a sequence a class
        bounds it, and they share the error.
        """
        overlaps = self._overlaps()
        if not overlaps:
            return Bounded(0.0, 0.0, 1.0)
        found = [_share(both, either, (1 - CONFIDENCE) / len(overlaps)) for both, either in overlaps]
        means = [[_f1(q) for q in (each.mean, each.lower, each.upper)] for each in found]
        return Bounded(*(sum(values) / len(means) for values in zip(*means, strict=True)))

    def mean_f1(self) -> float:
        """The mean of `macro_f1`, without the bounds, which cost a hundred times as much."""
        overlaps = self._overlaps()
        return sum(_f1(both / either) for both, either in overlaps) / max(1, len(overlaps))

    def calibration_error(self) -> Bounded:
        """Expected calibration error of the top class (Naeini et al., AAAI 2015), at the confidences that were seen.

        How often each of ten bins is right is bounded by a sequence; they share the error.
        """
        total, gaps = max(1, sum(seen[0] for seen in self._bins.values())), [self.mean_calibration_error(), 0.0, 0.0]
        for count, right, confidence in self._bins.values():
            share, mean = _share(int(right), int(count), (1 - CONFIDENCE) / _BINS), confidence / count
            least = max(0.0, share.lower - mean, mean - share.upper)
            most = max(abs(share.lower - mean), abs(share.upper - mean))
            gaps[1], gaps[2] = gaps[1] + least * count / total, gaps[2] + most * count / total
        return Bounded(*gaps) if self._bins else Bounded(0.0, 0.0, 1.0)

    def mean_calibration_error(self) -> float:
        """The mean of `calibration_error`, without the bounds."""
        total = max(1, sum(seen[0] for seen in self._bins.values()))
        return sum(abs(right - confidence) for _, right, confidence in self._bins.values()) / total

    def _overlaps(self) -> list[tuple[int, int]]:
        """Of each class that occurs: documents where it is true and said, and where it is either."""
        both, either = Counter[int](), Counter[int]()
        for cell, count in self.cells.items():
            for each in {cell.truth, cell.label}:
                either[each] += count
            if cell.truth == cell.label:
                both[cell.truth] += count
        return [(both[each], count) for each, count in sorted(either.items())]


def _f1(q: float) -> float:
    return 2 * q / (1 + q)


def _cell(made: Predicted, truth: int) -> Cell:
    return Cell(truth, made.label, made.ask, length_of(made.tokens))


def _price(costs: Costs, cell: Cell) -> float:
    return float(costs.realised([cell.truth], [cell.label], [cell.ask])[0])


def _share(hits: int, of: int, error: float) -> Bounded:
    sequence = ConfidenceSequence(0.0, 1.0, 1 - error)
    if hits:
        sequence.add(1.0, hits)
    if of > hits:
        sequence.add(0.0, of - hits)
    return Bounded(sequence.mean, *sequence.bounds())


def _range(costs: Costs) -> tuple[float, float]:
    asked = [] if costs.ask_person is None else [costs.ask_person]
    low, high = min([float(costs.matrix.min()), *asked]), max([float(costs.matrix.max()), *asked])
    return (low, high) if low < high else (low, low + 1.0)
