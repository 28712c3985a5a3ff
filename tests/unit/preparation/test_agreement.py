"""Agreement is what the textbooks and other programs say it is."""

from __future__ import annotations

from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from towpath.core.objective import Objective, load_objective
from towpath.preparation.labels.agreement import summary
from towpath.preparation.labels.alpha import Scale, Sums, alpha, alphas, estimate, sums_of
from towpath.preparation.labels.icc import icc
from towpath.preparation.labels.kappa import kappa, kappas
from towpath.preparation.labels.ratings import Rating

ROOT = Path(__file__).parents[3]
SCALES: tuple[Scale, ...] = ("nominal", "ordinal", "interval")
# Krippendorff's own example (2011, "Computing Krippendorff's alpha-reliability", section C).
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
        [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan],
    ]
)
# Shrout & Fleiss 1979, table 2.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def sums(matrix: NDArray[np.float64], scale: Scale, classes: int) -> Sums:
    rater, document = np.nonzero(np.isfinite(matrix))
    return sums_of(document, matrix[rater, document], scale, documents=matrix.shape[1], classes=classes)


def ratings(matrix: NDArray[np.float64], **other: object) -> list[Rating]:
    """Grades of (raters, documents) under the example's objective."""
    objective = load_objective(ROOT / "objective.yaml")
    about = {"guide_version": "1", "created_at": 0.0, "lead_seconds": None, **other}
    return [
        Rating(f"a-{r}-{d}", f"d{d:04}", f"r{r:02}", objective.class_of_grade(grade), float(grade), **about)  # type: ignore[arg-type]
        for (r, d), grade in np.ndenumerate(matrix)
        if np.isfinite(grade)
    ]


def scaled(scale: Scale) -> Objective:
    data = load_objective(ROOT / "objective.yaml").model_dump(mode="json", by_alias=True)
    data["contract"]["labels"]["agreement"]["scale"] = scale
    return Objective.model_validate(data)


@pytest.mark.parametrize(("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_textbook(scale: Scale, published: float) -> None:
    assert alpha(sums(KRIPPENDORFF - 1, scale, 5)) == pytest.approx(published, abs=5e-4)


@st.composite
def matrices(draw: st.DrawFn) -> NDArray[np.float64]:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    raters, documents, classes = draw(st.integers(2, 6)), draw(st.integers(2, 12)), draw(st.integers(2, 5))
    matrix = random.integers(0, classes, (raters, documents)).astype(float)
    matrix[random.random(matrix.shape) < draw(st.floats(0, 0.7))] = np.nan
    return matrix


@given(matrix=matrices(), scale=st.sampled_from(SCALES), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_alpha_is_the_krippendorff_packages_of_all_and_of_every_resample(
    matrix: NDArray[np.float64], scale: Scale, seed: int
) -> None:
    matrix = matrix[:, np.isfinite(matrix).sum(axis=0) > 1]
    if matrix.shape[1] == 0:
        return
    weights = np.random.default_rng(seed).multinomial(matrix.shape[1], np.full(matrix.shape[1], 1 / matrix.shape[1]), 4)
    weights = np.vstack([np.ones((1, matrix.shape[1]), dtype=np.int64), weights])
    found = alphas(sums(matrix, scale, 5), weights.astype(float))
    for row, value in zip(weights, found, strict=True):
        resample = np.repeat(matrix, row, axis=1)
        if len(np.unique(resample[np.isfinite(resample)])) < 2:
            assert np.isnan(value)
        else:
            expected = krippendorff.alpha(reliability_data=resample, level_of_measurement=scale)
            assert value == pytest.approx(expected, abs=1e-9)


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Grades of a normal model whose alpha is known: 1 - within / total variance."""
    truth, held = 1 - 0.5 / 1.5, 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        matrix = random.normal(size=80) + random.normal(scale=np.sqrt(0.5), size=(3, 80))
        found = estimate(sums(matrix, "interval", 0), confidence=0.9, samples=300, seed=seed)
        held += found.low <= truth <= found.high
    assert 0.82 <= held / 200 <= 0.96


def test_the_same_ratings_give_the_same_interval_and_repeated_documents_a_narrower_one() -> None:
    random = np.random.default_rng(0)
    matrix = np.clip(np.round(random.normal(scale=2, size=60) + random.normal(size=(4, 60))), -4, 4)
    first, again = (estimate(sums(matrix, "interval", 0), confidence=0.95, samples=500) for _ in range(2))
    assert first == again
    more = estimate(sums(np.tile(matrix, 25), "interval", 0), confidence=0.95, samples=500)
    assert (more.high - more.low) * 5 == pytest.approx(first.high - first.low, rel=0.2)


@given(seed=st.integers(0, 2**32), classes=st.integers(2, 5), count=st.integers(5, 60))
@settings(max_examples=60, deadline=None)
def test_kappa_is_sklearns(seed: int, classes: int, count: int) -> None:
    random = np.random.default_rng(seed)
    first = random.integers(0, classes, count)
    second = np.where(random.random(count) < 0.5, first, random.integers(0, classes, count))
    labels = list(range(classes))
    if len({*first, *second}) < 2:
        return
    plain = cohen_kappa_score(first, second, labels=labels)
    weighted = cohen_kappa_score(first, second, labels=labels, weights="quadratic")
    assert kappa(first.astype(float), second.astype(float), classes=classes) == pytest.approx(plain, abs=1e-9)
    assert kappa(first.astype(float), second.astype(float), classes=None) == pytest.approx(weighted, abs=1e-9)


def test_kappa_goes_by_the_documents_that_both_rated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("towpath.preparation.labels.kappa._CHUNK", 7)  # in pieces, as of many documents
    random = np.random.default_rng(1)
    values = random.integers(0, 3, (3, 40)).astype(float)
    values[0, :15], values[1, 30:] = np.nan, np.nan
    found = {(each.first, each.second): each for each in kappas(values, classes=3)}
    assert found[0, 1].documents == 15
    assert found[0, 1].kappa == pytest.approx(cohen_kappa_score(values[0, 15:30], values[1, 15:30]))


def test_icc_of_the_textbook() -> None:
    document, _ = np.nonzero(SHROUT_FLEISS)
    found = icc(document, SHROUT_FLEISS.ravel())
    assert (found.single, found.mean) == pytest.approx((0.17, 0.44), abs=5e-3)


def test_a_summary_tells_who_and_what_lowers_agreement() -> None:
    random = np.random.default_rng(3)
    truth = random.choice([-3, 0, 3], 200)
    matrix = np.clip(truth + random.integers(-1, 2, (5, 200)), -4, 4).astype(float)
    matrix[4] = np.clip(matrix[4] + 1, -4, 4)
    matrix[3] = random.integers(-4, 5, 200)
    made = summary(ratings(matrix), load_objective(ROOT / "objective.yaml"))
    by = {each.rater: each for each in made.by_rater}
    assert max(by.values(), key=lambda each: each.alpha_without).rater == "r03"
    assert by["r03"].alpha_without == pytest.approx(
        krippendorff.alpha(reliability_data=np.delete(matrix, 3, axis=0), level_of_measurement="interval")
    )
    assert min(by.values(), key=lambda each: each.with_others).rater == "r03"
    assert max(by.values(), key=lambda each: each.bias).rater == "r04"
    assert min(each.kappa for each in made.pairs) < 0.3 < max(each.kappa for each in made.pairs)
    assert not made.met


@pytest.mark.parametrize("scale", SCALES)
def test_parts_are_by_guide_version_and_time(scale: Scale) -> None:
    random = np.random.default_rng(4)
    truth = random.choice([-3, 0, 3], 300)
    vague = np.clip(truth[:150] + random.integers(-3, 4, (3, 150)), -4, 4).astype(float)
    clear = np.tile(truth[150:], (3, 1)).astype(float)
    early = ratings(vague, guide_version="1", created_at=1000.0)
    late = [
        Rating(f"b{e.annotation_id}", f"x{e.document_id}", e.rater_id, e.label, e.score, "2", 2000.0 + n, 3.0)
        for n, e in enumerate(ratings(clear))
    ]
    objective = scaled(scale)
    made = summary([*early, *late], objective)
    assert made.by_guide["1"].high < 0.99
    assert made.by_guide["2"].value == pytest.approx(1)
    assert made.over_time[0].alpha.value < 0.99
    assert made.over_time[-1].alpha.value == pytest.approx(1)
    assert [each.start for each in made.over_time] == sorted(each.start for each in made.over_time)
    for name, found in made.classes.items():
        hit = [[float(name == objective.class_of_grade(g)) for g in row] for row in np.hstack([vague, clear])]
        assert found.value == pytest.approx(krippendorff.alpha(reliability_data=hit, level_of_measurement="nominal"))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("matrix", [np.zeros((0, 0)), np.ones((1, 3)), np.ones((3, 4))], ids=["none", "one", "same"])
def test_what_is_not_defined_is_null_and_meets_no_floor(scale: Scale, matrix: NDArray[np.float64]) -> None:
    made = summary(ratings(matrix), scaled(scale))
    assert made.to_dict()["alpha"]["value"] is None
    assert not made.met


def test_a_raters_last_word_on_a_document_counts() -> None:
    matrix = np.array([[-3.0, 3, 0, 1], [-3, 3, 0, 1]])
    old = [Rating("z", "d0000", "r00", "positive", 4.0, "1", -5.0, None)]
    assert summary([*ratings(matrix), *old], load_objective(ROOT / "objective.yaml")).alpha.value == 1
