"""Documents to predictions and dead letters: one batch, no I/O."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from towpath.core.errors import DeadLetterError
from towpath.core.stream import Codec, Envelope, Message, Record, Registry, dead_letter
from towpath.model import Prediction as Answer
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Timing, UnusableDocumentError, check, prediction
from towpath.serving.domain.slot import Predictor, Serving
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Document

__all__ = ["PredictBatch"]

_log = structlog.get_logger(__name__)
Good = tuple[Record, Envelope[Document]]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class PredictBatch:
    """The use case: every record becomes exactly one message, a prediction or a dead letter."""

    codec: Codec
    registry: Registry
    metrics: ServingMetrics
    budget: DeadLetterBudget
    max_document_chars: int
    now: Callable[[], datetime] = _utc_now

    def __call__(self, records: Sequence[Record], serving: Serving) -> list[Message]:
        """Messages for one transaction, in the order of `records`.

        Raises:
            CrashError: too many documents cannot be read.
        """
        good, bad = self._decode(records)
        begun, clock = self.now(), time.perf_counter()
        answers, failed = self._infer(good, serving.model)
        seconds = time.perf_counter() - clock
        timing = Timing(begun, seconds, len(good))
        messages = [(record, self._letter(record, error)) for record, error in [*bad, *failed]]
        for (record, envelope), answer in answers:
            messages.append((record, self._predicted(envelope, answer, serving, timing)))
        self.metrics.inference.observe(seconds)
        self.metrics.batch.observe(len(records))
        self.metrics.predictions.labels(serving.release.release_id).inc(len(answers))
        self.budget.count(good=len(answers), bad=len(bad) + len(failed))
        order = {(record.partition, record.offset): n for n, record in enumerate(records)}
        messages.sort(key=lambda pair: order[pair[0].partition, pair[0].offset])
        return [message for _, message in messages]

    def _decode(self, records: Sequence[Record]) -> tuple[list[Good], list[tuple[Record, Exception]]]:
        good: list[Good] = []
        bad: list[tuple[Record, Exception]] = []
        for record in records:
            try:
                envelope = self.codec.decode(record, Document)
                check(envelope.message, self.max_document_chars)
            except DeadLetterError as error:
                bad.append((record, error))
            else:
                good.append((record, envelope))
        return good, bad

    def _infer(
        self, good: Sequence[Good], model: Predictor
    ) -> tuple[list[tuple[Good, Answer]], list[tuple[Record, Exception]]]:
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

    def _predicted(self, envelope: Envelope[Document], answer: Answer, serving: Serving, timing: Timing) -> Message:
        document = envelope.message
        _log.debug("serving.predicted", document_id=document.document_id, trace_id=envelope.trace_id)
        message = prediction(document, answer, serving.release, timing, trace_id=envelope.trace_id, now=self.now())
        topic = self.registry.full_name("predictions")
        return self.codec.encode(message, topic=topic, key=document.document_id, trace=envelope.traceparent)

    def _letter(self, record: Record, error: Exception) -> Message:
        name = type(error).__name__
        self.metrics.dead_letters.labels(name).inc()
        where = f"{record.topic}/{record.partition}/{record.offset}"
        _log.warning("serving.dead_letter", source=where, error=name, reason=str(error)[:500])
        return dead_letter(record, error, service="serving", registry=self.registry, codec=self.codec)
