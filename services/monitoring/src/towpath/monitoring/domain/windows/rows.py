"""What monitoring remembers of documents and their predictions, column by column."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ABSENT", "Bools", "Floats", "Index", "Rows"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Index = NDArray[np.intp] | NDArray[np.bool_] | slice
ABSENT = -1


@dataclass(frozen=True, slots=True)
class Rows:
    """n documents, K classes, sketches of d bytes. What is not known of a document is ABSENT, or NaN for a number.

    `labels` are class indices, K for one that the objective does not have. `costs` are expected ones, in the
    objective's unit. `times` are seconds since the epoch, of the prediction. `ids` and `releases` are strings, empty
    where there is none to tell.
    """

    sketches: NDArray[np.int8]  # (n, d)
    sketched: Bools  # (n,) whether the row of `sketches` is one
    basis: NDArray[np.uint32]  # (n,) of it
    tokens: NDArray[np.int32]  # (n,)
    unknown: NDArray[np.int32]  # (n,) of those, how many the tokenizer does not know
    probabilities: NDArray[np.float32]  # (n, K)
    labels: NDArray[np.int16]  # (n,)
    ask: Bools  # (n,) whether a person is asked
    costs: Floats  # (n,)
    times: Floats  # (n,)
    ids: NDArray[np.object_]  # (n,)
    releases: NDArray[np.object_]  # (n,)

    @classmethod
    def empty(cls, n: int, *, classes: int, sketch: int = 0) -> Rows:
        """n documents of which nothing is known."""
        return cls(
            sketches=np.zeros((n, sketch), dtype=np.int8),
            sketched=np.zeros(n, dtype=np.bool_),
            basis=np.zeros(n, dtype=np.uint32),
            tokens=np.full(n, ABSENT, dtype=np.int32),
            unknown=np.full(n, ABSENT, dtype=np.int32),
            probabilities=np.full((n, classes), np.nan, dtype=np.float32),
            labels=np.full(n, ABSENT, dtype=np.int16),
            ask=np.zeros(n, dtype=np.bool_),
            costs=np.full(n, np.nan),
            times=np.full(n, np.nan),
            ids=np.full(n, "", dtype=object),
            releases=np.full(n, "", dtype=object),
        )

    def __len__(self) -> int:
        return len(self.costs)

    def __getitem__(self, index: Index) -> Rows:
        """Some of them, as a copy."""
        chosen: dict[str, Any] = {each.name: getattr(self, each.name)[index].copy() for each in fields(self)}
        return Rows(**chosen)

    @property
    def rates(self) -> Floats:
        """Share of tokens that the tokenizer does not know (n,); NaN where there are no tokens to tell."""
        told = (self.tokens > 0) & (self.unknown >= 0)
        return np.where(told, self.unknown / np.maximum(self.tokens, 1), np.nan)
