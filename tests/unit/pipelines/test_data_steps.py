"""From messages to the parts of a dataset: content-addressed, order-free, and without leaks between parts."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.errors import CrashError
from towpath.pipelines.steps.snapshot import load_snapshot, write_snapshot
from towpath.pipelines.steps.split import split
from towpath.v1 import Annotation, ClassLabel, Document


def documents(count: int) -> list[Document]:
    return [Document(document_id=f"doc-{n}", text=f"text {n}") for n in range(count)]


def annotations(count: int) -> list[Annotation]:
    label = ClassLabel(score=1.5)
    return [
        Annotation(annotation_id=f"a-{n}-{r}", document_id=f"doc-{n}", rater_id=f"r{r}", class_label=label)
        for n in range(count)
        for r in range(2)
    ]


def test_order_and_replays_do_not_change_a_snapshot(tmp_path: Path) -> None:
    first = write_snapshot(documents(20), annotations(20), tmp_path)
    shuffled, replayed = documents(20) * 2, annotations(20) * 3
    random.Random(7).shuffle(shuffled)
    random.Random(8).shuffle(replayed)
    assert write_snapshot(shuffled, replayed, tmp_path).id == first.id
    assert len(list(tmp_path.iterdir())) == 1


def test_any_change_of_content_is_another_snapshot(tmp_path: Path) -> None:
    first = write_snapshot(documents(5), annotations(5), tmp_path)
    changed = documents(5)
    changed[3].text += "!"
    fewer = annotations(5)[:-1]
    assert len({first.id, write_snapshot(changed, annotations(5), tmp_path).id,
                write_snapshot(documents(5), fewer, tmp_path).id}) == 3  # fmt: skip


def at(second: int, annotation: Annotation, **changed: object) -> Annotation:
    made = Annotation()
    made.CopyFrom(annotation)
    made.updated_at.FromSeconds(second)
    made.MergeFrom(Annotation(**changed))  # type: ignore[arg-type]
    return made


def test_the_last_revision_counts_and_what_was_taken_back_does_not(tmp_path: Path) -> None:
    first, *others = annotations(3)
    changed = at(2, first, class_label=ClassLabel(score=-4), guide_version="2")
    gone = Annotation(annotation_id=others[-1].annotation_id, deleted=True)
    gone.updated_at.FromSeconds(3)
    revisions = [at(1, each) for each in (first, *others)] + [changed, gone]
    made = write_snapshot(documents(3), revisions, tmp_path)
    rows = {row["annotation_id"]: row for row in made.annotations}
    assert (rows[first.annotation_id]["score"], rows[first.annotation_id]["guide_version"]) == (-4, "2")
    assert set(rows) == {each.annotation_id for each in (first, *others[:-1])}
    assert (made.path / "annotations.txt").read_text().split() == sorted(rows)
    assert write_snapshot(documents(3), [*reversed(revisions), changed], tmp_path).id == made.id
    assert load_snapshot(made.path) == made


def test_a_snapshot_that_an_earlier_version_made_is_still_itself(tmp_path: Path) -> None:
    made = write_snapshot(documents(5), annotations(5), tmp_path)
    # What was written before ids could be had from the one before, without the column of guides' versions.
    old = "sha256:d9ba360689ac9ab50e5f907b2c251d0e6ef19ebdf9420ea73350491362738bb3"
    (made.path / "snapshot.json").write_text(json.dumps({"id": old, "documents": 5, "annotations": 10}))
    file = made.path / "annotations.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["guide_version"]), file)
    assert load_snapshot(made.path).id == old


def test_only_what_has_both_document_and_annotation_is_in_it(tmp_path: Path) -> None:
    made = write_snapshot(documents(5), annotations(3) + annotations(9)[16:], tmp_path)
    assert [row["document_id"] for row in made.documents] == ["doc-0", "doc-1", "doc-2"]
    assert {row["document_id"] for row in made.annotations} == {"doc-0", "doc-1", "doc-2"}


def test_a_snapshot_is_read_as_it_was_written_and_refused_when_changed(tmp_path: Path) -> None:
    made = write_snapshot(documents(5), annotations(5), tmp_path)
    assert load_snapshot(made.path) == made
    file = made.path / "documents.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(1), file)
    with pytest.raises(CrashError, match="does not match its id"):
        load_snapshot(made.path)


@given(st.lists(st.text(max_size=20), max_size=60))
def test_each_text_is_in_exactly_one_part_and_copies_are_in_the_same(texts: list[str]) -> None:
    texts = [*texts, *(text.upper().lower() for text in texts), *(f"  {text} " for text in texts)]
    parts = split(texts)
    part_of = {int(index): name for name in ("train", "calibration", "test") for index in getattr(parts, name)}
    assert sorted(part_of) == list(range(len(texts)))
    by_words: dict[str, set[str]] = {}
    for index, text in enumerate(texts):
        by_words.setdefault(" ".join(text.lower().split()), set()).add(part_of[index])
    assert all(len(names) == 1 for names in by_words.values())


@given(st.lists(st.text(min_size=1), min_size=1, max_size=40, unique=True), st.text())
def test_a_texts_part_does_not_depend_on_the_others(texts: list[str], more: str) -> None:
    before, after = split(texts), split([*texts, more])
    for name in ("train", "calibration", "test"):
        assert set(getattr(before, name)) <= set(getattr(after, name))


def test_the_parts_have_the_sizes_that_were_asked_for() -> None:
    # A thousandth of chance of a false alarm: 3.3 standard deviations of a binomial share on each side.
    parts, count = split([f"tweet number {n}" for n in range(10_000)], test=0.3, calibration=0.1), 10_000
    for found, share in ((parts.test, 0.3), (parts.calibration, 0.1)):
        assert abs(len(found) - share * count) < 3.3 * (count * share * (1 - share)) ** 0.5
