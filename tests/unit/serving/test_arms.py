"""Who answers: sticky, a share, and never nobody because of a challenger."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.model import Prediction as Answer
from towpath.serving.domain.arms import Asked, ask
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.routing import answers_by_challenger
from towpath.serving.domain.slot import Challenger, Serving


class Model:
    """Says its name; cannot take what it is told not to."""

    def __init__(self, name: str, unable: Sequence[str] = ()) -> None:
        self.name, self.unable, self.texts = name, set(unable), 0

    def predict(self, texts: Sequence[str]) -> list[Answer]:
        if self.unable & set(texts):
            raise ValueError("no finite probability", [0])
        self.texts += len(texts)
        return [Answer(self.name, "class", 0.0, {self.name: 1.0}, False) for _ in texts]


def serving(champion: Model, challenger: Model, mode: str, share: float = 0.0) -> Serving:
    other = Challenger(challenger, Released("m", "new", ""), "rol-1", mode, share)  # type: ignore[arg-type]
    return Serving(champion, Released("m", "old", ""), other)


ASKED = [Asked(f"doc-{n}", f"text {n}") for n in range(400)]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_what_was_asked_for(share: float) -> None:
    for rollout in ("a", "b", "c"):
        hits = sum(answers_by_challenger(f"doc-{n}", rollout, share) for n in range(20_000))
        assert abs(hits / 20_000 - share) < 4 * (share * (1 - share) / 20_000) ** 0.5


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_only_adds_documents(document: str, rollout: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert not answers_by_challenger(document, rollout, low) or answers_by_challenger(document, rollout, high)
    assert not answers_by_challenger(document, rollout, 0.0)
    assert answers_by_challenger(document, rollout, 1.0)


def test_it_is_the_same_in_every_process_and_version() -> None:
    # Written down: a worker of tomorrow must agree with one of today in the middle of a canary.
    turns = "".join("x" if answers_by_challenger(f"doc-{n}", "rol-1", 0.3) else "." for n in range(40))
    assert turns == "....x...xx.xx........x...xxx....x...x..."


def test_other_rollouts_choose_other_documents() -> None:
    chosen = [{n for n in range(2_000) if answers_by_challenger(f"doc-{n}", rollout, 0.5)} for rollout in ("a", "b")]
    assert 0.4 < len(chosen[0] & chosen[1]) / len(chosen[0]) < 0.6


def test_in_a_canary_each_document_is_answered_by_one_and_costs_one_inference() -> None:
    old, new = Model("old"), Model("new")
    arms = ask(ASKED, serving(old, new, "canary", 0.25))
    assert sorted(arms.answered) == list(range(400))
    for n, each in arms.answered.items():
        wanted = "new" if answers_by_challenger(ASKED[n].document_id, "rol-1", 0.25) else "old"
        assert (each.answer.label, each.release.release_id, each.shadow) == (wanted, wanted, None)
    assert old.texts + new.texts == 400


def test_in_shadow_the_champion_answers_everything_and_the_challenger_is_heard() -> None:
    arms = ask(ASKED, serving(Model("old"), Model("new"), "shadow"))
    assert {each.answer.label for each in arms.answered.values()} == {"old"}
    assert all(each.shadow is not None and each.shadow[0].label == "new" for each in arms.answered.values())


@pytest.mark.parametrize("mode", ["canary", "shadow"])
def test_what_the_challenger_cannot_take_the_champion_answers(mode: str) -> None:
    unable = [each.text for each in ASKED[::7]]
    arms = ask(ASKED, serving(Model("old"), Model("new", unable), mode, 1.0))
    assert sorted(arms.answered) == list(range(400))
    assert arms.refused == {}
    assert arms.failed == len(unable)
    for n, each in arms.answered.items():
        heard = n % 7 != 0
        assert each.answer.label == ("new" if mode == "canary" and heard else "old")
        assert (each.shadow is not None) == (mode == "shadow" and heard)


def test_what_the_champion_cannot_take_is_given_up_alone() -> None:
    arms = ask(ASKED, serving(Model("old", ["text 3"]), Model("new"), "shadow"))
    assert list(arms.refused) == [3]
    assert str(arms.refused[3]) == "inference: no finite probability"
    assert len(arms.answered) == 399


def test_nothing_is_asked_of_nobody() -> None:
    arms = ask([], serving(Model("old"), Model("new"), "canary", 0.5))
    assert (arms.answered, arms.refused, arms.failed) == ({}, {}, 0)


@pytest.mark.parametrize(
    ("mode", "share", "seconds"), [("shadow", 0.0, 1.0), ("canary", 0.5, 1.0), ("canary", 0.0, None)]
)
def test_the_challengers_time_is_its_own(mode: str, share: float, seconds: float | None) -> None:
    ticks = iter(range(100))
    arms = ask(ASKED, serving(Model("old"), Model("new"), mode, share), clock=lambda: float(next(ticks)))
    assert arms.challenger_seconds == seconds
