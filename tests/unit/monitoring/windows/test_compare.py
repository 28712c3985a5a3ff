"""Two windows held against each other: one correction, sizes first, a price, and names."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from support.windows import CLASSES, documents
from towpath.monitoring.domain.windows import ALPHA, LEAST, Comparison, Rows, compare
from towpath.monitoring.domain.windows.compare import Effort
from towpath.monitoring.domain.windows.telling import explained

QUICK = Effort(sample=300, sketches=199, counts=199)


def words(found: Comparison) -> dict[str, str]:
    return {row.name: row.tested.effect.word for row in found.rows}


def mixed(rows: Rows, seed: int) -> Rows:
    return rows[np.random.default_rng(seed).permutation(len(rows))]


def test_the_whole_report_calls_unchanged_data_different_no_more_often_than_said() -> None:
    """Seven tests at once; beyond the bound is a right report with a chance of 2 %."""
    replays, alarms = 150, 0
    for replay in range(replays):
        pool = documents(120, replay, 0.3)
        found = compare(pool[:60], pool[60:], CLASSES, seed=replay, effort=QUICK)
        assert len(found.rows) == 7
        alarms += any(row.different for row in found.rows)
    assert alarms / replays <= ALPHA + 2 * np.sqrt(ALPHA * (1 - ALPHA) / replays)


@pytest.mark.parametrize(("others", "least"), [(0.5, 10), (0.2, 9)])
def test_others_among_the_documents_are_found(others: float, least: int) -> None:
    before = documents(600, 1)
    found = [compare(documents(600, 2 + n, others), before, CLASSES, effort=QUICK) for n in range(10)]
    assert sum(each.rows[0].name == "embeddings" and each.rows[0].different for each in found) >= least


def test_what_is_different_is_much_or_little_dearer_and_named() -> None:
    now, before = documents(2000, 1, 0.5), documents(2000, 2)
    found = compare(now, before, CLASSES)
    assert words(found) == {
        "embeddings": "much", "probabilities": "much", "classes": "much", "decisions": words(found)["decisions"],
        "length": "much", "unknown words": "much", "expected cost": "much",
    }  # fmt: skip
    assert all(row.different for row in found.rows if row.tested.effect.word == "much")
    assert next(row.most for row in found.rows if row.name == "probabilities") == "negative"
    assert found.price is not None
    assert found.price.verdict == "dearer"
    assert found.price.extra == pytest.approx(1000, abs=100), "half of the documents cost 2 more"
    at = {str(each): n for n, each in enumerate(now.ids)}
    assert all(now.sketches[at[each.document_id], :4].mean() > 25 for each in found.came)
    assert {each.document_id.split("-")[1] for each in found.went} == {"2"}
    assert found.slices[0].of == "class"
    assert (found.slices[0].name, found.slices[0].now > found.slices[0].before) == ("negative", True)


def beside(count: int) -> tuple[Comparison, int]:
    """And the most bytes that it took beside the windows' own."""
    now, before = documents(count, 1, 0.01), documents(count, 2)
    tracemalloc.start()
    found = compare(now, before, CLASSES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, peak


def test_many_documents_of_which_little_is_different_are_not_called_different_by_much() -> None:
    """Memory is bounded by columns, not by pairs: a million documents' is known. Sketches are compared on a sample."""
    few, (found, peak) = beside(50_000)[1], beside(250_000)
    assert few + (peak - few) / 200_000 * 950_000 < 350e6
    assert found.rows[0].tested.documents == (2000, 2000)
    assert found.rows[4].tested.documents == (250_000, 250_000)
    assert any(row.different for row in found.rows)
    assert set(words(found).values()) == {"none"}
    assert explained(found, "EUR").startswith("More than chance, and too little to matter: ")


def test_order_within_a_window_and_which_is_called_now_change_no_p_value() -> None:
    now, before = documents(700, 1, 0.1), documents(500, 2)
    found = compare(now, before, CLASSES, effort=QUICK)
    shuffled = compare(mixed(now, 1), mixed(before, 2), CLASSES, effort=QUICK)
    swapped = compare(before, now, CLASSES, effort=QUICK)
    assert [row.adjusted for row in found.rows] == [row.adjusted for row in shuffled.rows]
    assert [row.adjusted for row in found.rows] == [row.adjusted for row in swapped.rows]
    assert found.price is not None
    assert swapped.price is not None
    assert swapped.price.extra == pytest.approx(-found.price.extra)
    assert (swapped.price.low, swapped.price.high) == pytest.approx((-found.price.high, -found.price.low))
    assert [each.document_id for each in swapped.went] == [each.document_id for each in found.came]


def test_a_difference_that_costs_nothing_is_benign() -> None:
    now, before = documents(3000, 1, 0.5), documents(3000, 2)
    now.costs[:] = np.random.default_rng(0).permutation(before.costs)
    found = compare(now, before, CLASSES, effort=QUICK)
    assert found.price is not None
    assert found.price.verdict == "benign"
    assert "The difference is benign: it is expected to cost no more than before" in explained(found, "EUR")


def test_what_is_unchanged_is_told_with_what_it_costs() -> None:
    told = explained(compare(documents(2000, 1), documents(2000, 2), CLASSES, effort=QUICK), "EUR")
    assert told.startswith("Nothing is different beyond chance, at 5% over the 7 tests together.")


def test_what_slices_add_is_what_the_difference_costs() -> None:
    found = compare(documents(900, 1, 0.3), documents(800, 2), CLASSES, effort=QUICK)
    assert found.price is not None
    for of in ("class", "decision", "length"):
        some = [each for each in found.slices if each.of == of]
        assert sum(each.adds for each in some) == pytest.approx(found.price.extra)
        assert sum(each.now for each in some) == pytest.approx(1)
        assert sum(each.before for each in some) == pytest.approx(1)


def test_what_is_not_told_of_both_sides_is_left_out() -> None:
    now, before = documents(100, 1), documents(100, 2)
    silent = Rows.empty(100, classes=3)
    told = replace(silent, labels=before.labels, ask=before.ask, costs=before.costs)
    assert [row.name for row in compare(now, told, CLASSES, effort=QUICK).rows] == [
        "classes", "decisions", "expected cost",
    ]  # fmt: skip
    assert compare(now, silent, CLASSES, effort=QUICK).rows == []
    other = documents(100, 2, sketch=8)
    assert compare(now, other, CLASSES, effort=QUICK).rows[0].name == "probabilities", "of another encoder"


def test_fewer_documents_than_are_wanted_are_refused() -> None:
    with pytest.raises(ValueError, match=f"{LEAST} of each are wanted"):
        compare(documents(LEAST - 1, 1), documents(100, 2), CLASSES)


def test_sketches_on_other_anchors_are_not_compared() -> None:
    now, before = documents(200, 1), documents(200, 2)
    now.basis[:50], now.basis[50:] = 1, 2
    before.basis[:] = 1
    assert compare(now, before, CLASSES, effort=QUICK).rows[0].name != "embeddings"
    before.basis[:120] = 2
    found = compare(now, before, CLASSES, effort=QUICK).rows[0]
    assert (found.name, found.tested.documents) == ("embeddings", (150, 120))
