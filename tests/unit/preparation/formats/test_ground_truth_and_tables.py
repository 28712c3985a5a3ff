"""Ground Truth's manifests and workers, and plain tables: what comes of each row, and which rows are refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.ids import document_id
from towpath.preparation.formats.ground_truth import read_ground_truth
from towpath.preparation.formats.read import Read, UnreadableError
from towpath.preparation.formats.table import read_table


def line(**changed: Any) -> dict[str, Any]:
    metadata = {
        "class-name": "negative", "confidence": 0.91, "type": "groundtruth/text-classification",
        "job-name": "labeling-job/tweets", "human-annotated": "yes", "creation-date": "2018-10-18T22:18:13.527256",
    }  # fmt: skip
    return {"source": "Lost again", "mood": 0, "mood-metadata": metadata, **changed}


def manifest(*lines: Any) -> str:
    return "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in lines)


def reasons(read: Read) -> list[str]:
    return [f"{each.where}: {each.reason}" for each in read.refused]


def test_a_manifest_gives_its_documents_and_the_consolidated_label() -> None:
    read = read_ground_truth(manifest(line(), line(document_id="t-1")), "tweets")
    assert [each.document_id for each in read.documents] == [document_id("tweets", "Lost again"), "t-1"]
    first, second = read.annotations
    assert (first.class_label.label, first.rater_id, first.source) == (
        "negative", "gt-tweets-consolidated", "ground-truth/tweets",
    )  # fmt: skip
    assert (first.created_at.ToJsonString(), second.document_id) == ("2018-10-18T22:18:13.527256Z", "t-1")
    assert read_ground_truth(manifest(line()), "tweets").annotations == [first], "the same again has the same id"


def test_entities_of_a_manifest() -> None:
    spans = {"annotations": {"entities": [{"label": "person", "startOffset": 0, "endOffset": 4}]}}
    read = read_ground_truth(manifest(line(mood=spans, **{"mood-metadata": {"job-name": "j"}})), "s")
    assert [(each.start, each.end, each.label) for each in read.annotations[0].entities.spans] == [(0, 4, "person")]


WRONG = {
    "not JSON": '{"source": "Lost',
    "no JSON object": [],
    "a machine labelled it": line(**{"mood-metadata": {"class-name": "x", "human-annotated": "no"}}),
    "not labelled": {"source": "x"},
    "its text lies in 's3://b/k'": line(source=None, **{"source-ref": "s3://b/k"}),
    "several label attributes (mood, other)": line(other=1, **{"other-metadata": {}}),
    "2 classes": line(**{"mood-metadata": {"class-map": {"0": "a", "1": "b"}}}),
    "neither class-name nor entities": line(**{"mood-metadata": {}}),
    "its time is": line(**{"mood-metadata": {"class-name": "x", "creation-date": "soon"}}),
}


@pytest.mark.parametrize(("why", "wrong"), WRONG.items(), ids=list(WRONG))
def test_a_wrong_line_of_a_manifest_is_named_and_the_others_kept(why: str, wrong: Any) -> None:
    read = read_ground_truth(manifest(line(), wrong, line(source="another")), "s")
    assert len(read.annotations) == 2
    assert reasons(read)[0].startswith("line 2: ")
    assert why in reasons(read)[0]


def test_half_a_manifest_says_so_in_its_last_line() -> None:
    read = read_ground_truth(manifest(line(), line())[:-40], "s")
    assert len(read.annotations) == 1
    assert "line 2" in reasons(read)[0]
    assert "half a file?" in reasons(read)[0]
    with pytest.raises(UnreadableError, match="empty"):
        read_ground_truth("\n", "s")


def worker(name: str, content: Any) -> dict[str, Any]:
    return {"workerId": name, "annotationData": {"content": json.dumps(content), "s3Uri": "s3://b/k"}}


def test_each_workers_answer_is_a_rating() -> None:
    requests = [
        {
            "datasetObjectId": "0",
            "dataObject": {"content": "Lost again", "s3Uri": ""},
            "annotations": [
                worker("w.1", {"crowd-classifier": {"label": "negative"}}),
                worker("w.2", {"mood": {"labels": ["neutral"]}}),
                worker("w.3", {"mood": {"labels": ["neutral", "positive"]}}),
                worker("w.4", {"comment": "?"}),
                worker(
                    "w.5", {"crowd-entity-annotation": {"entities": [{"startOffset": 0, "endOffset": 4, "label": "x"}]}}
                ),
                {"annotationData": {}},
            ],
        }
    ]
    read = read_ground_truth(json.dumps(requests), "tweets")
    assert [each.rater_id for each in read.annotations] == ["gt-w.1", "gt-w.2", "gt-w.5"]
    assert {each.document_id for each in read.annotations} == {read.documents[0].document_id}
    assert [each.split(": ")[0] for each in reasons(read)] == [f"object 1, annotation {n}" for n in (3, 4, 6)]


@pytest.mark.parametrize(
    "header",
    ["rater,document,label,score,guide,time",
     "Annotator ID;doc_id;Class;Grade;Guideline;created_at",
     "worker\titem\tcategory\trating\tguide-version\tTimestamp",
     "\ufeffRATER,Document Id,LABEL,SCORE,Guide Version,DATE"],
)  # fmt: skip
def test_a_table_is_known_by_its_header(header: str) -> None:
    comma = next(each for each in ";\t," if each in header)
    row = comma.join(["r1", "d1", "negative", "-2.5", "3", "2026-11-25T10:00:00Z"])
    (made,) = read_table(f"{header}\n{row}\n", "t").annotations
    assert (made.rater_id, made.document_id, made.class_label.label, made.class_label.score) == (
        "r1", "d1", "negative", -2.5,
    )  # fmt: skip
    assert (made.guide_version, made.created_at.ToJsonString()) == ("3", "2026-11-25T10:00:00Z")


def test_a_number_is_a_grade_unless_a_class_is_called_so() -> None:
    text = "rater,document,label\nr,d,2\n"
    assert read_table(text, "t").annotations[0].class_label.score == 2.0
    assert read_table(text, "t", classes=("1", "2")).annotations[0].class_label.label == "2"


def test_a_text_stands_for_its_document_and_comes_along() -> None:
    read = read_table('rater,text,label\nr,"Lost,\nagain",negative\n', "t")
    assert (read.documents[0].text, read.annotations[0].document_id) == ("Lost,\nagain", read.documents[0].document_id)


ROWS = {
    "line 3: 2 columns, the header has 3": "r2,d2",
    "line 3: no rater": ",d2,negative",
    "line 3: no document": "r2,,negative",
    "line 3: neither label nor score": "r2,d2,",
    "line 3: 4 columns": "r2,d2,negative,x",
    "line 3: 'r1' said something else of 'd1' in line 2: two raters under one name?": "r1,d1,positive",
}


@pytest.mark.parametrize(("why", "row"), ROWS.items(), ids=list(ROWS))
def test_a_wrong_row_is_named_and_the_others_kept(why: str, row: str) -> None:
    read = read_table(f"rater,document,label\nr1,d1,negative\n{row}\nr3,d3,neutral\n", "t")
    assert len(read.annotations) == 2
    (reason,) = reasons(read)
    assert reason.startswith(why)


def test_a_quoted_row_over_lines_does_not_shift_the_numbers() -> None:
    read = read_table('rater,text,label\nr,"a\nb\nc",x\nr,,x\n', "t")
    assert reasons(read) == ["line 5: no document"]


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "no column for rater"), ("rater,label\n", "document or text"), ("rater,document\n", "label or score"),
     ('rater,text,label\nr,"never ends', "line 2: no table from here on")],
)  # fmt: skip
def test_what_is_no_table_says_what_is_missing(text: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_table(text, "t")
    with pytest.raises(UnreadableError, match="no column 'nobody'; there are a, b"):
        read_table("a,b\n", "t", columns={"rater": "nobody"})


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["rater", ",", "document", "\n", '"', "label", "1", "\x00"])).map("".join)
)
def test_no_text_however_wrong_breaks_the_readers(text: str) -> None:
    for reader in (read_table, read_ground_truth):
        with contextlib.suppress(UnreadableError):
            reader(text, "s")
