"""What is counted for a rollout, and what is said of it."""

from __future__ import annotations

import pytest

from towpath.core.objective import Costs, load_objective
from towpath.core.objective.parts import Rollout as Rule
from towpath.monitoring.domain.rollouts import Trials
from towpath.monitoring.domain.trial import Answer, Evidence, Phase, Said, Trial, Verdict
from towpath.monitoring.domain.verdicts import explanation

COSTS = load_objective("objective.yaml").costs
SHADOW = Phase("rol", "tweets", "new", "old", "shadow", 0.1, 0)
NEGATIVE, NEUTRAL, POSITIVE = range(3)


def answer(n: int, old: int = NEGATIVE, new: int = POSITIVE) -> Answer:
    return Answer(f"d{n}", "rol", 1, Said("old", old, False), Said("new", new, False))


def shown(**changes: object) -> Evidence:
    values: dict[str, object] = {
        "phase": SHADOW, "documents": 412, "difference": -0.08, "lower": -0.14, "upper": -0.02, "verdict": "promote",
    }  # fmt: skip
    return Evidence(**{**values, **changes})  # type: ignore[arg-type]


def test_memory_is_bounded_and_what_was_counted_stays_counted() -> None:
    trials = Trials(Rule(), COSTS, size=10)
    trials.phase(SHADOW)
    for n in range(300):
        trials.answer(answer(n))
        trials.truth(f"d{n}", POSITIVE)
        trials.truth(f"other{n}", POSITIVE)
    seen = trials.look()
    assert seen is not None
    assert (seen.documents, seen.difference) == (300, -1)
    assert len(trials._answers) == len(trials._truths) == 10


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("release", ["old", "new"])
def test_every_cost_that_a_canary_can_have_is_within_its_range(share: float, release: str) -> None:
    trial = Trial(Phase("rol", "tweets", "new", "old", "canary", share, 0), Rule(min_documents=1), COSTS)
    for truth in range(3):
        for label in range(3):
            for ask in (False, True):
                trial.add(Answer(f"d{truth}{label}{ask}", "rol", 1, Said(release, label, ask), None), truth)
    assert trial.look().documents == 18


@pytest.mark.parametrize("mode", ["shadow", "canary"])
def test_where_no_error_costs_anything_nothing_is_decided(mode: str) -> None:
    free = Costs.of([[0, 0], [0, 0]], None)
    trial = Trial(Phase("rol", "m", "new", "old", "shadow" if mode == "shadow" else "canary", 0.5, 0), Rule(), free)
    for n in range(200):
        shadow = Said("new", 1, False) if mode == "shadow" else None
        trial.add(Answer(f"d{n}", "rol", 1, Said("old", 0, False), shadow), n % 2)
    assert (trial.look().documents, trial.look().difference, trial.look().verdict) == (200, 0, "undecided")


@pytest.mark.parametrize(("documents", "verdict"), [(99, "undecided"), (100, "promote")])
def test_nothing_is_decided_on_fewer_documents_than_the_objective_wants(documents: int, verdict: Verdict) -> None:
    trial = Trial(SHADOW, Rule(min_documents=100), COSTS)
    for n in range(documents):
        trial.add(answer(n), POSITIVE)
    assert trial.look().verdict == verdict


def test_figures_are_told_as_people_tell_them() -> None:
    rule = Rule()
    assert explanation(shown(), rule, "EUR") == (
        "412 documents with feedback: the challenger costs 0.080 EUR a document less "
        "(0.020 to 0.140 less, 95 % at any moment): promote."
    )
    undecided = explanation(shown(upper=0.03, verdict="undecided"), rule, "EUR")
    allowed = explanation(shown(upper=0.03), Rule(margin=0.05), "EUR")
    assert allowed.endswith("promote, as it may cost 0.05 EUR more.")
    assert undecided.endswith("less (0.140 less to 0.030 more, 95 % at any moment): not decided yet.")
    dearer = explanation(shown(difference=0.08, lower=0.0004, upper=0.14, verdict="roll-back"), rule, "min")
    assert dearer.endswith("costs 0.080 min a document more (0.0004 to 0.140 more, 95 % at any moment): roll back.")
    nothing = explanation(shown(documents=0, difference=0.0, verdict="undecided"), rule, "EUR")
    assert nothing == "no document with feedback yet: decided from 100 on."
