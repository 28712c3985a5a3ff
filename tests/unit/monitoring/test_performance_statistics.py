"""What is claimed of figures holds, over many streams whose truth is known: seeds are fixed, errors are said."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from towpath.core.objective import load_objective
from towpath.monitoring.domain.join import Predicted
from towpath.monitoring.domain.performance.calibrate import calibrated, fitted, log_rows
from towpath.monitoring.domain.performance.difference import Sample, least_excess
from towpath.monitoring.domain.performance.estimate import Estimate, labels_alone
from towpath.monitoring.domain.performance.excess import Excess
from towpath.monitoring.domain.performance.judged import Judged, beyond_of, judged_of
from towpath.monitoring.domain.performance.labelled import LENGTHS, Labelled, length_of
from towpath.monitoring.domain.performance.recent import Recent, Rows
from towpath.monitoring.domain.performance.resampled import Decided, resampled
from towpath.monitoring.domain.performance.shares import class_shares
from towpath.monitoring.domain.performance.shift import label_shift
from towpath.monitoring.domain.performance.strata import promise_of
from towpath.monitoring.domain.performance.worth import accuracy_of, cost_of
from towpath.v1 import Reference

OBJECTIVE = load_objective("objective.yaml")
COSTS, CLASSES = OBJECTIVE.costs, OBJECTIVE.classes
Floats = NDArray[np.float64]
TWEETS, ANGRY = np.array([0.16, 0.40, 0.44]), np.array([0.32, 0.33, 0.35])
PRICE = COSTS.ask_person or 0.0


def allowed(probability: float, streams: int) -> float:
    """Share of streams that may err, where each does with that probability: two standard errors more."""
    return probability + 2 * math.sqrt(probability * (1 - probability) / streams)


def documents(
    random: np.random.Generator, count: int, shares: Floats = TWEETS, *, sure: float = 1.0, blur: float = 0.0
) -> Judged:
    """Documents of a model that is calibrated on `TWEETS`, where it is not too `sure` and texts are not `blur`red."""
    truths = random.choice(3, count, p=shares)
    evidence = 3 * np.eye(3)[truths] + random.normal(scale=np.sqrt(3), size=(count, 3))
    logits = sure * (evidence + random.normal(scale=blur, size=(count, 3)) + np.log(TWEETS))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    decided = COSTS.decide(probabilities)
    return Judged(probabilities, truths, decided.labels, decided.ask)


def say(what: str, end: str = "") -> None:
    """Figures that the tests measure, for who reads them."""
    sys.stdout.write(what + end)


def told(seen: Judged, known: NDArray[np.bool_]) -> Rows:
    return Rows(seen.probabilities, seen.labels, seen.ask, np.where(known, seen.truths, -1))


def realised(seen: Judged) -> Floats:
    return COSTS.realised(seen.truths, seen.labels, seen.ask)


def rated(random: np.random.Generator, seen: Judged) -> NDArray[np.bool_]:
    """Agents look at what they were asked, and at complaints; of the rest at one in twenty."""
    rate = np.where(seen.ask, 0.9, np.where(seen.labels == 0, 0.5, 0.05))
    return random.random(len(seen.labels)) < rate


# With feedback: bounds at all times.


def prediction(seen: Judged, n: int, at: float = 0.0) -> Predicted:
    promise = promise_of(seen.probabilities[n : n + 1], seen.labels[n : n + 1], seen.ask[n : n + 1], COSTS)
    row = seen.probabilities[n]
    top = int(row.argmax())
    return Predicted(
        f"p{n}", f"d{n}", "rel", int(seen.labels[n]), bool(seen.ask[n]), float(promise.cost[0]), top, float(row[top]),
        n % 40, at, n,
    )  # fmt: skip


def test_bounds_hold_at_every_look_and_on_every_slice() -> None:
    """40 streams, looked at from 25 documents to 400: how often any bound of a figure ever left out what is so."""
    random, streams, looks = np.random.default_rng(1), 40, (25, 50, 100, 200, 400)
    truth = documents(np.random.default_rng(0), 400_000)
    cost, right = realised(truth).mean(), (truth.labels == truth.truths).mean()
    slices = {name: realised(truth)[truth.labels == n].mean() for n, name in enumerate(CLASSES)}
    missed = np.zeros(3)
    for _ in range(streams):
        seen, labelled, wrong = documents(random, max(looks)), Labelled(COSTS), np.zeros(3, dtype=bool)
        for n in range(max(looks)):
            labelled.add(prediction(seen, n), int(seen.truths[n]))
            if n + 1 not in looks:
                continue
            accuracy, paid = labelled.accuracy(), labelled.cost()
            wrong[0] |= not accuracy.lower <= right <= accuracy.upper
            wrong[1] |= not paid.lower <= cost <= paid.upper
            for by, value, cells in labelled.slices(CLASSES):
                if by == "class":
                    bounds = labelled.cost(cells, 0.05 / labelled.possible_slices())
                    wrong[2] |= not bounds.lower <= slices[value] <= bounds.upper
        missed += wrong
    assert (missed / streams <= allowed(0.05, streams)).all()


def test_macro_f1_and_calibration_error_are_what_they_are_defined_as_and_within_their_bounds() -> None:
    seen, labelled = documents(np.random.default_rng(2), 500), Labelled(COSTS)
    for n in range(500):
        labelled.add(prediction(seen, n), int(seen.truths[n]))
    scores = []
    for each in range(3):
        said, true = seen.labels == each, seen.truths == each
        scores.append(2 * (said & true).sum() / (said.sum() + true.sum()))
    f1, gap = labelled.macro_f1(), labelled.calibration_error()
    assert (labelled.mean_f1(), labelled.mean_calibration_error()) == (pytest.approx(f1.mean), gap.mean)
    assert f1.mean == pytest.approx(np.mean(scores))
    assert 0 <= f1.lower < f1.mean < f1.upper <= 1
    confidence, right = seen.probabilities.max(axis=1), seen.probabilities.argmax(axis=1) == seen.truths
    index = np.minimum((confidence * 10).astype(int), 9)
    found = sum(abs((confidence - right)[index == each].sum()) for each in range(10)) / 500
    assert gap.mean == pytest.approx(found)
    assert gap.lower <= gap.mean <= gap.upper


def test_a_truth_that_is_told_anew_changes_the_figures_and_not_the_bounds() -> None:
    seen, labelled = documents(np.random.default_rng(3), 50), Labelled(COSTS)
    for n in range(50):
        labelled.add(prediction(seen, n), int(seen.truths[n]))
    before, point = labelled.cost(), labelled.point()
    other = next(n for n in range(50) if not seen.ask[n] and seen.labels[n] == 2 and seen.truths[n] == 2)
    labelled.change(prediction(seen, other), 2, 0)
    assert labelled.cost() == before
    assert labelled.point() == pytest.approx((point[0] - 1 / 50, point[1] + 8 / 50))
    assert labelled.changed == 1


@given(tokens=st.integers(0, 100_000))
def test_lengths_are_few(tokens: int) -> None:
    name = length_of(tokens)
    low, high = name.rstrip("+").split("-") if "-" in name else (name.rstrip("+"), "100000")
    assert int(low) <= tokens <= int(high)
    assert len({length_of(each) for each in range(400)}) == len(LENGTHS) + 1


# Without feedback.


def streams(count: int, documents_each: int, **changes: float) -> list[tuple[Judged, NDArray[np.bool_], Estimate]]:
    made = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        seen = documents(random, documents_each, **changes)  # type: ignore[arg-type]
        known = rated(random, seen)
        made.append((seen, known, cost_of(told(seen, known), COSTS)))
    return made


def test_the_estimate_is_right_though_labels_are_no_random_choice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = streams(150, 3000)
    truth = np.array([realised(seen).mean() for seen, _, _ in made])
    mean = np.array([each.mean for *_, each in made])
    held = [each.lower <= true <= each.upper for (*_, each), true in zip(made, truth, strict=True)]
    naive = np.array([realised(seen)[known].mean() for seen, known, _ in made])
    alone = []
    for seen, known, _ in made:
        strata = promise_of(seen.probabilities, seen.labels, seen.ask, COSTS).strata
        mean_alone, error_alone = labels_alone(strata, realised(seen), known, 6)
        alone.append(abs(mean_alone - realised(seen).mean()) <= 1.96 * error_alone)
    error = (mean - truth).std() / np.sqrt(len(made))
    with capsys.disabled():
        say(f"\n  estimate {np.mean(held):.3f} held, error {np.abs(mean - truth).mean():.4f}, "
              f"of labels as they come {np.abs(naive - truth).mean():.4f}; "
              f"of intervals by labels alone {np.mean(alone):.3f} held")  # fmt: skip
    assert np.mean(held) >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / len(made))
    assert abs((mean - truth).mean()) <= 3 * error
    # Few labels miss what is rare and dear; probabilities know of it.
    assert np.mean(held) > np.mean(alone)
    # As they come, labels say mostly what asking costs.
    assert abs((naive - truth).mean()) > 3 * abs((mean - truth).mean())


def test_of_accuracy_the_corrected_interval_is_narrower_than_that_of_labels_alone() -> None:
    narrower, held = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        seen = documents(random, 4000)
        known = random.random(4000) < 0.1
        right = (seen.labels == seen.truths).astype(np.float64)
        found = accuracy_of(told(seen, known), COSTS)
        strata = promise_of(seen.probabilities, seen.labels, seen.ask, COSTS).strata
        narrower.append((found.upper - found.lower) / 2 < 1.96 * labels_alone(strata, right, known, 6)[1])
        held.append(found.lower <= right.mean() <= found.upper)
    assert np.mean(narrower) > 0.9
    assert np.mean(held) >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / 60)


def test_labels_correct_a_promise_that_is_broken() -> None:
    made = streams(40, 6000, sure=1.6, blur=1.5)
    truth = np.array([realised(seen).mean() for seen, _, _ in made])
    promised, mean = (np.array([getattr(each, name) for *_, each in made]) for name in ("promised", "mean"))
    assert np.abs(mean - truth).mean() < 0.5 * np.abs(promised - truth).mean()


def test_where_strata_have_no_label_the_estimate_says_so_and_takes_in_all_that_can_be() -> None:
    seen = documents(np.random.default_rng(5), 2000)
    only_asked = cost_of(told(seen, seen.ask), COSTS)
    assert not only_asked.trusted
    assert only_asked.unknown_share == pytest.approx((~seen.ask).mean())
    assert only_asked.lower <= realised(seen).mean() <= only_asked.upper
    assert only_asked.mean == pytest.approx(only_asked.promised)
    everything = cost_of(told(seen, np.ones(2000, dtype=bool)), COSTS)
    assert everything.trusted
    assert everything.mean == pytest.approx(realised(seen).mean())
    assert everything.upper == pytest.approx(everything.lower)
    nothing = cost_of(told(documents(np.random.default_rng(6), 0), np.zeros(0, dtype=bool)), COSTS)
    assert not nothing.trusted


@settings(deadline=None, max_examples=40)
@given(size=st.integers(1, 30), count=st.integers(0, 100))
def test_a_window_remembers_the_last_and_forgets_the_rest(size: int, count: int) -> None:
    recent, rows = Recent(size, 2), [0.25, 0.75]
    numbers = [recent.add(n % 2, rows, 1, n % 3 == 0) for n in range(count)]
    for n in numbers:
        recent.truth(n, n % 2)
    kept = list(range(max(0, count - size), count))
    for release in (0, 1):
        found = recent.of(release)
        assert len(found.labels) == sum(n % 2 == release for n in kept)
        assert (found.truths == release).all()
    recent.add(0, [np.nan, np.nan], 1, False)
    assert not np.isnan(recent.of(0).probabilities).any()


# Label shift.


def test_label_shift_is_found_and_its_cost_estimated_at_half_of_the_uncorrected_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Negatives from 16 % to 32 %, in steps; the mean over 16 models of the error of each step's estimate."""
    steps = [TWEETS + (ANGRY - TWEETS) * each for each in (0, 0.5, 1)]
    rows, held = [], []
    for shares in steps:
        truth = realised(documents(np.random.default_rng(9), 400_000, shares)).mean()
        errors = []
        for seed in range(16):
            random = np.random.default_rng(seed)
            judged, live = documents(random, 800), documents(random, 3000, shares)
            found = label_shift(judged, live.probabilities, live.labels, live.ask, COSTS, draws=30)
            assert found is not None
            errors.append((found.promised - truth, found.cost - truth, found.shares[0]))
            held.append(found.lower <= truth <= found.upper)
        rows.append(np.abs(errors).mean(axis=0))
        with capsys.disabled():
            say(f"\n  negatives {shares[0]:.0%}, told {rows[-1][2]:.1%}: a document costs {truth:.4f}, "
                  f"error {rows[-1][0]:.4f} uncorrected, {rows[-1][1]:.4f} corrected", end="")  # fmt: skip
    assert rows[-1][1] <= 0.5 * rows[-1][0]
    assert rows[-1][2] == pytest.approx(0.32, abs=0.02)
    assert np.mean(held) >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / len(held))


def test_a_model_that_is_too_sure_is_calibrated_on_the_judged_documents_before_shares_are_told() -> None:
    """Its promise is far too low, whatever classes are; half of that error is gone."""
    truth = realised(documents(np.random.default_rng(9), 200_000, ANGRY, sure=1.6)).mean()
    errors = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        judged, live = documents(random, 800, sure=1.6), documents(random, 3000, ANGRY, sure=1.6)
        found = label_shift(judged, live.probabilities, live.labels, live.ask, COSTS, draws=10)
        assert found is not None
        errors.append((found.promised - truth, found.cost - truth))
    promised, corrected = np.abs(errors).mean(axis=0)
    assert corrected <= 0.5 * promised


def test_calibrated_probabilities_are_as_frequent_as_the_classes_and_undo_a_wrong_temperature() -> None:
    seen = documents(np.random.default_rng(3), 3000, ANGRY, sure=2.0)
    found = calibrated(seen.probabilities, seen.truths)
    assert found.slope == pytest.approx(0.5, abs=0.1)
    shares = np.bincount(seen.truths) / 3000
    assert found.of(seen.probabilities).mean(axis=0) == pytest.approx(shares, abs=0.02)
    start = np.array([found.slope, *found.addends])
    again = fitted(log_rows(seen.probabilities), seen.truths, np.ones((1, 3000)), start)[0]
    assert again == pytest.approx(start, abs=1e-4)


def test_draws_reckoned_together_cost_what_each_does_by_itself() -> None:
    random = np.random.default_rng(4)
    judged, live = documents(random, 300), documents(random, 500, ANGRY)
    start, decided = calibrated(judged.probabilities, judged.truths), (live.labels, live.ask)
    together = resampled(
        judged.probabilities,
        judged.truths,
        Decided(live.probabilities, *decided),
        COSTS,
        start,
        20,
        np.random.default_rng(5),
    )
    again, alone = np.random.default_rng(5), []
    for _ in range(20):
        old, new = again.integers(300, size=300), again.integers(500, size=500)
        rows, truths, some = judged.probabilities[old], judged.truths[old], live.probabilities[new]
        made = calibrated(rows, truths)
        shares = class_shares(made.of(rows), truths, made.of(some).mean(axis=0))
        assert shares is not None
        corrected = made.of(some) * shares / (np.bincount(truths) / 300)
        corrected /= corrected.sum(axis=1, keepdims=True)
        alone.append(promise_of(corrected, live.labels[new], live.ask[new], COSTS).cost.mean())
    assert together == pytest.approx(alone, rel=1e-5)


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 12), sharp=st.booleans(), seed=st.integers(0, 1000))
def test_few_documents_and_such_as_are_told_apart_at_once_are_calibrated_to_something(
    count: int, sharp: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    truths = random.integers(3, size=count)
    rows = np.eye(3)[truths] if sharp else random.dirichlet(np.ones(3), count)
    made = calibrated(rows, truths).of(rows)
    assert np.isfinite(made).all()
    assert made.sum(axis=1) == pytest.approx(np.ones(count))


def test_shares_that_cannot_be_told_are_not_told() -> None:
    judged = documents(np.random.default_rng(1), 200)
    flat = np.full((200, 3), 1 / 3)
    assert class_shares(flat, judged.truths, flat.mean(axis=0)) is None
    only = judged.truths != 0
    assert class_shares(judged.probabilities[only], judged.truths[only], flat.mean(axis=0)) is None


@settings(deadline=None, max_examples=50)
@given(live=st.lists(st.floats(0.001, 1), min_size=3, max_size=3))
def test_shares_are_shares_whatever_is_seen(live: list[float]) -> None:
    judged = documents(np.random.default_rng(1), 300)
    found = class_shares(judged.probabilities, judged.truths, np.array(live) / sum(live))
    assert found is not None
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1)


# Has it become dearer?


def watched(seed: int, before: int, after: int, *, error: float, looks: int = 10, **changes: float) -> int | None:
    """Documents that were acted on after the change, until it is found; None: never. 800 documents were judged."""
    random = np.random.default_rng(seed)
    excess = Excess(COSTS, beyond_of(documents(random, 800), COSTS), 0.0, error)
    acted, every = 0, max(1, (before + after) // looks)
    parts = [documents(random, before), documents(random, after, **changes)]  # type: ignore[arg-type]
    for part, seen in enumerate(parts):
        cost = realised(seen)
        for n in np.flatnonzero(rated(random, seen) | ~seen.ask):
            excess.add(prediction(seen, int(n), at=(part * before + n) * 2.0), float(cost[n]))
            acted += part and not seen.ask[n]
            if n % every == 0:
                found = excess.look()
                if found is not None and found.lower > 0:
                    return acted if part else 0
    return None


def test_the_false_alarms_of_an_unchanged_release_are_within_its_share() -> None:
    """At an error of 0.2, so that 40 streams could show it; what is asked for is at most 0.05."""
    alarms = [watched(seed, 400, 400, error=0.2, looks=6) is not None for seed in range(40)]
    assert np.mean(alarms) <= allowed(0.2, 40)


def test_a_model_that_is_too_sure_is_found_also_long_after_its_release(capsys: pytest.CaptureFixture[str]) -> None:
    for before in (0, 1500):
        delays = [watched(seed, before, 2500, error=0.04, looks=25, sure=2.5, blur=3.0) for seed in range(6)]
        found = [each for each in delays if each is not None]
        with capsys.disabled():
            say(f"\n  0.58 EUR dearer after {before} documents: found in {len(found)} of 6, acted on {sorted(found)}")
        assert len(found) == 6
        assert 0 not in found


def test_order_is_irrelevant_and_memory_grows_with_the_logarithm_of_age() -> None:
    random = np.random.default_rng(4)
    seen, judged = documents(random, 600), beyond_of(documents(random, 400), COSTS)
    forward, backward = (Excess(COSTS, judged, 0.0, 0.05) for _ in range(2))
    cost, rows = realised(seen), list(range(600))
    for n in rows:
        forward.add(prediction(seen, n, at=n * 600.0), float(cost[n]))
    for n in rows[::-1]:
        backward.add(prediction(seen, n, at=n * 600.0), float(cost[n]))
    assert forward.documents == backward.documents
    assert forward.starts <= 4 * (2 + math.log2(600 * 10))
    one, other = forward.look(), backward.look()
    assert one is not None
    assert other is not None
    assert one.lower == pytest.approx(other.lower, abs=0.02)
    assert one.lower <= one.mean <= one.upper


def test_a_bound_on_the_excess_narrows_with_documents_of_both_kinds() -> None:
    values = np.array([-0.1, 1.0])

    def bound(judged: float, live: float) -> float:
        sample = Sample(-0.15, 1.0, values, judged * np.array([0.9, 0.1]), values, live * np.array([[0.5], [0.5]]))
        return float(least_excess([sample], 1.15, np.array([math.log(20)]))[0])

    few, more, most = bound(50, 20), bound(50, 200), bound(2000, 2000)
    assert few < more < most < 0.44
    assert most > 0.35


# What a release was judged on.


def test_a_reference_is_read_in_the_objective_s_order_and_refused_where_it_fits_nothing() -> None:
    seen = documents(np.random.default_rng(1), 30)
    order = [2, 0, 1]
    reference = Reference(
        documents=30,
        classes=[CLASSES[each] for each in order],
        probabilities=seen.probabilities[:, order].ravel().tolist(),
        truths=[order.index(each) for each in seen.truths],
    )
    read = judged_of(reference, CLASSES, COSTS)
    assert read is not None
    assert (read.truths == seen.truths).all()
    assert read.probabilities == pytest.approx(seen.probabilities, abs=1e-6)
    assert judged_of(Reference(), CLASSES, COSTS) is None
    reference.classes[0] = "unheard-of"
    assert judged_of(reference, CLASSES, COSTS) is None
