"""Documents side by side, a column a quantity: those of the reference and those of the stream look the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective import Costs
from towpath.monitoring.domain.reading import Reading

__all__ = ["Columns", "columns", "reference_columns"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """Of n documents; NaN where nothing is known.

    `sketches` (n, d); `tokens`, `unknown` (share of the tokens), `asked` (0 or 1), `cost` (n,); `probabilities` (n, K).
    """

    sketches: Floats
    tokens: Floats
    unknown: Floats
    probabilities: Floats
    asked: Floats
    cost: Floats

    def __len__(self) -> int:
        return len(self.cost)


def columns(read: Sequence[Reading], dimensions: int, classes: int, basis: int = 0) -> Columns:
    """Of documents of the stream; a sketch that has not `dimensions` bytes on `basis` is not known."""
    sketches = np.full((len(read), dimensions), np.nan)
    probabilities = np.full((len(read), classes), np.nan)
    told = [row for row, each in enumerate(read) if each.basis == basis and len(each.sketch or b"") == dimensions]
    if told and dimensions:
        joined = b"".join([read[row].sketch or b"" for row in told])
        sketches[told] = np.frombuffer(joined, dtype=np.int8).reshape(-1, dimensions)
    sure = [row for row, each in enumerate(read) if each.whole]
    if sure and classes:
        probabilities[sure] = [read[row].probabilities for row in sure]
    known = np.array([each.sketch is not None for each in read], dtype=np.bool_)
    tokens = np.array([each.tokens for each in read], dtype=np.float64)
    unknown = np.array([each.unknown for each in read], dtype=np.float64)
    return Columns(
        sketches,
        np.where(known, tokens, np.nan),
        np.where(known, _share(unknown, tokens), np.nan),
        probabilities,
        np.array([each.ask for each in read], dtype=np.float64),
        np.array([each.cost for each in read], dtype=np.float64),
    )


def reference_columns(
    documents: int,
    sketches: bytes,
    tokens: Sequence[int],
    unknown: Sequence[int],
    probabilities: Sequence[float],
    costs: Costs,
) -> Columns:
    """Of a reference, whose rows are priced by `costs`. A list that is empty is not known.

    Raises:
        ValueError: a list that has not a value (or row) for each of the documents; says which.
    """
    many, classes = documents, len(costs.matrix)
    if many < 1:
        raise ValueError("documents: there are none")
    if len(sketches) % many or len(probabilities) not in (0, many * classes):
        wrong = "sketches" if len(sketches) % many else "probabilities"
        raise ValueError(f"{wrong}: not a row for each of {many} documents")
    for name, each in (("tokens", tokens), ("unknownTokens", unknown)):
        if len(each) not in (0, many):
            raise ValueError(f"{name}: {len(each)} values for {many} documents")
    rows = np.frombuffer(sketches, dtype=np.int8).reshape(many, -1).astype(np.float64)
    known = np.array(tokens if len(tokens) else [np.nan] * many, dtype=np.float64)
    strange = np.array(unknown if len(unknown) else [np.nan] * many, dtype=np.float64)
    said = np.array(probabilities if len(probabilities) else [np.nan] * many * classes).reshape(many, classes)
    if not np.isfinite(said).all():
        nothing = np.full(many, np.nan)
        return Columns(rows, known, _share(strange, known), np.full_like(said, np.nan), nothing, nothing)
    decided = costs.decide(said)
    return Columns(rows, known, _share(strange, known), said, decided.ask.astype(np.float64), decided.expected_cost)


def _share(part: Floats, whole: Floats) -> Floats:
    share: Floats = np.minimum(part / np.maximum(whole, 1.0), 1.0)
    return share
