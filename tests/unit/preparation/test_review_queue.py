"""The queue holds what is hard to believe, bounded by the objective, and knows what was looked at."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from support.objective import CATS_OR_DOGS
from towpath.core.errors import RejectedError
from towpath.core.objective import Objective, load_objective
from towpath.preparation.labels.queue import queue_state, read_queue, written_queue
from towpath.preparation.labels.ratings import Rating
from towpath.preparation.labels.review import Review, review

N, WRONG = 200, (3, 51, 120)
DOCUMENTS = [f"d{n:03}" for n in range(N)]
RATINGS = [
    Rating(f"a-{rater}-{n}", DOCUMENTS[n], rater, ("cat", "dog")[(n % 2) ^ (n in WRONG)], None, "1", 0.0, None)
    for n in range(N)
    for rater in (("r1", "r2") if n % 3 else ("r1",))
]


@cache
def rows() -> NDArray[np.float64]:
    made = np.random.default_rng(0).normal(0, 0.3, (N, 8))
    made[:, 0] += np.where(np.arange(N) % 2, 2.0, -2.0)
    return made


def queued(tmp_path: Path, share: float, leave_out: frozenset[str] = frozenset()) -> Review:
    texts = [f"{('meow', 'woof')[n % 2]} {n} \u202e\u2028" for n in range(N)]
    return review(RATINGS, DOCUMENTS, texts, rows(), objective(tmp_path, share), leave_out=leave_out)


def objective(tmp_path: Path, share: float) -> Objective:
    data = yaml.safe_load(CATS_OR_DOGS)
    data["contract"]["labels"] = {"review": {"queueShare": share}}
    (tmp_path / "objective.yaml").write_text(yaml.safe_dump(data))
    return load_objective(tmp_path / "objective.yaml")


def test_wrong_labels_are_queued_and_nothing_else(tmp_path: Path) -> None:
    found = queued(tmp_path, 1.0)
    assert {each.document_id for each in found.queue} == {DOCUMENTS[n] for n in WRONG}
    first = found.queue[0]
    assert {first.given, first.suspected} == {"cat", "dog"}
    assert first.score > 0.5
    assert first.votes == {first.given: len(first.known)}
    assert f"ratings say {first.given}" in first.why


def test_one_number_of_the_objective_bounds_the_queue(tmp_path: Path) -> None:
    assert len(queued(tmp_path, 0.01).queue) == 2
    assert len(queued(tmp_path, 0.0).queue) == 0


def test_what_was_reviewed_is_not_asked_again(tmp_path: Path) -> None:
    found = queued(tmp_path, 0.01, leave_out=frozenset({DOCUMENTS[3]}))
    assert {each.document_id for each in found.queue} == {DOCUMENTS[51], DOCUMENTS[120]}


def test_a_rating_since_then_counts_as_a_review(tmp_path: Path) -> None:
    queue = queued(tmp_path, 1.0).queue
    ids = [each.document_id for each in queue]
    assert queue_state(queue, RATINGS) == ((), tuple(ids))
    of_first = next(each for each in RATINGS if each.document_id == ids[0])
    confirmed = replace(of_first, annotation_id="new", rater_id="reviewer")
    changed = [replace(each, label=queue[1].suspected) if each.document_id == ids[1] else each for each in RATINGS]
    assert queue_state(queue, [*changed, confirmed]) == ((ids[0], ids[1]), (ids[2],))


def test_taking_a_rating_back_is_no_review(tmp_path: Path) -> None:
    queue = queued(tmp_path, 1.0).queue
    left = [each for each in RATINGS if each.document_id != queue[0].document_id]
    assert not queue_state(queue, left).reviewed


def test_an_entry_may_say_itself_that_it_was_reviewed(tmp_path: Path) -> None:
    queue = queued(tmp_path, 1.0).queue
    text = written_queue(queue).replace('"reviewed":false', '"reviewed":true', 1)
    assert queue_state(read_queue(text), RATINGS).reviewed == (queue[0].document_id,)


def test_a_queue_is_read_as_it_was_written(tmp_path: Path) -> None:
    queue = queued(tmp_path, 1.0).queue
    assert read_queue(written_queue(queue)) == list(queue)


@pytest.mark.parametrize("bad", ["{", "[]", '{"documentId": "d"}', '{"documentId": 7, "score": "x"}'])
def test_a_broken_line_is_named(tmp_path: Path, bad: str) -> None:
    text = written_queue(queued(tmp_path, 1.0).queue) + bad
    with pytest.raises(RejectedError, match=r"queue.ndjson:4: .*towpath labels queue"):
        read_queue(text, name="queue.ndjson")
