"""Who answers a document, while a challenger is tried and else."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from towpath.model import Prediction as Answer
from towpath.serving.domain.predictions import Released, UnusableDocumentError
from towpath.serving.domain.routing import answers_by_challenger
from towpath.serving.domain.slot import Challenger, Predictor, Serving

__all__ = ["Answered", "Arms", "Asked", "agree", "ask"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A text to be answered, and whose it is."""

    document_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """`seconds` and `documents` are of the batch that it was inferred in."""

    answer: Answer
    release: Released
    seconds: float
    documents: int
    shadow: tuple[Answer, float] | None = None
    """What the challenger says of it, and the seconds of that inference, where nobody acts on it."""


@dataclass(frozen=True)
class Arms:
    """By index of what was asked: answers, and why there is none. `failed`: times that the challenger had none."""

    answered: dict[int, Answered]
    refused: dict[int, UnusableDocumentError]
    failed: int
    challenger_seconds: float | None = None
    """Of its inference; None where it was asked nothing."""

    def challenged(self) -> Counter[str]:
        """How often a shadow would do the "same" as the champion, or "different"; how often the challenger "failed"."""
        heard = Counter(
            "same" if agree(each.answer, each.shadow[0]) else "different"
            for each in self.answered.values()
            if each.shadow is not None
        )
        return heard + Counter(failed=self.failed)


def agree(one: Answer, other: Answer) -> bool:
    """Whether the business does the same: who asks a person does not act on the label."""
    return one.decision == other.decision and (one.decision == "ask-person" or one.label == other.label)


def ask(asked: Sequence[Asked], serving: Serving, clock: Callable[[], float] = time.perf_counter) -> Arms:
    """Answer each, or say why not. Whatever the challenger cannot take is answered by the champion."""
    challenger, everyone = serving.challenger, list(range(len(asked)))
    turn: list[int] = []
    if challenger is not None and challenger.mode == "canary":
        rollout, share = challenger.rollout_id, challenger.share
        turn = [n for n in everyone if answers_by_challenger(asked[n].document_id, rollout, share)]
    answered: dict[int, Answered] = {}
    failed, seconds = 0, None
    if challenger is not None and turn:
        answered, refusals, seconds = _arm(asked, turn, challenger.model, challenger.release, clock)
        failed = len(refusals)
    rest = [n for n in everyone if n not in answered]
    champions, refused, _ = _arm(asked, rest, serving.model, serving.release, clock)
    if challenger is not None and challenger.mode == "shadow" and champions:
        champions, failed, seconds = _shadowed(asked, champions, challenger, clock)
    return Arms({**answered, **champions}, refused, failed, seconds)


def _arm(
    asked: Sequence[Asked], chosen: Sequence[int], model: Predictor, release: Released, clock: Callable[[], float]
) -> tuple[dict[int, Answered], dict[int, UnusableDocumentError], float]:
    begin = clock()
    answers, refused = _infer(asked, chosen, model)
    seconds = clock() - begin
    return {n: Answered(each, release, seconds, len(chosen)) for n, each in answers.items()}, refused, seconds


def _infer(
    asked: Sequence[Asked], chosen: Sequence[int], model: Predictor
) -> tuple[dict[int, Answer], dict[int, UnusableDocumentError]]:
    if not chosen:
        return {}, {}
    try:
        return dict(zip(chosen, model.predict([asked[n].text for n in chosen]), strict=True)), {}
    except ValueError as error:
        if len(chosen) == 1:
            # The reason, not the error's arguments: they may be arrays.
            why = error.args[0] if error.args else error
            return {}, {chosen[0]: UnusableDocumentError(f"inference: {why}")}
    # Somewhere among them is a document that the model cannot take. Halve until it stands alone.
    middle = len(chosen) // 2
    first, second = _infer(asked, chosen[:middle], model), _infer(asked, chosen[middle:], model)
    return first[0] | second[0], first[1] | second[1]


def _shadowed(
    asked: Sequence[Asked], champions: dict[int, Answered], challenger: Challenger, clock: Callable[[], float]
) -> tuple[dict[int, Answered], int, float]:
    """The champion's answers with what the challenger says beside them, how often it says nothing, and its seconds."""
    shadows, refused, seconds = _arm(asked, sorted(champions), challenger.model, challenger.release, clock)
    heard = {n: (each.answer, each.seconds) for n, each in shadows.items()}
    return {n: replace(each, shadow=heard.get(n)) for n, each in champions.items()}, len(refused), seconds
