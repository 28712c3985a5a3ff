"""The last predictions, in arrays that are made once: memory does not grow."""

from __future__ import annotations

import threading
from dataclasses import replace
from sys import intern

import numpy as np

from towpath.monitoring.domain.windows.rows import Rows
from towpath.v1 import Decision, Prediction

__all__ = ["Ring"]

_MOST_TOKENS = np.iinfo(np.int32).max
# A sketch is some dozens of bytes: more is not one, and would be held `size` times.
_MOST_BYTES = 1024
_MOST_COST = 1e12


class Ring:
    """The last `size` predictions; threads may share it. About 60 bytes a document, and its id, and its sketch."""

    def __init__(self, size: int, classes: tuple[str, ...]) -> None:
        self._classes = {name: index for index, name in enumerate(classes)}
        self._rows = Rows.empty(size, classes=len(classes))
        self._count = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return min(self._count, len(self._rows))

    def add(self, message: Prediction) -> None:
        """What it says; the oldest is forgotten when there are more than `size`."""
        with self._lock:
            at = self._count % len(self._rows)
            self._count += 1
            rows = self._rows
            rows.ids[at], rows.releases[at] = message.document_id, intern(message.release_id)
            rows.times[at] = message.created_at.seconds + message.created_at.nanos / 1e9
            self._decision(at, message)
            self._input(at, message)

    def last(self) -> Rows:
        """All of them, by the time of their prediction, as a copy: after a restart partitions take other turns."""
        with self._lock:
            return self._rows[np.argsort(self._rows.times[: len(self)], kind="stable")]

    def _decision(self, at: int, message: Prediction) -> None:
        rows, said = self._rows, message.class_decision
        rows.probabilities[at] = np.nan
        rows.labels[at], rows.costs[at], rows.ask[at] = -1, np.nan, False
        if not message.HasField("class_decision"):
            return
        for each in said.probabilities:
            index = self._classes.get(each.label)
            if index is not None:
                rows.probabilities[at, index] = each.probability
        rows.labels[at] = self._classes.get(said.label, len(self._classes))
        rows.ask[at] = said.decision == Decision.DECISION_ASK_PERSON
        rows.costs[at] = said.expected_cost if abs(said.expected_cost) < _MOST_COST else np.nan

    def _input(self, at: int, message: Prediction) -> None:
        told, stats = message.HasField("input"), message.input
        self._rows.tokens[at] = min(stats.tokens, _MOST_TOKENS) if told else -1
        self._rows.unknown[at] = min(stats.unknown_tokens, _MOST_TOKENS) if told else -1
        fits = told and 0 < len(stats.sketch) <= _MOST_BYTES
        if fits and len(stats.sketch) != self._rows.sketches.shape[1]:
            # Sketches of another length are another encoder's: nothing before can be compared with them.
            size = len(self._rows)
            self._rows = replace(self._rows, sketches=np.zeros((size, len(stats.sketch)), dtype=np.int8))
            self._rows.sketched[:] = False
        self._rows.sketched[at] = fits
        if fits:
            self._rows.sketches[at] = np.frombuffer(stats.sketch, dtype=np.int8)
