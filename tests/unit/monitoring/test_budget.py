"""However often releases come, and however many monitors there are, false alarms stay within the objective's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.core.objective.parts import FalseAlarms
from towpath.monitoring.domain.budget import Budget

CAUSES = ("performance/cost", "drift/embedding", "drift/decisions")
DAY = 86_400.0


@given(budget=st.integers(0, 50), causes=st.integers(1, 40))
def test_the_parts_add_up_to_the_whole(budget: int, causes: int) -> None:
    named = [f"drift/{n}" for n in range(causes)]
    of = Budget.of(FalseAlarms(budget=budget, period="4w"), named)
    assert sum(of.share(each) for each in named) == pytest.approx(budget)
    assert of.period_s == 28 * DAY


@settings(deadline=None)
@given(
    gaps=st.lists(st.floats(0, 200), min_size=1, max_size=60),
    start=st.floats(0, 500),
    budget=st.integers(0, 3),
)
def test_errors_of_releases_stay_within_the_share_of_any_period(gaps: list[float], start: float, budget: int) -> None:
    """Brute force: every release that begins in a window, and the one that reigned when the window began."""
    of, at, reigns = Budget.of(FalseAlarms(budget=budget, period="90d"), CAUSES), 0.0, []
    for number, gap in enumerate(gaps):
        at += gap
        reigns.append((at, of.error(CAUSES[0], None if number == 0 else gap * DAY)))
    began = [error for day, error in reigns if start <= day < start + 90]
    before = [error for day, error in reigns if day < start][-1:]
    assert sum(began) + sum(before) <= of.share(CAUSES[0]) + 1e-9


def test_no_budget_is_no_alarm_and_much_budget_is_still_evidence() -> None:
    assert Budget.of(FalseAlarms(budget=0), CAUSES).error(CAUSES[0], None) == 0
    assert Budget.of(FalseAlarms(budget=1000), CAUSES).error(CAUSES[0], None) == 0.05


def test_what_has_no_part_cannot_alarm() -> None:
    with pytest.raises(KeyError, match="drift/unheard-of"):
        Budget.of(FalseAlarms(), CAUSES).share("drift/unheard-of")
    with pytest.raises(ValueError, match="named twice"):
        Budget.of(FalseAlarms(), ["drift/a", "drift/a"])
