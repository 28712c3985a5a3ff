"""Any sequence of increments is the one full snapshot."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.objective import CATS_OR_DOGS
from towpath.core.objective import Objective, load_objective
from towpath.pipelines.snapshots.growth import everything
from towpath.pipelines.snapshots.tally import Reading
from towpath.pipelines.steps.snapshot import write_snapshot

from .conftest import Town, document, word

few = st.integers(0, 5)
documents = st.builds(document, few, st.sampled_from(["", "another text of this id"]))
words = st.builds(word, few, st.sampled_from("rs"), st.sampled_from(["cat", "dog", "bird"]), st.integers(0, 9))
taken_back = st.builds(lambda n, at, known: word(n, at=at, deleted=True, **({} if known else {"document_id": ""})),
                       few, st.integers(0, 9), st.booleans())  # fmt: skip
moved = st.builds(lambda n, to, at: word(n, at=at, document_id=f"doc-{to}"), few, few, st.integers(0, 9))
portions = st.lists(
    st.lists(st.one_of(documents, words, taken_back, moved), min_size=1, max_size=12), min_size=1, max_size=6
)


@settings(max_examples=50)
@given(portions, st.booleans(), st.integers(1, 7))
def test_increments_come_to_what_one_snapshot_of_all_does(sent: list[list[object]], dated: bool, batch: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        town, reading = Town(Path(folder) / "a"), Reading(dated)
        for portion in sent:
            town.send(*portion)  # type: ignore[arg-type]
            grown = town.make(reading, batch=batch).manifest
        at_once = town.anew(Path(folder) / "b", reading).manifest
        told = ("id", "document_count", "annotation_count", "held", "raters", "classes", "state", "offsets")
        assert [getattr(grown, name) for name in told] == [getattr(at_once, name) for name in told]
        # And what training makes of the same messages has the same id.
        part = everything(town.depot, grown)
        trained = write_snapshot(part.documents.values(), part.words.values(), Path(folder) / "c", dated=dated)
        assert (trained.id, len(trained.annotations)) == (grown.id, grown.annotation_count)
        assert len(trained.documents) == grown.document_count


def test_an_objective_is_counted_by_and_a_change_of_it_recounts(town: Town, tmp_path: Path) -> None:
    town.annotated(*range(4))
    town.annotated(*range(4, 6), label="dog")
    assert town.make().manifest.classes == {"cat": 4, "dog": 2}
    town.annotated(6, label="bird")
    objective = cats_or_dogs(tmp_path)
    made = town.make(Reading(objective=objective)).manifest
    assert made.classes == {"": 1, "cat": 4, "dog": 2}
    assert made.objective == objective.hash
    assert made.id == town.anew(tmp_path / "b").manifest.id, "whose classes are counted is not content"


def test_small_chunks_become_large_ones_and_nothing_else_is_left(town: Town) -> None:
    for n in range(40):
        town.annotated(n)
        made = town.make().manifest
    assert len(made.documents) <= 6, [each.rows for each in made.documents]
    assert made.document_count == sum(each.rows for each in made.documents) == 40
    named = {each.sha256 for manifest in town.depot.manifests() for each in manifest.chunks}
    assert {file.stem for file in town.depot.cache.glob("*.parquet")} == named


def test_what_one_more_document_costs_does_not_grow_with_what_is_there(town: Town) -> None:
    town.annotated(*range(400))
    first = town.make().manifest
    town.annotated(400)
    second = town.make().manifest
    new = set(second.chunks) - set(first.chunks)
    assert set(first.chunks) < set(second.chunks)
    assert sum(each.rows for each in new) == 2


@pytest.mark.parametrize("dated", [False, True])
def test_when_documents_were_made_is_content_where_that_is_asked_for(town: Town, dated: bool, tmp_path: Path) -> None:
    town.annotated(1)
    one = town.make(Reading(dated)).manifest
    other = Town(tmp_path / "other")
    late = document(1)
    late.created_at.FromSeconds(1_600_000_000)
    other.send(late, word(1))
    assert (other.make(Reading(dated)).manifest.id == one.id) is not dated


def cats_or_dogs(folder: Path) -> Objective:
    (folder / "objective.yaml").write_text(CATS_OR_DOGS)
    return load_objective(folder / "objective.yaml")
