"""Labels are released when the objective's requirements are met, and otherwise it is said what it takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from towpath.core.errors import CrashError
from towpath.core.objective import Objective, load_objective
from towpath.preparation.labels.agreement import summary
from towpath.preparation.labels.queue import QueueState
from towpath.preparation.labels.ratings import Rating
from towpath.preparation.labels.release import make_release, read_release, write_release
from towpath.preparation.labels.requirements import Requirement, complete, verdict

ROOT = Path(__file__).parents[3]


def objective(floor: float = 0.667, least: int = 3, review: float = 0.0) -> Objective:
    data = load_objective(ROOT / "objective.yaml").model_dump(mode="json", by_alias=True)
    labels = data["contract"]["labels"]
    labels["agreement"]["floor"], labels["minRatersPerDocument"] = floor, least
    labels["review"]["minReviewedShare"] = review
    return Objective.model_validate(data)


def ratings(documents: int = 60, raters: int = 3, noise: float = 1.0, seed: int = 0) -> list[Rating]:
    random = np.random.default_rng(seed)
    truth = random.normal(scale=2, size=documents)
    given = np.clip(np.round(truth + random.normal(scale=noise, size=(raters, documents))), -4, 4)
    whose = objective()
    return [
        Rating(f"a-{d}-{r}", f"d{d:03}", f"r{r}", whose.class_of_grade(g), float(g), "1", 0.0, None)
        for (r, d), g in np.ndenumerate(given)
    ]


def told(rows: list[Rating], whose: Objective, review: QueueState | None = None) -> dict[str, Requirement]:
    return {each.name: each for each in verdict(rows, summary(rows, whose), whose, review).requirements}


def test_one_number_of_the_objective_changes_the_verdict() -> None:
    rows = ratings()
    alpha = summary(rows, objective()).alpha
    for floor, met in ((alpha.low - 0.01, True), (alpha.low + 0.01, False)):
        assert verdict(rows, summary(rows, objective(floor)), objective(floor), None).met is met
    for least, met in ((3, True), (4, False)):
        assert told(rows, objective(least=least))["raters"].met is met


def test_documents_are_asked_for_where_they_help_and_are_enough() -> None:
    rows = ratings(documents=60)
    alpha = summary(rows, objective()).alpha
    whose = objective(floor=(alpha.low + alpha.value) / 2)
    short = told(rows, whose)["agreement"]
    assert short.more is not None
    assert short.more == pytest.approx(3 * 60, rel=0.1), "half the distance takes four times the documents"
    assert f"{short.more:,} more documents" in short.lacking
    # The same again, so that there are so many documents of the same variance.
    again = [
        Rating(f"{n}{e.annotation_id}", f"{n}{e.document_id}", e.rater_id, e.label, e.score, "1", 0.0, None)
        for n in range(4)
        for e in rows
    ]
    found = summary(again, whose).alpha
    assert found.low == pytest.approx(whose.contract.labels.agreement.floor, abs=0.02)


def test_where_the_estimate_is_below_the_floor_the_guide_is_to_be_mended() -> None:
    rows = ratings(noise=4)
    agreement = told(rows, objective())["agreement"]
    assert (agreement.met, agreement.more) == (False, None)
    assert "Mend the guide, first for class 'neutral'" in agreement.lacking


def test_missing_ratings_are_counted_and_such_documents_can_be_left_out() -> None:
    rows = [each for each in ratings() if each.annotation_id not in {"a-0-0", "a-0-1", "a-7-2"}]
    raters = told(rows, objective())["raters"]
    assert (raters.met, raters.more) == (False, 3)
    assert "2 of 60 documents" in raters.lacking
    kept = complete(rows, objective())
    assert told(kept, objective())["raters"].met
    assert {each.document_id for each in kept}.isdisjoint({"d000", "d007"})


@pytest.mark.parametrize(
    ("share", "state", "met", "more"),
    [
        (0.0, None, True, None),
        (0.5, None, False, None),
        (0.5, QueueState(("d001",), ("d002", "d003", "d004")), False, 1),
        (0.5, QueueState(("d001", "d002"), ("d003", "d004")), True, None),
        (1.0, QueueState(("d001",), ()), True, None),
    ],
)
def test_review_is_counted(share: float, state: QueueState | None, met: bool, more: int | None) -> None:
    found = told(ratings(), objective(review=share), state)["review"]
    assert (found.met, found.more) == (met, more)
    assert bool(found.lacking) is not met


def test_without_a_floor_one_rater_is_enough_and_with_one_two_are_wanted() -> None:
    rows = ratings(raters=1)
    assert verdict(rows, summary(rows, objective(0.0, 1)), objective(0.0, 1), None).met
    assert "two raters" in told(rows, objective(0.1, 1))["agreement"].lacking


def test_the_same_labels_are_the_same_release_and_a_changed_one_is_another(tmp_path: Path) -> None:
    rows, whose = ratings(), objective()
    agreement = summary(rows, whose)
    made = make_release(rows, whose, agreement, verdict(rows, agreement, whose, None))
    folder = write_release(made, tmp_path)
    assert write_release(made, tmp_path) == folder
    assert make_release(rows[::-1], whose, agreement, verdict(rows, agreement, whose, None)).id == made.id
    assert read_release(folder) == made
    about = json.loads((folder / "release.json").read_text())
    assert about["objectiveHash"] == whose.hash
    assert about["guideVersions"] == {"1": 180}
    assert sum(about["counts"]["byClass"].values()) == about["counts"]["documents"] == 60
    changed = pq.read_table(folder / "labels.parquet").to_pylist()
    changed[0]["label"] = "neutral" if changed[0]["label"] != "neutral" else "positive"
    import pyarrow as pa

    pq.write_table(pa.Table.from_pylist(changed), folder / "labels.parquet")
    with pytest.raises(CrashError, match="not those of"):
        read_release(folder)


def test_what_does_not_meet_the_requirements_is_not_released() -> None:
    rows, whose = ratings(noise=4), objective()
    agreement = summary(rows, whose)
    with pytest.raises(ValueError, match="do not meet"):
        make_release(rows, whose, agreement, verdict(rows, agreement, whose, None))
