"""Documents that were predicted of late and that nobody labelled: from the topics, in bounded memory."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from towpath.core.objective import Objective
from towpath.core.stream import Broker, Codec, Registry, read_history
from towpath.training.domain.retraining.wanted import Candidate
from towpath.v1 import Document, InputStats, Prediction

__all__ = ["Unlabelled"]

_CLIENT = "towpath-training-wanted"
_NEWEST = 5_000
M = TypeVar("M", Document, Prediction)


@dataclass(frozen=True)
class Unlabelled:
    """Reads `predictions` and `documents` once through, as each run does `documents`: not to be asked often."""

    broker: Broker
    codec: Codec
    registry: Registry
    newest: int = _NEWEST

    def read(
        self, labelled: Collection[str], shown: Sequence[str], objective: Objective, stop: threading.Event | None = None
    ) -> list[Candidate]:
        """The `newest` and those of `shown`, the newest first. Copies of texts that are labelled are left out.

        Raises:
            RetryableError: Kafka went away, or `stop` was set.
        """
        said = self._predicted(labelled, frozenset(shown), objective, stop)
        known, read = set[bytes](), dict[str, tuple[bytes, bool]]()
        for each in self._of("documents", Document, stop):
            if each.document_id in labelled:
                known.add(_words(each.text))
            elif each.document_id in said:
                read[each.document_id] = _words(each.text), _tests(each.text)
        # Sketches of two bases say nothing of each other: those of the newest are compared.
        like = next((each.input for each in said.values() if each.input.sketch), InputStats())
        return [
            _candidate(each, *read[name], objective, like)
            for name, each in said.items()
            if name in read and read[name][0] not in known
        ]

    def _predicted(
        self, labelled: Collection[str], shown: frozenset[str], objective: Objective, stop: threading.Event | None
    ) -> dict[str, Prediction]:
        found = dict[str, Prediction]()
        classes = set(objective.classes)
        for each in self._of("predictions", Prediction, stop):
            told = {one.label for one in each.class_decision.probabilities}
            if told == classes and each.document_id not in labelled:
                found[each.document_id] = each
                if len(found) >= 2 * self.newest + len(shown):
                    found = self._newest(found, shown)
        return self._newest(found, shown)

    def _newest(self, found: dict[str, Prediction], shown: frozenset[str]) -> dict[str, Prediction]:
        ranked = sorted(found.values(), key=lambda each: -each.created_at.ToNanoseconds())
        return {each.document_id: each for n, each in enumerate(ranked) if n < self.newest or each.document_id in shown}

    def _of(self, topic: str, kind: type[M], stop: threading.Event | None) -> Iterator[M]:
        full = self.registry.full_name(topic)
        return read_history(self.broker, self.codec, full, kind, client_id=_CLIENT, stop=stop)


def _candidate(each: Prediction, words: bytes, tests: bool, objective: Objective, like: InputStats) -> Candidate:
    by_class = {one.label: one.probability for one in each.class_decision.probabilities}
    told, width = each.input, max(1, len(like.sketch))
    alike = told.sketch and (told.sketch_basis, len(told.sketch)) == (like.sketch_basis, width)
    sketch = np.frombuffer(told.sketch, dtype=np.int8).astype(np.float64) if alike else np.zeros(width)
    return Candidate(
        each.document_id,
        words,
        tests,
        np.array([by_class[name] for name in objective.classes]),
        sketch,
    )


def _words(text: str) -> bytes:
    from towpath.preparation.quality.text import wording

    return hashlib.sha256(wording(text).encode("utf-8", "surrogatepass")).digest()[:16]


def _tests(text: str) -> bool:
    from towpath.pipelines.steps.split import part_of

    return part_of(text) == "test"
