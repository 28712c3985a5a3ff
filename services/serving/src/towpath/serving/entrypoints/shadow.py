"""A challenger in the shadow of the endpoint: it predicts what was answered already, when there is time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from towpath.model import Prediction
from towpath.serving.domain.arms import agree
from towpath.serving.domain.slot import Challenger
from towpath.serving.metrics import ServingMetrics

__all__ = ["Shadow"]

_log = structlog.get_logger(__name__)
_WAITING = 64  # questions; what more would wait is not shadowed
_PAUSE_S = 0.005  # in which nobody asks: the next one, who asks as soon as he is answered, is not to share the cores
_PATIENCE_S = 0.2  # for a pause: under lasting load, some are compared all the same
_Offer = tuple[Challenger, Sequence[str], Sequence[Prediction]]


class Shadow:
    """No answer waits for it: it looks for pauses between questions, and what it cannot keep up with is dropped,
    and counted."""

    def __init__(self, metrics: ServingMetrics, waiting: int = _WAITING, patience_s: float = _PATIENCE_S) -> None:
        self._metrics, self._patience_s = metrics, patience_s
        self._offers: queue.Queue[_Offer] = queue.Queue(waiting)
        self._changed, self._answering = threading.Condition(), 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While somebody is."""
        with self._changed:
            self._answering += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()

    def waiting(self) -> int:
        """Questions that wait to be compared."""
        return self._offers.qsize()

    def offer(self, challenger: Challenger, texts: Sequence[str], answers: Sequence[Prediction]) -> None:
        """To be compared with what `challenger` says of `texts`. Returns at once."""
        try:
            self._offers.put_nowait((challenger, texts, answers))
        except queue.Full:
            self._count(challenger, "dropped", len(texts))

    def run(self, stop: threading.Event) -> None:
        """Until `stop`: one question at a time, so that it takes one thread from the answers at most."""
        while not stop.is_set():
            try:
                challenger, texts, answers = self._offers.get(timeout=0.5)
            except queue.Empty:
                continue
            self._wait_for_a_pause()
            self.compare(challenger, texts, answers)

    def compare(self, challenger: Challenger, texts: Sequence[str], answers: Sequence[Prediction]) -> None:
        """Ask the challenger, and count whether it would have done the same."""
        try:
            others = challenger.model.predict(texts)
        except ValueError as error:
            _log.warning("serving.challenger_failed", rollout_id=challenger.rollout_id, reason=str(error)[:500])
            self.failed(challenger, len(texts))
            return
        same = sum(agree(one, other) for one, other in zip(answers, others, strict=True))
        self._count(challenger, "same", same)
        self._count(challenger, "different", len(texts) - same)

    def failed(self, challenger: Challenger, texts: int) -> None:
        """Count texts that the challenger could not take."""
        self._count(challenger, "failed", texts)

    def _wait_for_a_pause(self) -> None:
        deadline = time.monotonic() + self._patience_s
        with self._changed:
            while (left := deadline - time.monotonic()) > 0:
                self._changed.wait_for(lambda: not self._answering, left)
                if not self._changed.wait_for(lambda: self._answering, min(left, _PAUSE_S)):
                    return

    def _count(self, challenger: Challenger, outcome: str, texts: int) -> None:
        if texts:
            self._metrics.challenged.labels(challenger.release.release_id, outcome).inc(texts)
