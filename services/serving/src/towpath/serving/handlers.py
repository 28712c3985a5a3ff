"""Documents to predictions and dead letters: one batch, no I/O."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from towpath.core.errors import DeadLetterError
from towpath.core.stream import Codec, Envelope, Message, Record, Registry, dead_letter
from towpath.model import Prediction as Answer
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Timing, UnusableDocumentError, check, prediction
from towpath.serving.domain.slot import Predictor, Serving
from towpath.serving.domain.tally import Work
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Document, Prediction

__all__ = ["Decoded", "Inferred", "PredictBatch"]

_log = structlog.get_logger(__name__)
Good = tuple[Record, Envelope[Document]]
Refused = tuple[Record, Exception]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Decoded:
    """What was read of one batch, and what could not be."""

    records: Sequence[Record]
    good: Sequence[Good]
    bad: Sequence[Refused]


@dataclass(frozen=True)
class Inferred:
    """A batch with its answers."""

    records: Sequence[Record]
    answers: Sequence[tuple[Good, Answer]]
    given_up: Sequence[Refused]
    serving: Serving
    timing: Timing


@dataclass(frozen=True)
class PredictBatch:
    """The use case: every record becomes exactly one message, a prediction or a dead letter.

    In three steps, so that a worker can overlap those of successive batches: `decode`, `infer`, `write`.
    """

    codec: Codec
    registry: Registry
    metrics: ServingMetrics
    budget: DeadLetterBudget
    max_document_chars: int
    now: Callable[[], datetime] = _utc_now

    def __call__(self, records: Sequence[Record], serving: Serving) -> Work:
        """All three steps, one after the other."""
        return self.write(self.infer(self.decode(records), serving))

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Documents that can be predicted, and what is wrong with the others."""
        good: list[Good] = []
        bad: list[Refused] = []
        for record in records:
            try:
                envelope = self.codec.decode(record, Document)
                check(envelope.message, self.max_document_chars)
            except DeadLetterError as error:
                bad.append((record, error))
            else:
                good.append((record, envelope))
        return Decoded(records, good, bad)

    def infer(self, decoded: Decoded, serving: Serving) -> Inferred:
        """The model's answers; documents that it cannot take are given up."""
        begun, clock = self.now(), time.perf_counter()
        answers, failed = self._infer(decoded.good, serving.model)
        timing = Timing(begun, time.perf_counter() - clock, len(decoded.good))
        self.metrics.inference.observe(timing.seconds)
        return Inferred(decoded.records, answers, [*decoded.bad, *failed], serving, timing)

    def write(self, inferred: Inferred) -> Work:
        """Messages for one transaction, in the order of the records.

        Raises:
            CrashError: too many documents cannot be read.
        """
        serving, timing = inferred.serving, inferred.timing
        predictions = [self._predicted(good, answer, serving, timing) for good, answer in inferred.answers]
        messages = [(record, self._letter(record, error)) for record, error in inferred.given_up]
        for ((record, envelope), _), each in zip(inferred.answers, predictions, strict=True):
            messages.append((record, self._message(each, record, envelope)))
        self.budget.count(good=len(inferred.answers), bad=len(inferred.given_up))
        order = {(record.partition, record.offset): n for n, record in enumerate(inferred.records)}
        messages.sort(key=lambda pair: order[pair[0].partition, pair[0].offset])
        errors = Counter(type(error).__name__ for _, error in inferred.given_up)
        return Work(serving.release.release_id, [message for _, message in messages], predictions, errors)

    def committed(self, work: Work) -> None:
        """Count what is visible now."""
        metrics, release = self.metrics, work.release_id
        metrics.batch.observe(len(work.messages))
        metrics.predictions.labels(release).inc(len(work.predictions))
        metrics.expected_cost.labels(release).inc(work.expected_cost)
        for seconds in work.latencies(self.now().timestamp()):
            metrics.latency.labels(release).observe(seconds)
        for error, count in work.dead_letters.items():
            metrics.dead_letters.labels(error).inc(count)

    def _infer(self, good: Sequence[Good], model: Predictor) -> tuple[list[tuple[Good, Answer]], list[Refused]]:
        if not good:
            return [], []
        try:
            answers = model.predict([envelope.message.text for _, envelope in good])
        except ValueError as error:
            if len(good) == 1:
                # The reason, not the error's arguments: they may be arrays.
                return [], [(good[0][0], UnusableDocumentError(f"inference: {error.args[0] if error.args else error}"))]
            # Somewhere in the batch is a document that the model cannot take. Halve until it stands alone.
            middle = len(good) // 2
            first, second = self._infer(good[:middle], model), self._infer(good[middle:], model)
            return first[0] + second[0], first[1] + second[1]
        return list(zip(good, answers, strict=True)), []

    def _predicted(self, good: Good, answer: Answer, serving: Serving, timing: Timing) -> Prediction:
        envelope = good[1]
        _log.debug("serving.predicted", document_id=envelope.message.document_id, trace_id=envelope.trace_id)
        trace, now = envelope.trace_id, self.now()
        return prediction(envelope.message, answer, serving.release, timing, trace_id=trace, now=now)

    def _message(self, message: Prediction, record: Record, envelope: Envelope[Document]) -> Message:
        topic = self.registry.full_name("predictions")
        made = self.codec.encode(message, topic=topic, key=message.document_id, trace=envelope.traceparent)
        # Whoever chose another key than the id wants the order within that one.
        return made if record.key is None else replace(made, key=record.key)

    def _letter(self, record: Record, error: Exception) -> Message:
        name = type(error).__name__
        where = f"{record.topic}/{record.partition}/{record.offset}"
        _log.warning("serving.dead_letter", source=where, error=name, reason=str(error)[:500])
        return dead_letter(record, error, service="serving", registry=self.registry, codec=self.codec)
