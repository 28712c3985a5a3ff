"""Predictions over history: every document once, whatever happens on the way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.scoring import Write, opened, parts, text
from towpath.core.errors import ConflictError, RejectedError
from towpath.core.ids import document_id, prediction_id
from towpath.model import Model
from towpath.pipelines.scoring import BundleRef, Here, Limit, Place, Told, predict_over
from towpath.pipelines.scoring.score import CHUNK, DOCUMENTS, score
from towpath.preparation.sources import Source

ROWS = 2 * CHUNK + 100


def rows(folder: Path) -> list[dict[str, Any]]:
    return [row for each in sorted(folder.glob("part-*")) for row in pq.read_table(each).to_pylist()]


@pytest.fixture
def predict(bundle: BundleRef, tmp_path: Path) -> Callable[..., Any]:
    def run(source: Source, to: str, ref: BundleRef = bundle, **options: Any) -> Any:
        return predict_over(source, ref, tmp_path / to, Here(), home=tmp_path, **options)

    return run


def test_a_row_says_what_the_model_says_and_what_the_stream_would(
    predict: Callable[..., Any], bundle: BundleRef, csv: Write, tmp_path: Path
) -> None:
    made = predict(csv(50), "out")
    model = Model.load(Path(bundle.place.url.removeprefix("file://")))
    answers = model.predict([text(number) for number in range(50)])
    assert [row["document_id"] for row in rows(tmp_path / "out")] == [f"d{number}" for number in range(50)]
    for number, (row, answer) in enumerate(zip(rows(tmp_path / "out"), answers, strict=True)):
        assert row["prediction_id"] == prediction_id(f"d{number}", model.release_id)
        assert row["probabilities"] == pytest.approx(answer.probabilities, abs=1e-6)
        assert (row["label"], row["decision"], row["truncated"]) == (answer.label, answer.decision, answer.truncated)
        assert row["expected_cost"] == pytest.approx(answer.expected_cost, abs=1e-5)
        assert row["release_id"] == model.release_id
    assert made.totals.documents == 50
    assert made.totals.expected_cost == pytest.approx(sum(each.expected_cost for each in answers), abs=1e-3)
    assert made.totals.truncated == sum(each.truncated for each in answers) > 0
    assert made.unit == "EUR"


def test_any_sharding_gives_the_same_rows(predict: Callable[..., Any], csv: Write, tmp_path: Path) -> None:
    source, found = csv(ROWS), []
    for size in (1, CHUNK + 1, 3 * CHUNK, 100 * CHUNK):
        made = predict(source, f"out-{size}", shard_rows=size)
        found.append((rows(tmp_path / f"out-{size}"), made.input.id, made.totals))
        assert max(shard.rows for shard in made.shards) <= -(-size // CHUNK) * CHUNK
    assert [len(each[0]) for each in found] == [ROWS] * 4
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("done", [0, 1, 3])
def test_interrupted_after_any_part_it_goes_on_to_the_same_end(
    done: int, predict: Callable[..., Any], csv: Write, tmp_path: Path
) -> None:
    source = csv(ROWS, extra='b1,"  "\n')
    whole = predict(source, "whole", shard_rows=CHUNK)
    heard = list[int]()

    def interrupt(documents: int) -> None:
        heard.append(documents)
        if len(heard) == done + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(source, "out", shard_rows=CHUNK, told=Told(done=interrupt))
    there = set(parts(tmp_path / "out"))
    heard.clear()
    made = predict(source, "out", shard_rows=CHUNK, told=Told(done=heard.append))
    assert parts(tmp_path / "out") == parts(tmp_path / "whole")
    assert len(there) == done
    assert len(heard) == 1 + 3 - done, "what was done is not done again"
    assert made.totals == whole.totals
    assert (tmp_path / "out" / "_refused.ndjson").read_bytes() == (tmp_path / "whole" / "_refused.ndjson").read_bytes()


KILLED = """
import os, signal, sys
from pathlib import Path
from support.scoring import opened, ref_of
from towpath.pipelines.scoring import Here, Told, predict_over

folder, heard = Path(sys.argv[1]), []

def kill(done):
    heard.append(done)
    if len(heard) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

source, ref = opened(folder / "documents.csv"), ref_of(Path(sys.argv[2]))
predict_over(source, ref, folder / "out", Here(), home=folder, shard_rows=1024, told=Told(done=kill))
"""


def test_killed_it_is_gone_on_with_and_ends_the_same(
    predict: Callable[..., Any], bundle: BundleRef, csv: Write, tmp_path: Path
) -> None:
    source = csv(ROWS)
    predict(source, "whole", shard_rows=CHUNK)
    command = [sys.executable, "-c", KILLED, str(tmp_path), bundle.place.url.removeprefix("file://")]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(parts(tmp_path / "out")) == 2
    made = predict(source, "out", shard_rows=CHUNK)
    assert parts(tmp_path / "out") == parts(tmp_path / "whole")
    assert made.totals.documents == ROWS
    assert {each.name for each in (tmp_path / "out").iterdir()} - set(parts(tmp_path / "out")) == {
        "_manifest.json",
        ".lock",
    }


def test_two_runs_are_equal_and_a_third_does_nothing(predict: Callable[..., Any], csv: Write, tmp_path: Path) -> None:
    source = csv(100)
    predict(source, "a")
    predict(source, "b")
    assert parts(tmp_path / "a") == parts(tmp_path / "b")
    heard = list[int]()
    again = predict(source, "a", told=Told(read=heard.append, done=heard.append))
    assert (heard, again.state, again.totals.documents) == ([], "complete", 100)


def test_releases_are_not_mixed_nor_inputs(predict: Callable[..., Any], csv: Write, other_bundle: BundleRef) -> None:
    source = csv(100)
    for place in ("out", "out.parquet"):
        predict(source, place)
        with pytest.raises(ConflictError, match=r"(?i)name another"):
            predict(source, place, other_bundle)
    changed = csv(101)
    for place in ("out", "out.parquet"):
        with pytest.raises(ConflictError, match="Name another"):
            predict(changed, place)


def test_one_file_has_all_parts_and_is_not_made_twice(predict: Callable[..., Any], csv: Write, tmp_path: Path) -> None:
    source = csv(ROWS, extra="b1,\n")
    predict(source, "out", shard_rows=CHUNK)
    predict(source, "all.parquet", shard_rows=CHUNK)
    assert pq.read_table(tmp_path / "all.parquet").to_pylist() == rows(tmp_path / "out")
    assert sorted(each.name for each in tmp_path.glob("*all*")) == ["all.parquet", "all.refused.ndjson"]
    before = (tmp_path / "all.parquet").stat().st_mtime_ns
    assert predict(source, "all.parquet").totals.documents == ROWS
    assert (tmp_path / "all.parquet").stat().st_mtime_ns == before
    (tmp_path / "notes.parquet").write_text("mine")
    with pytest.raises(ConflictError, match="in the way"):
        predict(source, "notes.parquet")
    assert (tmp_path / "notes.parquet").read_text() == "mine"


def test_what_cannot_be_used_is_told_with_its_line(predict: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "documents.ndjson"
    given = [
        '{"documentId": "a", "text": "fine"}',
        '{"documentId": "b"}',
        "no JSON",
        '{"documentId": "c", "text": "\\ud800"}',
        '["a"]',
        json.dumps({"documentId": "d", "text": "x" * 100_001}),
        '{"text": "no id", "source": "mail"}',
    ]
    file.write_text("\n".join(given))
    made = predict(opened(file), "out")
    refused = [json.loads(line) for line in (tmp_path / "out" / "_refused.ndjson").read_text().splitlines()]
    assert [each["line"] for each in refused] == [2, 3, 4, 5, 6]
    assert all(each["file"] == "documents.ndjson" and each["reason"] for each in refused)
    assert [row["document_id"] for row in rows(tmp_path / "out")] == ["a", document_id("mail", "no id")]
    assert (made.totals.documents, made.totals.refused) == (2, 5)


def test_too_many_unusable_rows_stop_it_before_anything_is_predicted(
    predict: Callable[..., Any], csv: Write, tmp_path: Path
) -> None:
    source = csv(100, extra='x,"  "\n' * 30)
    with pytest.raises(RejectedError, match=r"documents.csv:122: 21 of the first 121 rows cannot be used.*blank"):
        predict(source, "out", limit=Limit(share=0.1, minimum=20))
    assert parts(tmp_path / "out") == {}
    assert predict(source, "out", limit=Limit(share=0.3, minimum=20)).totals.refused == 30


def test_a_document_that_the_model_cannot_take_costs_no_other(bundle: BundleRef) -> None:
    model = Model.load(Path(bundle.place.url.removeprefix("file://")))

    class Picky:
        classes, release_id = model.classes, model.release_id

        def predict(self, texts: list[str]) -> Any:
            if any("poison" in each for each in texts):
                raise ValueError("no finite probability")
            return model.predict(texts)

    texts = ["good", "poison", "fine", "poison too"]
    table = pa.table([list("abcd"), texts, ["f"] * 4, range(4)], schema=DOCUMENTS)
    scored = score(Picky(), table)  # type: ignore[arg-type]
    assert scored.table["document_id"].to_pylist() == ["a", "c"]
    assert scored.refused == [(1, "inference: no finite probability"), (3, "inference: no finite probability")]


def test_a_snapshot_is_read_without_its_annotations(predict: Callable[..., Any], tmp_path: Path) -> None:
    from towpath.pipelines.steps.snapshot import write_snapshot
    from towpath.v1 import Annotation, ClassLabel, Document

    documents = [Document(document_id=f"d{n}", text=text(n)) for n in range(20)]
    labels = [
        Annotation(annotation_id=f"a{n}", document_id=f"d{n}", rater_id="r", class_label=ClassLabel(label="neutral"))
        for n in range(20)
    ]
    made = write_snapshot(documents, labels, tmp_path / "snapshots")
    predict(opened(made.path), "out")
    assert {row["document_id"] for row in rows(tmp_path / "out")} == {f"d{n}" for n in range(20)}


class TestDamaged:
    """Parquet that was cut off, or has a byte changed."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        table = pa.table({"document_id": [f"d{n}" for n in range(3000)], "text": [text(n) for n in range(3000)]})
        pq.write_table(table, tmp_path / "in.parquet", row_group_size=1000, write_page_checksum=True)
        return tmp_path / "in.parquet"

    def test_the_row_group_is_named(self, file: Path, predict: Callable[..., Any], tmp_path: Path) -> None:
        column = pq.ParquetFile(file).metadata.row_group(1).column(1)
        data = bytearray(file.read_bytes())
        end = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size
        data[end - 10] ^= 0xFF
        file.write_bytes(data)
        with pytest.raises(RejectedError, match=r"in.parquet: row group 1 of 3 \(rows 1001 to 2000\): damaged"):
            predict(opened(file), "out")
        assert parts(tmp_path / "out") == {}

    def test_cut_off(self, file: Path, predict: Callable[..., Any]) -> None:
        file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(RejectedError, match=r"in.parquet: not Parquet, or cut off"):
            predict(opened(file), "out")

    def test_a_column_that_is_not_there_is_named(self, file: Path, predict: Callable[..., Any]) -> None:
        with pytest.raises(RejectedError, match="no column 'body'; there are document_id, text"):
            predict(opened(file, columns={"text": "body"}), "out")


def test_a_bundle_that_was_changed_is_refused(bundle: BundleRef, predict: Callable[..., Any], csv: Write) -> None:
    with pytest.raises(RejectedError, match="sha256"):
        predict(csv(3), "out", BundleRef(bundle.place, "0" * 64))
    with pytest.raises(RejectedError, match="No such file"):
        predict(csv(3), "out", BundleRef(Place("file:///nowhere/at/all"), bundle.sha256))
