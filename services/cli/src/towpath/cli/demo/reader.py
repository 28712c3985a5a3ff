"""Reading predictions back, as any consumer would: read_committed, by document id."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC

from towpath.core.errors import RetryableError, TowpathError
from towpath.core.stream import Broker, Codec, Record
from towpath.v1 import Prediction

__all__ = ["PredictionReader", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A prediction and when this reader had it in hand, in seconds since the epoch."""

    prediction: Prediction
    at: float

    @property
    def latency_s(self) -> float:
        """From the document's creation until its prediction was committed and read."""
        return self.at - self.prediction.document_created_at.ToDatetime(UTC).timestamp()


class PredictionReader:
    """A thread that gathers predictions from now on. A context manager."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self._consumer = broker.consumer([topic], group=None, start="latest", client_id="towpath-demo")
        self._codec = Codec()
        self._seen: dict[str, list[Seen]] = {}
        self._changed, self._stop = threading.Condition(), threading.Event()
        self._failure: TowpathError | None = None
        self._thread = threading.Thread(target=self._read, name="predictions", daemon=True)

    def __enter__(self) -> PredictionReader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._consumer.close()

    def wait(self, ids: Collection[str], *, timeout_s: float, progress: Callable[[int], None]) -> dict[str, Seen]:
        """The first prediction of each of `ids`, when all are there.

        Raises:
            TowpathError: none of them came for `timeout_s` seconds, or the broker is away.
        """
        count, deadline = -1, 0.0
        while True:
            with self._changed:
                self._changed.wait(0.1)
                found = {each: self._seen[each][0] for each in ids if each in self._seen}
            if len(found) != count:
                count, deadline = len(found), time.monotonic() + timeout_s
                progress(count)
            if count == len(ids):
                return found
            if self._failure is not None:
                raise self._failure
            if time.monotonic() > deadline:
                raise TowpathError(
                    f"{len(ids) - count} of {len(ids)} documents have no prediction after {timeout_s:g} s"
                )

    def repeated(self, ids: Collection[str]) -> int:
        """Predictions beyond the first of each document: exactly once means none."""
        with self._changed:
            return sum(len(self._seen.get(each, ())) - 1 for each in ids if each in self._seen)

    def _read(self) -> None:
        while not self._stop.is_set():
            try:
                batch = self._consumer.poll(timeout_s=0.1)
                self._take(batch.records)
            except TowpathError as error:
                self._failure = RetryableError(f"reading predictions back: {error}")
                return

    def _take(self, records: Sequence[Record]) -> None:
        at = time.time()
        seen = [Seen(self._codec.decode(record, Prediction).message, at) for record in records]
        with self._changed:
            for each in seen:
                self._seen.setdefault(each.prediction.document_id, []).append(each)
            if seen:
                self._changed.notify_all()
