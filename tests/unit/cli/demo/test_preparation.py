"""What the demo tells before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.cli.demo.preparation import prepare
from towpath.cli.demo.tweets import Tweet
from towpath.core.objective import Objective, load_objective


@pytest.fixture(scope="module")
def objective() -> Objective:
    return load_objective(Path(__file__).parents[4] / "objective.yaml")


def test_costs_without_a_model_and_agreement_are_those_of_these_tweets(objective: Objective) -> None:
    agreed = [
        Tweet("a", "a", (-2, -2, -2)),
        Tweet("b", "b", (0, 0, 0)),
        Tweet("c", "c", (2, 2, 2)),
        Tweet("d", "d", (3, 3)),
    ]
    found = prepare(agreed, objective)
    assert found.shares == (0.25, 0.25, 0.5)
    figures = found.figures()
    # Always positive: a quarter of complaints at 8 EUR, a quarter of neutral tweets at 0.5.
    assert figures["cost_majority"] == pytest.approx(0.25 * 8 + 0.25 * 0.5)
    assert figures["cost_ask_always"] == 0.15
    assert figures["agreement"]["value"] == pytest.approx(1.0)
    said = "\n".join(found.lines(objective))
    assert objective.canvas.value_proposition in said
    assert "always positive 2.12" in said
    assert "above the floor" in said


def test_raters_who_do_not_agree_are_told(objective: Objective) -> None:
    quarrel = [Tweet(str(n), "x", (-4, 4)) for n in range(10)]
    assert "BELOW the floor" in prepare(quarrel, objective).lines(objective)[-1]
    with pytest.raises(ValueError, match="no tweets"):
        prepare([], objective)
