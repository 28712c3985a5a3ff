"""Training by itself: watch annotations, and start a run when the policy says so."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import structlog

from towpath.core.errors import ConflictError, DeadLetterError, RetryableError
from towpath.core.objective import load_objective
from towpath.core.service import Backoff
from towpath.training.domain.policy import RetrainingPolicy
from towpath.training.handlers import Trainer
from towpath.v1 import Annotation

__all__ = ["Watcher"]

_log = structlog.get_logger(__name__)


@dataclass
class Watcher:
    """Reads annotations from their start, so that it knows after a restart what was new before it."""

    trainer: Trainer
    backoff: Backoff = field(default_factory=Backoff)

    def loop(self, stop: threading.Event) -> None:
        """Until `stop`; Kafka being away is waited out."""
        while not stop.is_set():
            try:
                self._watch(stop)
            except RetryableError as error:
                _log.info("training.waiting", reason=str(error))
                self.backoff.wait(stop)

    def _watch(self, stop: threading.Event) -> None:
        trainer = self.trainer
        objective = load_objective(trainer.settings.objective)
        policy = RetrainingPolicy(objective.contract.retraining.new_annotated_documents)
        topic = trainer.registry.full_name("annotations")
        with trainer.broker.consumer([topic], group=None, client_id="towpath-training-watch") as reader:
            while not stop.is_set():
                batch = reader.poll(timeout_s=0.5, max_records=2000)
                for record in batch.records:
                    try:
                        annotation = trainer.codec.decode(record, Annotation).message
                    except DeadLetterError as error:
                        _log.warning("training.unreadable", topic=topic, offset=record.offset, reason=str(error))
                    else:
                        if not annotation.deleted:
                            policy.annotated(annotation.document_id)
                trainer.metrics.new_documents.set(policy.new_documents)
                self._start(policy)

    def _start(self, policy: RetrainingPolicy) -> None:
        reason = policy.due()
        if reason is None:
            return
        try:
            self.trainer.start(reason)
        except ConflictError:
            return  # one is running; it is asked again at the next poll
        policy.trained()
