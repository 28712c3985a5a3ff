"""The last predictions, in arrays that are made once: memory does not grow."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from sys import intern

import numpy as np
from numpy.typing import NDArray

from towpath.monitoring.domain.reading import PredictionReader, Reading
from towpath.monitoring.domain.windows.rows import ABSENT, Rows
from towpath.v1 import Prediction

__all__ = ["Ring"]

_MOST_TOKENS = np.iinfo(np.int32).max
# A sketch is some dozens of bytes: more is not one, and would be held `size` times.
_MOST_BYTES = 1024
_MOST_COST = 1e12
# Put into the arrays so many at once: one at a time costs several times as much.
_AT_ONCE = 256


class Ring:
    """The last `size` predictions; threads may share it. About 60 bytes a document, and its id, and its sketch."""

    def __init__(self, size: int, classes: tuple[str, ...]) -> None:
        self._reader = PredictionReader(classes)
        self._rows = Rows.empty(size, classes=len(classes))
        self._count = 0
        self._added: list[Reading] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return min(self._count, len(self._rows))

    def add(self, message: Prediction) -> None:
        """What it says; the oldest is forgotten when there are more than `size`."""
        self.extend([self._reader.read(message)])

    def extend(self, read: Iterable[Reading]) -> None:
        """The same of several, in their order."""
        with self._lock:
            for each in read:
                self._added.append(each)
                self._count += 1
                if len(self._added) >= min(_AT_ONCE, len(self._rows)):
                    self._put()

    def last(self) -> Rows:
        """All of them, by the time of their prediction, as a copy: after a restart partitions take other turns."""
        with self._lock:
            self._put()
            return self._rows[np.argsort(self._rows.times[: len(self)], kind="stable")]

    def _put(self) -> None:
        first = self._count - len(self._added)
        for width, some in groupby(self._added, key=self._width):
            part = list(some)
            places = np.arange(first, first + len(part)) % len(self._rows)
            first += len(part)
            self._said(places, part)
            self._input(places, part, width)
        self._added.clear()

    def _said(self, at: NDArray[np.intp], read: Sequence[Reading]) -> None:
        rows = self._rows
        rows.ids[at] = [each.document_id for each in read]
        rows.releases[at] = [intern(each.release_id) for each in read]
        rows.times[at] = [each.at for each in read]
        rows.labels[at] = [each.label for each in read]
        rows.probabilities[at] = [each.probabilities for each in read]
        rows.ask[at] = [each.ask for each in read]
        rows.costs[at] = [
            each.cost if each.label != ABSENT and abs(each.cost) < _MOST_COST else np.nan for each in read
        ]

    def _input(self, at: NDArray[np.intp], read: Sequence[Reading], width: int) -> None:
        told = [each.sketch is not None for each in read]
        tokens = [min(each.tokens, _MOST_TOKENS) for each in read]
        unknown = [min(each.unknown, _MOST_TOKENS) for each in read]
        self._rows.tokens[at], self._rows.unknown[at] = np.where(told, tokens, ABSENT), np.where(told, unknown, ABSENT)
        if width and width != self._rows.sketches.shape[1]:
            # Sketches of another length are another encoder's: nothing before can be compared with them.
            self._rows = replace(self._rows, sketches=np.zeros((len(self._rows), width), dtype=np.int8))
            self._rows.sketched[:] = False
        self._rows.sketched[at], self._rows.basis[at] = width > 0, [each.basis for each in read]
        if width:
            joined = b"".join([each.sketch or b"" for each in read])
            self._rows.sketches[at] = np.frombuffer(joined, dtype=np.int8).reshape(-1, width)

    @staticmethod
    def _width(read: Reading) -> int:
        """Of its sketch, 0 where there is none."""
        return len(read.sketch) if read.sketch is not None and len(read.sketch) <= _MOST_BYTES else 0
