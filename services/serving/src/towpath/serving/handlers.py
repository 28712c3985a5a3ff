"""Documents to predictions and dead letters: one batch, no I/O."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from towpath.core.clock import utc_now
from towpath.core.errors import DeadLetterError
from towpath.core.stream import Codec, Envelope, Message, Record, Registry, dead_letter
from towpath.serving.domain.arms import Answered, Arms, Asked, ask
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Shadowing, Timing, check, headers, prediction
from towpath.serving.domain.slot import Serving
from towpath.serving.domain.tally import Work, expected_cost, latencies
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Document, Prediction

__all__ = ["Decoded", "Inferred", "PredictBatch"]

_log = structlog.get_logger(__name__)
Good = tuple[Record, Envelope[Document]]
Refused = tuple[Record, Exception]


@dataclass(frozen=True)
class Decoded:
    """What was read of one batch, and what could not be."""

    records: Sequence[Record]
    good: Sequence[Good]
    bad: Sequence[Refused]


@dataclass(frozen=True)
class Inferred:
    """A batch with its answers. `timing`: of all inference, champion's and challenger's."""

    decoded: Decoded
    arms: Arms
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
    now: Callable[[], datetime] = utc_now

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
        """The models' answers; documents that the champion cannot take are given up."""
        begun, clock = self.now(), time.perf_counter()
        asked = [Asked(envelope.message.document_id, envelope.message.text) for _, envelope in decoded.good]
        arms = ask(asked, serving)
        timing = Timing(begun, time.perf_counter() - clock, len(asked))
        self.metrics.inference.observe(timing.seconds)
        if arms.challenger_seconds is not None:
            self.metrics.challenger_inference.observe(arms.challenger_seconds)
        return Inferred(decoded, arms, serving, timing)

    def write(self, inferred: Inferred) -> Work:
        """Messages for one transaction, in the order of the records.

        Raises:
            FloodError: too many documents cannot be read.
        """
        good, arms = inferred.decoded.good, inferred.arms
        given_up = [*inferred.decoded.bad, *((good[n][0], error) for n, error in arms.refused.items())]
        self.budget.count(good=len(arms.answered), bad=len(given_up))
        predictions = {n: self._predicted(good[n][1], each, inferred) for n, each in arms.answered.items()}
        messages = [(record, self._letter(record, error)) for record, error in given_up]
        messages += [(good[n][0], self._message(each, *good[n])) for n, each in predictions.items()]
        order = {(record.partition, record.offset): n for n, record in enumerate(inferred.decoded.records)}
        messages.sort(key=lambda pair: order[pair[0].partition, pair[0].offset])
        challenger = inferred.serving.challenger
        return Work(
            messages=[message for _, message in messages],
            predictions=list(predictions.values()),
            dead_letters=Counter(type(error).__name__ for _, error in given_up),
            challenger=challenger.release.release_id if challenger is not None else "",
            challenged=arms.challenged(),
        )

    def committed(self, work: Work) -> None:
        """Count what is visible now."""
        metrics, now = self.metrics, self.now().timestamp()
        metrics.batch.observe(len(work.messages))
        for release, predictions in work.by_release().items():
            metrics.predictions.labels(release).inc(len(predictions))
            metrics.expected_cost.labels(release).inc(expected_cost(predictions))
            for seconds in latencies(predictions, now):
                metrics.latency.labels(release).observe(seconds)
        for error, count in work.dead_letters.items():
            metrics.dead_letters.labels(error).inc(count)
        for outcome, count in work.challenged.items():
            metrics.challenged.labels(work.challenger, outcome).inc(count)

    def _predicted(self, envelope: Envelope[Document], each: Answered, inferred: Inferred) -> Prediction:
        document, challenger = envelope.message, inferred.serving.challenger
        _log.debug("serving.predicted", document_id=document.document_id, trace_id=envelope.trace_id)
        shadow = None
        if challenger is not None and each.shadow is not None:
            shadow = Shadowing(challenger.release.release_id, *each.shadow)
        return prediction(
            document,
            each.answer,
            each.release,
            Timing(inferred.timing.begun, each.seconds, each.documents),
            trace_id=envelope.trace_id,
            now=self.now(),
            rollout_id=challenger.rollout_id if challenger is not None else "",
            shadow=shadow,
        )

    def _message(self, message: Prediction, record: Record, envelope: Envelope[Document]) -> Message:
        topic = self.registry.full_name("predictions")
        made = self.codec.encode(
            message, topic=topic, key=message.document_id, trace=envelope.traceparent, headers=headers(message)
        )
        # Whoever chose another key than the id wants the order within that one.
        return made if record.key is None else replace(made, key=record.key)

    def _letter(self, record: Record, error: Exception) -> Message:
        name = type(error).__name__
        where = f"{record.topic}/{record.partition}/{record.offset}"
        _log.warning("serving.dead_letter", source=where, error=name, reason=str(error)[:500])
        return dead_letter(record, error, service="serving", registry=self.registry, codec=self.codec)
