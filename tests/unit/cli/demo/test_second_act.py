"""The second act's figures and words, against small cases worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.cli.demo import http
from towpath.cli.demo.loop import Loop, asked_for
from towpath.cli.demo.policy import for_minutes, write
from towpath.cli.demo.saving import cost_of, saving
from towpath.cli.demo.spark import climb
from towpath.cli.demo.tweets import Tweet
from towpath.core.objective import Objective, load_objective


@pytest.fixture(scope="module")
def objective() -> Objective:
    return load_objective(Path(__file__).parents[4] / "objective.yaml")


def films(*grades: int) -> list[Tweet]:
    return [Tweet(f"movie-{number}", f"film {number}", (grade,) * 3) for number, grade in enumerate(grades)]


def test_what_is_saved_is_of_the_same_documents(objective: Objective) -> None:
    some = films(-2, 3, -1)
    new = {"movie-0": ("negative", False), "movie-1": ("positive", False), "movie-2": ("negative", True)}
    first = {"movie-0": ("positive", False), "movie-1": ("negative", False), "movie-2": ("negative", True)}
    found = saving(some, new, first, objective)
    assert found is not None
    # 8 for thanking for a complaint, 1 for an agent's minute; a person costs 0.15 either way.
    assert found.by_first.mean == pytest.approx((8 + 1 + 0.15) / 3)
    assert found.by_new.mean == pytest.approx(0.15 / 3)
    assert found.total == pytest.approx(9)
    assert found.by_new.asked == pytest.approx(1 / 3)
    assert found.error == pytest.approx(((25 + 4 + 9) / 3) ** 0.5 / 3**0.5)
    assert saving([], {}, {}, objective) is None
    assert cost_of([], {}, objective) is None


def test_what_training_names_is_labelled_first_and_nothing_twice() -> None:
    arrived = films(1, 1, 1, 1)
    known = {each.document_id: each for each in arrived}
    chosen = asked_for(3, ["movie-2", "elsewhere", "movie-2"], arrived, known)
    assert [each.document_id for each in chosen] == ["movie-2", "movie-0", "movie-1"]
    assert len(asked_for(9, [], arrived, known)) == 4


def test_a_few_raters_answer_and_all_of_them_are_the_truth() -> None:
    film = Tweet("movie-1", "film", (3, 3, -4, -4, -4))
    assert [each["classLabel"]["score"] for each in http.ratings(film, 2)] == [3.0, 3.0]
    assert [each["raterId"] for each in http.ratings(film)] == [f"rater-{n}" for n in range(1, 6)]
    assert http.feedback(film, "negative")["classLabel"]["score"] == pytest.approx(-1.2)


def test_the_objective_is_the_users_but_for_what_is_told(objective: Objective, tmp_path: Path) -> None:
    made, changes = for_minutes(objective, 4242)
    assert [each.split()[0] for each in changes] == [
        "retraining.minNewDocuments",
        "retraining.newAnnotatedDocuments",
        "delivery.rollout.start",
        "delivery.rollout.share",
    ]
    assert changes[0] == "retraining.minNewDocuments 50 → 4,242"
    assert made.contract.retraining.min_new_documents == 4242
    assert made.contract.delivery.rollout.start == "canary"
    assert made.contract.readiness == objective.contract.readiness, "the gate is the user's"
    assert made.contract.monitoring == objective.contract.monitoring, "the budget of false alarms is the user's"
    assert made.costs.matrix.tolist() == objective.costs.matrix.tolist()
    write(made, tmp_path / "made.json")
    assert load_objective(tmp_path / "made.json").hash == made.hash
    assert for_minutes(made, 4242)[1] == [], "what is so already is not told"


def test_an_alarm_is_a_full_bar_and_each_decade_is_as_high() -> None:
    assert climb([1e-6, 1e-3, 1.0]) == "▁▄█"
    assert climb([0.0, 1e-30]) == "▁▁"
    assert climb([1.0] * 50, width=10) == "█" * 10
    assert climb([]) == ""


def test_films_come_once_and_in_order() -> None:
    loop = Loop(films=films(1, 2, 3))
    assert [each.document_id for each in loop.next(2)] == ["movie-0", "movie-1"]
    assert [each.document_id for each in loop.next(9)] == ["movie-2"]
    assert not loop.next(1)
    assert loop.sent == 3
