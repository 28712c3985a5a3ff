"""The model's answers to a question: by the champion, or by the challenger where it is a document's turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kserve.errors import InvalidInput, ModelNotReady

from towpath.model import Prediction
from towpath.serving.domain.arms import Asked, ask
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import ModelSlot, Serving
from towpath.serving.entrypoints.questions import Question
from towpath.serving.entrypoints.shadow import Shadow
from towpath.serving.metrics import ServingMetrics

__all__ = ["Answered", "Answering", "Column"]


@dataclass(frozen=True)
class Column:
    """An output: `values` in row-major order. `datatype` is BYTES (of str), FP64, BOOL or INT32."""

    name: str
    datatype: str
    shape: Sequence[int]
    values: Sequence[str] | Sequence[float] | Sequence[bool]
    parameters: dict[str, str] | None = None


@dataclass(frozen=True)
class Answered:
    """One prediction and one release for each text."""

    predictions: Sequence[Prediction]
    releases: Sequence[Released]
    rollout_id: str | None = None

    def release(self) -> Released | None:
        """That of all answers; None where champion and challenger answered some each."""
        return self.releases[0] if all(each == self.releases[0] for each in self.releases) else None

    def parameters(self) -> dict[str, str]:
        """Of the response."""
        release = self.release()
        told = {} if release is None else {"release_id": release.release_id, "objective_hash": release.objective_hash}
        return told if self.rollout_id is None else {**told, "rollout_id": self.rollout_id}

    def columns(self) -> list[Column]:
        """The outputs, the same ones whether a challenger is tried or not."""
        answers, count = self.predictions, len(self.predictions)
        classes = list(dict.fromkeys(name for each in answers for name in each.probabilities))
        probabilities = [each.probabilities.get(name, 0.0) for each in answers for name in classes]
        named = {"classes": ",".join(classes)}
        return [
            Column("label", "BYTES", [count], [each.label for each in answers]),
            Column("decision", "BYTES", [count], [each.decision for each in answers]),
            Column("expected_cost", "FP64", [count], [each.expected_cost for each in answers]),
            Column("probabilities", "FP64", [count, len(classes)], probabilities, named),
            Column("truncated", "BOOL", [count], [each.truncated for each in answers]),
            Column("windows", "INT32", [count], [each.windows for each in answers]),
            Column("release", "BYTES", [count], [each.release_id for each in self.releases]),
        ]


class Answering:
    """Threads may share it: each question is answered by what the slot holds when it begins."""

    def __init__(self, slot: ModelSlot, metrics: ServingMetrics, shadow: Shadow) -> None:
        self._slot, self._metrics, self._shadow = slot, metrics, shadow

    def __call__(self, question: Question, name: str) -> Answered:
        """Of the model called `name`.

        Raises:
            ModelNotReady: there is no release yet.
            InvalidInput: the model cannot take these texts.
        """
        serving = self._slot.get()
        if serving is None:
            raise ModelNotReady(name, "no release yet")
        with self._shadow.answering(), self._metrics.inference.time():
            answered = self._answered(question, serving)
        for release in set(answered.releases):
            self._metrics.answers.labels(release.release_id).inc(answered.releases.count(release))
        return answered

    def _answered(self, question: Question, serving: Serving) -> Answered:
        texts, challenger = question.texts, serving.challenger
        canary = challenger is not None and challenger.mode == "canary"
        # A shadow is asked once the caller has his answer.
        arms = ask(_asked(question, canary), serving if canary else replace(serving, challenger=None))
        if arms.refused:
            first = min(arms.refused)
            raise InvalidInput(f"text {first}: {arms.refused[first]}")
        answered = [arms.answered[n] for n in range(len(texts))]
        answers, releases = [each.answer for each in answered], [each.release for each in answered]
        if challenger is None:
            return Answered(answers, releases)
        if canary:
            self._shadow.failed(challenger, arms.failed)
        else:
            self._shadow.offer(challenger, texts, answers)
        return Answered(answers, releases, challenger.rollout_id)


def _asked(question: Question, canary: bool) -> list[Asked]:
    # Only a canary goes by ids, and to derive one takes a hash.
    ids = question.document_ids() if canary else [""] * len(question.texts)
    return [Asked(name, text) for name, text in zip(ids, question.texts, strict=True)]
