"""The use case of online learning: what happens in the stream to the online head, and from it to `models`."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import structlog

from towpath.core.errors import DeadLetterError
from towpath.core.objective import Objective
from towpath.core.objective.parts import Online
from towpath.core.stream import Codec, Record
from towpath.training.adapters.releases import Releases
from towpath.training.adapters.versions import Static, Versions
from towpath.training.domain.online.learner import Learner, Told, Version
from towpath.training.domain.online.releases import back_to, is_online, static_of
from towpath.training.domain.online.texts import Texts
from towpath.training.metrics import TrainingMetrics
from towpath.training.settings import TrainingSettings
from towpath.v1 import Document, Feedback, ModelRelease, Rollout, RolloutMode

__all__ = ["OnlineLearning", "Ports"]

_log = structlog.get_logger(__name__)
_RUNNING = (RolloutMode.ROLLOUT_MODE_SHADOW, RolloutMode.ROLLOUT_MODE_CANARY)


@dataclass(frozen=True)
class Ports:
    """What it needs of the outside."""

    codec: Codec
    releases: Releases
    versions: Versions
    metrics: TrainingMetrics
    settings: TrainingSettings


class OnlineLearning:
    """The life of one static release, from Kafka's start on. `superseded`: another one reigns."""

    def __init__(
        self, objective: Objective, online: Online, static: Static, reigning: ModelRelease, ports: Ports
    ) -> None:
        self.learner = Learner(static.weights, objective.costs, online)
        self.static, self.superseded = static, False
        self._objective, self._ports, self._reigning = objective, ports, reigning
        self._classes = {name: index for index, name in enumerate(objective.classes)}
        settings = ports.settings
        self._texts = Texts(settings.training_online_documents, settings.training_online_characters)
        self._since_ms = static.release.created_at.ToMilliseconds()
        self._rollout = self._look = False
        self._built: tuple[Version, ModelRelease] | None = None

    def take(self, topic: str, record: Record, at_ms: int) -> None:
        """One record of `topic` (its short name), made `at_ms`. What cannot be read is others' to give up on."""
        if record.value is None:
            return
        decode = self._ports.codec.decode
        try:
            if topic == "documents":
                document = decode(record, Document).message
                self._texts.put(document.document_id, document.text)
            elif topic == "models":
                self._released(decode(record, ModelRelease).message)
            elif topic == "rollouts":
                self._rolled(decode(record, Rollout).message)
            elif at_ms >= self._since_ms:
                self._told(decode(record, Feedback).message)
        except DeadLetterError:
            return

    def reconcile(self, stop: threading.Event) -> None:
        """What should reign does, unless somebody tries out a release at the moment.

        Raises:
            RetryableError: Kafka or the store went away; it is tried again.
            OSError: no room for a bundle.
            ValueError: the head learned itself to pieces (its learning rate is too high).
        """
        if self._look:
            self._reigning = self._ports.releases.reigning(self._objective.name, stop) or self._reigning
            self._look, self.superseded = False, not self._is_ours(self._reigning)
        self._show()
        wanted = self.learner.serves
        if self.superseded or self._rollout or self._stands(wanted):
            return
        release = self._release(wanted)
        if release.release_id == self._reigning.release_id:
            return
        if self._publish(release, stop):
            self._reigning = release
            _log.info("training.online_released", release_id=release.release_id, reason=release.gate_explanation)

    def _publish(self, release: ModelRelease, stop: threading.Event) -> bool:
        releases = self._ports.releases
        with releases.deciding:
            state = releases.state(self._objective.name, stop)
            # Building took a while, in which a training or a person may have decided: that comes by in its turn.
            if state.running or state.reigning is None or state.reigning.release_id != self._reigning.release_id:
                return False
            releases.publish(release)
        return True

    def _stands(self, wanted: Version | None) -> bool:
        if wanted is None:
            return not is_online(self._reigning)
        return (
            self._built is not None
            and self._built[0] is wanted
            and self._built[1].release_id == self._reigning.release_id
        )

    def _release(self, wanted: Version | None) -> ModelRelease:
        if wanted is None:
            return back_to(self.static.release)
        if self._built is None or self._built[0] is not wanted:
            made = self._ports.versions.release(
                self.static, wanted, unit=self._objective.unit, code_revision=self._ports.settings.code_revision
            )
            made.created_at.GetCurrentTime()
            self._built = (wanted, made)
        return self._built[1]

    def _told(self, message: Feedback) -> None:
        truth = self._truth(message)
        if truth is None or not (message.feedback_id and message.document_id):
            return self._count("unusable")
        told = Told(message.feedback_id, message.document_id, truth)
        news, text = self.learner.news(told), self._texts.get(message.document_id)
        if news == "repeated" or text is None:
            return self._count("repeated" if news == "repeated" else "no document")
        # One at a time: in other company, the last bits of an embedding would be others.
        scores = self.static.model.scores([text])
        change = self.learner.learn(told, scores.embeddings[0], scores.probabilities[0])
        self._count("learned" if news == "new" else "corrected")
        if change is not None:
            _log.info("training.online_changed", change=change, learned=self.learner.learned)
        return None

    def _truth(self, message: Feedback) -> int | None:
        label = message.class_label
        if label.HasField("score") and not label.label:
            try:
                return self._classes[self._objective.class_of_grade(label.score)]
            except ValueError:
                return None
        return self._classes.get(label.label)

    def _released(self, release: ModelRelease) -> None:
        if release.model_name != self._objective.name:
            return
        self._look = True
        if release.release_id == self.static.release.release_id:
            # Where this process gave it back, it knows; else somebody else did.
            self.learner.withdrawn()

    def _rolled(self, rollout: Rollout) -> None:
        if rollout.model_name == self._objective.name:
            self._rollout = rollout.mode in _RUNNING

    def _is_ours(self, release: ModelRelease) -> bool:
        return static_of(release).release_id == self.static.release.release_id

    def _count(self, outcome: str) -> None:
        self._ports.metrics.online_feedback.labels(outcome).inc()

    def _show(self) -> None:
        metrics, learner = self._ports.metrics, self.learner
        metrics.online_cost.labels("online").set(learner.online_cost.mean)
        metrics.online_cost.labels("static").set(learner.static_cost.mean)
        metrics.online_doubt.set(learner.gate.doubt)
        metrics.online_reigns.set(is_online(self._reigning))
