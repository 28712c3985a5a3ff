"""The page of monitoring's bench: what was measured, as it was measured, with what was asked of it."""

from __future__ import annotations

import json

import pytest

from benchmarks.monitoring.report import markdown, number
from benchmarks.monitoring.rows import Bar, Beside, Result, Row

ROW = Row(
    "alarms",
    "alarms of unchanged data",
    0.043,
    0.031,
    0.058,
    bar=Bar("at most", 0.0638),
    beside=(Beside("Evidently's defaults", 0.31, 0.28, 0.34), Beside("a guess", 0.5)),
    notes=("of 1,000 replays",),
)
MISSED = Row("power", "power | at 10 %", 0.7, 0.6, 0.8, "documents", Bar("at least", 0.9))


def test_results_survive_json() -> None:
    result = Result((ROW, MISSED), {"curve": [0.0, 0.5]}, {"seed": 0, "sizes": {"replays": 1000}})
    again = Result.from_json(json.loads(json.dumps(result.to_json())))
    assert again == result
    assert [each.met for each in again.rows] == [True, False]
    assert Row("free", "free", 1, 1, 1).met is None


def test_the_page_has_figure_bar_interval_peers_and_verdict() -> None:
    page = markdown(
        {"windows": Result((ROW, MISSED), {}, {"seed": 0})}, {"cores": 2}, {"windows": ["monitoring-x.svg"]}
    )
    met, missed = (line for line in page.splitlines() if line.startswith(("| alarms", "| power")))
    for part in (
        "at most 0.0638",
        "**0.0430**",
        "0.0310 to 0.0580",
        "Evidently's defaults 0.310 (0.280 to 0.340)",
        "met",
    ):
        assert part in met
    assert "a guess 0.500 |" in met
    assert "power \\| at 10 %" in missed
    assert "at least 0.9 documents" in missed
    assert missed.endswith("| **missed** |")
    assert "- alarms of unchanged data: of 1,000 replays." in page
    assert "![monitoring x](monitoring-x.svg)" in page
    assert "| windows | seed 0 |" in page
    assert "quick run" not in page
    assert "quick run" in markdown({}, {"quick": True}, {}, "by hand")


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0"), (1234.5, "1,234"), (0.04567, "0.0457"), (float("inf"), "inf"), (12.34, "12.3")]
)
def test_three_figures_count(value: float, told: str) -> None:
    assert number(value) == told
