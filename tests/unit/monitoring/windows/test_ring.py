"""What is remembered of predictions and releases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.windows import CLASSES
from towpath.core.objective import Costs
from towpath.monitoring.domain.windows import Ring, rows_of
from towpath.monitoring.domain.windows.cut import USUAL, parted
from towpath.monitoring.domain.windows.rows import Rows
from towpath.v1 import ClassDecision, ClassProbability, Decision, InputStats, Prediction, Reference

COSTS = Costs.of([[0, 1, 2], [1, 0, 1], [2, 1, 0]], 0.3)


def predicted(n: int, *, sketch: bytes = b"\x01\xff", label: str = "neutral", ask: bool = False) -> Prediction:
    shares = zip(CLASSES, (0.2, 0.5, 0.3), strict=True)
    made = Prediction(
        document_id=f"doc-{n}",
        release_id="rel-1",
        class_decision=ClassDecision(
            label=label,
            decision=Decision.DECISION_ASK_PERSON if ask else Decision.DECISION_CLASS,
            expected_cost=0.25,
            probabilities=[ClassProbability(label=name, probability=p) for name, p in shares],
        ),
        input=InputStats(sketch=sketch, tokens=12, unknown_tokens=3),
    )
    made.created_at.FromSeconds(1_000_000 + 60 * n)
    return made


def test_the_last_are_remembered_oldest_first_as_they_were_told() -> None:
    ring = Ring(5, CLASSES)
    for n in range(12):
        ring.add(predicted(n, ask=n % 2 == 0))
    rows = ring.last()
    assert list(rows.ids) == [f"doc-{n}" for n in range(7, 12)]
    assert list(rows.ask) == [False, True, False, True, False]
    assert rows.probabilities[0] == pytest.approx([0.2, 0.5, 0.3])
    assert (rows.tokens[0], rows.unknown[0], rows.rates[0]) == (12, 3, 0.25)
    assert rows.sketches[0].tolist() == [1, -1]
    assert (rows.labels[0], rows.costs[0], rows.times[0]) == (1, 0.25, 1_000_420)
    assert len(ring) == 5


def test_the_order_of_arrival_has_no_part_in_what_is_before_what() -> None:
    ring = Ring(10, CLASSES)
    for n in (4, 0, 5, 1, 3, 2):
        ring.add(predicted(n))
    assert list(ring.last().ids) == [f"doc-{n}" for n in range(6)]


def test_a_prediction_leaves_nothing_of_the_one_whose_place_it_takes() -> None:
    ring = Ring(1, CLASSES)
    ring.add(predicted(1))
    ring.add(Prediction(document_id="bare", release_id="rel-2"))
    rows = ring.last()
    assert not rows.sketched[0]
    assert (rows.tokens[0], rows.unknown[0], rows.labels[0]) == (-1, -1, -1)
    assert np.isnan(rows.costs[0])
    assert np.isnan(rows.probabilities).all()
    assert np.isnan(rows.rates[0])


def test_what_is_odd_is_remembered_as_odd_or_not_at_all() -> None:
    ring = Ring(3, CLASSES)
    ring.add(predicted(1, label="unheard of", sketch=b"x" * 4096))
    big = predicted(2)
    big.input.tokens = 2**32 - 1
    ring.add(big)
    rows = ring.last()
    assert rows.labels.tolist() == [3, 1]
    assert rows.sketched.tolist() == [False, True]
    assert rows.tokens[1] == 2**31 - 1


def test_sketches_of_another_encoder_are_not_compared_with_those_before() -> None:
    ring = Ring(4, CLASSES)
    ring.add(predicted(1, sketch=b"\x01\x02"))
    ring.add(predicted(2, sketch=b"\x01\x02\x03"))
    rows = ring.last()
    assert rows.sketched.tolist() == [False, True]
    assert rows.sketches.shape == (2, 3)


def test_its_arrays_never_grow() -> None:
    ring = Ring(100, CLASSES)
    ring.add(predicted(0))
    ring.last()
    arrays = {id(ring._rows.sketches), id(ring._rows.costs), id(ring._rows.ids)}
    for n in range(1000):
        ring.add(predicted(n))
    assert arrays == {id(ring._rows.sketches), id(ring._rows.costs), id(ring._rows.ids)}
    assert len(ring.last()) == 100


def reference(**changes: Any) -> Reference:
    usual: dict[str, Any] = {
        "documents": 2, "sketches": bytes([1, 255, 3, 4]), "tokens": [7, 9], "unknown_tokens": [0, 3],
        "classes": CLASSES, "probabilities": [0.9, 0.05, 0.05, 0.3, 0.4, 0.3], "truths": [0, 1],
    }  # fmt: skip
    return Reference(**{**usual, **changes})


def test_a_reference_is_decided_by_the_costs_as_live_documents_are() -> None:
    rows = rows_of(reference(), CLASSES, COSTS)
    assert rows.labels.tolist() == [0, 1]
    assert rows.ask.tolist() == [False, True]
    assert rows.costs == pytest.approx([0.15, 0.3])
    assert rows.sketches.tolist() == [[1, -1], [3, 4]]
    assert rows.rates.tolist() == [0, pytest.approx(1 / 3)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"documents": 0}, "no documents"),
        ({"classes": ["a"]}, "classes are a, and not negative"),
        ({"probabilities": [0.5]}, "1 probabilities are not 2 rows of 3"),
        ({"sketches": b"123"}, "3 bytes of sketches are not 2 rows"),
        ({"tokens": [1]}, "1 tokens are not 2"),
    ],
)
def test_a_reference_whose_lists_do_not_fit_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rows_of(reference(**changes), CLASSES, COSTS)


def test_a_reference_without_sketches_still_tells_the_rest() -> None:
    rows = rows_of(reference(sketches=b"", tokens=[], unknown_tokens=[]), CLASSES, COSTS)
    assert not rows.sketched.any()
    assert rows.tokens.tolist() == [-1, -1]


def timed(count: int) -> Rows:
    rows = Rows.empty(count, classes=3)
    rows.times[:] = 3600 * np.arange(count)
    return rows


def test_a_window_is_cut_by_number_or_by_hours() -> None:
    rows = timed(100)
    now, before = parted(rows, 30, None, halves=True)
    assert (now.times.min(), before.times.max(), len(before)) == (3600 * 70, 3600 * 69, 30)
    now, before = parted(rows, None, 24.0, halves=True)
    assert (len(now), len(before), now.times.min(), before.times.min()) == (24, 24, 3600 * 76, 3600 * 52)
    now, before = parted(rows, 80, None, halves=True)
    assert (len(now), len(before)) == (80, 20)


def test_where_nobody_says_how_many_there_is_something_before() -> None:
    now, before = parted(timed(100), None, None, halves=True)
    assert (len(now), len(before)) == (50, 50)
    assert len(parted(timed(100), None, None, halves=False)[0]) == 100
    assert len(parted(timed(3 * USUAL), None, None, halves=True)[0]) == USUAL
    assert len(parted(timed(0), None, None, halves=True)[0]) == 0


def test_a_sketch_is_remembered_with_its_basis_and_so_is_a_references() -> None:
    ring, made = Ring(2, CLASSES), predicted(1)
    made.input.sketch_basis = 2**32 - 1
    ring.add(predicted(0))
    ring.add(made)
    assert ring.last().basis.tolist() == [0, 2**32 - 1]
    told = Reference(
        documents=1, sketches=b"12", classes=CLASSES, probabilities=[0.2, 0.5, 0.3], sketch_basis=7
    )  # fmt: skip
    assert rows_of(told, CLASSES, COSTS).basis.tolist() == [7]
