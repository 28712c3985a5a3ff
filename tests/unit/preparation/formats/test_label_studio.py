"""Label Studio's words: exports, events and results become annotations, or a reason."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from support.label_studio import annotation, choice, event, export, grade, span, task
from support.objective import CATS_OR_DOGS
from towpath.core.ids import document_id
from towpath.core.objective import Objective
from towpath.preparation.formats.label_studio import (
    Naming,
    guide_mark,
    label_config,
    mark_of,
    read_event,
    read_export,
    reconcile,
)
from towpath.preparation.formats.label_studio import task as new_task
from towpath.preparation.formats.read import Read, UnreadableError, UnusableError
from towpath.preparation.labels.ratings import current
from towpath.v1 import Annotation, ClassDecision, ClassProbability, Document, Prediction

NAMING = Naming("ls")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def said(happened: dict[str, Any]) -> Read:
    return read_event(json.loads(json.dumps(happened)), NAMING, received=NOW)


def only(read: Read) -> Annotation:
    assert not read.refused, read.refused
    (made,) = read.annotations
    return made


def reason(read: Read) -> str:
    (refused,) = read.refused
    assert not read.annotations
    return refused.reason


def test_a_rating_carries_who_when_how_long_and_under_which_guide() -> None:
    made = only(said(event("ANNOTATION_CREATED")))
    assert (made.annotation_id, made.document_id, made.rater_id) == ("ls-ls-17", "doc-1", "ls-ls-user-3")
    assert (made.class_label.label, made.lead_seconds, made.source) == ("negative", 3.5, "ls/5")
    assert made.updated_at.ToJsonString() == "2026-11-25T11:00:00.087289Z"
    assert made.guide_version == "2"


def test_what_was_made_before_the_guide_was_shown_claims_no_version_of_it() -> None:
    early = annotation(updated_at="2026-11-25T09:59:59Z")
    assert only(said(event("ANNOTATION_CREATED", early))).guide_version == ""


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_created_updated_and_deleted_end_alike_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    happened = [
        said(event("ANNOTATION_CREATED")),
        said(event("ANNOTATION_UPDATED", annotation(17, choice("positive"), minute=5))),
        said(event("ANNOTATIONS_DELETED")),
    ]
    assert [each.class_label.label for each in current(only(happened[n]) for n in order if n < 2)] == ["positive"]
    assert current(only(happened[n]) for n in order) == []


def test_many_come_in_one_event() -> None:
    many = [annotation(n) for n in range(3)]
    read = said(event("ANNOTATIONS_CREATED", many, [task(text="t", document_id=f"d{n}") for n in range(3)]))
    assert [each.document_id for each in read.annotations] == ["d0", "d1", "d2"]
    gone = said(event("ANNOTATIONS_DELETED", [{"id": 1}, {"id": 2}]))
    assert [(each.annotation_id, each.deleted) for each in gone.annotations] == [("ls-ls-1", True), ("ls-ls-2", True)]


@pytest.mark.parametrize("emptied", [annotation(minute=5, was_cancelled=True), {**annotation(minute=5), "result": []}])
def test_an_annotation_that_is_skipped_or_emptied_later_no_longer_counts(emptied: dict[str, Any]) -> None:
    before, after = said(event("ANNOTATION_CREATED")), said(event("ANNOTATION_UPDATED", emptied))
    assert current([*before.annotations, *after.annotations]) == []
    never = said(event("ANNOTATION_CREATED", emptied))
    assert (never.annotations, [each.expected for each in never.refused]) == ([], [True])


def test_events_about_other_things_say_nothing() -> None:
    assert said({"action": "PROJECT_UPDATED", "project": {"id": 5}}) == Read()


@pytest.mark.parametrize("nonsense", [None, [], {}, {"action": 3}, {"action": "ANNOTATION_CREATED"}])
def test_what_is_no_event_is_said_to_be_none(nonsense: Any) -> None:
    with pytest.raises(UnreadableError):
        read_event(nonsense, NAMING, received=NOW)


def test_a_task_without_an_id_is_known_by_its_text_which_comes_along() -> None:
    read = said(event("ANNOTATION_CREATED", None, task(text="Lost again")))
    assert only(read).document_id == document_id("ls", "Lost again")
    assert [(each.document_id, each.text) for each in read.documents] == [
        (document_id("ls", "Lost again"), "Lost again")
    ]


RESULTS = {
    "2 classes": [choice("negative"), choice("positive")],
    "2 grades": [grade(1), grade(2)],
    "no grade": [grade("two")],
    "nan is no grade": [grade(float("nan"))],
    "type rectanglelabels": [{"type": "rectanglelabels", "value": {}}],
    "without a type": [{"value": {}}],
    "no list": {},
    "a span": [span(3, 2, "x")],
    "not where its text is": [span(0, 3, "Ann")],
    "names": [{"type": "choices", "value": {"choices": [{}]}}],
    "no value": [{"type": "choices"}],
    "no Unicode": [choice("\ud800")],
}


@pytest.mark.parametrize(("words", "result"), RESULTS.items(), ids=list(RESULTS))
def test_a_result_that_cannot_be_used_says_why(words: str, result: Any) -> None:
    assert words in reason(said(event("ANNOTATION_CREATED", {**annotation(), "result": result})))


UNUSABLE = {
    "neither document_id nor text": ({}, {"data": {"image": "x"}}),
    "no data": ({}, {"id": 1}),
    "who made it": ({"completed_by": None}, None),
    "no time": ({"updated_at": "yesterday"}, None),
    "its id is": ({"id": "x"}, None),
}


@pytest.mark.parametrize(("words", "what"), UNUSABLE.items(), ids=list(UNUSABLE))
def test_an_annotation_that_cannot_be_used_says_why(words: str, what: tuple[dict[str, Any], Any]) -> None:
    assert words in reason(said(event("ANNOTATION_CREATED", annotation(**what[0]), what[1])))


def test_grades_and_comments_and_spans_are_read() -> None:
    both = annotation(1, choice("negative"), grade(-2), {"type": "textarea", "value": {"text": ["irony"]}})
    label = only(said(event("ANNOTATION_CREATED", both))).class_label
    assert (label.label, label.score) == ("negative", -2.0)
    stars = {"type": "rating", "value": {"rating": 4}}
    assert only(said(event("ANNOTATION_CREATED", annotation(1, stars)))).class_label.score == 4.0


@pytest.mark.parametrize(("start", "end"), [(3, 7), (2, 6)], ids=["UTF-16 units", "code points"])
def test_spans_count_code_points_whatever_the_editor_counted(start: int, end: int) -> None:
    given_ = annotation(1, span(start, end, "Anna"))
    made = only(said(event("ANNOTATION_CREATED", given_, task(text="😀 Anna Bo", document_id="d"))))
    assert [(each.start, each.end, each.label) for each in made.entities.spans] == [(2, 6, "person")]


def test_an_export_gives_the_ids_that_the_webhooks_gave() -> None:
    from_file = only(read_export(export(annotation()), NAMING))
    hooked = only(said(event("ANNOTATION_CREATED")))
    assert current([hooked, from_file]) == current([from_file, hooked]) == [hooked], "with the guide that it knew"
    hooked.guide_version = ""
    assert from_file == hooked


def test_an_exports_skipped_tasks_and_raters_with_addresses() -> None:
    by = {"id": 3, "email": "anna@example.com", "first_name": "Anna"}
    read = read_export(export(annotation(completed_by=by), annotation(18, was_cancelled=True)), NAMING)
    assert [each.rater_id for each in read.annotations] == ["ls-ls-user-3"]
    assert [(each.where, each.expected) for each in read.refused] == [("annotation 18", True)]
    named = read_export(export(annotation(completed_by=by)), Naming("ls", {"anna@example.com": "anna"}))
    assert only(named).rater_id == "anna"


def flat(**said_: Any) -> str:
    row = {
        "text": "Great", "document_id": "doc-1", "id": 1, "annotator": 3, "annotation_id": 17, "lead_time": 3.5,
        "created_at": "2026-11-25T11:00:00.087255Z", "updated_at": "2026-11-25T11:00:00.087289Z",
    }  # fmt: skip
    return json.dumps([row | said_])


def test_the_flat_export_says_the_same() -> None:
    whole = only(read_export(export(annotation(project=None)).replace('"project": 5', '"project": null'), NAMING))
    assert only(read_export(flat(label="negative"), NAMING)) == whole
    assert only(read_export(flat(mood="negative"), NAMING, choice="mood")) == whole
    assert only(read_export(flat(grade=[{"number": -2}]), NAMING)).class_label.score == -2
    assert "say what to call them" in reason(read_export(flat(label="x", annotator="anna@example.com"), NAMING))


@pytest.mark.parametrize("cut", [1, 40, -1, -30])
def test_half_an_export_is_refused_with_its_line(cut: int) -> None:
    with pytest.raises(UnreadableError, match=r"^line 1, column \d+: not JSON"):
        read_export(export(annotation())[:cut], NAMING)
    with pytest.raises(UnreadableError, match="a list of tasks"):
        read_export("{}", NAMING)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = [("annotation",), ("task",), ("project",), ("annotation", "result"), ("task", "data"), ("annotation", "id"),
         ("annotation", "result", 0), ("annotation", "result", 0, "value"), ("annotation", "completed_by"),
         ("annotation", "created_at"), ("annotation", "lead_time"), ("task", "data", "text")]  # fmt: skip


@given(st.sampled_from(PATHS), json_values)
def test_no_event_however_wrong_breaks_the_reader(path: tuple[Any, ...], value: Any) -> None:
    happened: Any = event("ANNOTATION_UPDATED")
    inner = happened
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with contextlib.suppress(UnreadableError):
        read_event(happened, NAMING, received=NOW)


def objective(task_: str) -> Objective:
    data = YAML(typ="safe").load(CATS_OR_DOGS)
    data["contract"]["task"] = YAML(typ="safe").load(task_)
    data["contract"]["costs"]["matrix"] = {"a<b": {"a<b": 0, "c": 1}, "c": {"a<b": 1, "c": 0}}
    return Objective.model_validate(data)


CLASSES = '{kind: text-classification, classes: ["a<b", c]}'
GRADES = (
    '{kind: text-classification, classes: ["a<b", c], grades: {min: -4, max: 4, c: {atLeast: 0.5}, otherwise: "a<b"}}'
)


def prediction(label: str) -> Prediction:
    decision = ClassDecision(label=label, probabilities=[ClassProbability(label=label, probability=0.75)])
    return Prediction(release_id="rel-1", document_id="d", class_decision=decision)


def test_tasks_show_what_the_model_says_in_the_terms_that_raters_answer_in() -> None:
    document = Document(document_id="d", text="x", source="s")
    asked = new_task(document, objective(CLASSES), prediction("a<b"))
    assert asked["data"] == {"text": "x", "document_id": "d", "source": "s"}
    (shown,) = asked["predictions"]
    assert (shown["model_version"], shown["score"], shown["result"][0]["value"]) == (
        "rel-1",
        0.75,
        {"choices": ["a<b"]},
    )
    graded = new_task(document, objective(GRADES), prediction("c"))["predictions"][0]["result"][0]["value"]["number"]
    assert objective(GRADES).class_of_grade(graded) == "c"
    assert "predictions" not in new_task(document, objective(CLASSES), prediction("of an older objective"))


def test_the_interface_offers_what_the_objective_has() -> None:
    assert '<Choice value="a&lt;b"/>' in label_config(objective(CLASSES))
    assert 'min="-4" max="4"' in label_config(objective(GRADES))


def test_a_guides_version_is_found_again_or_refused() -> None:
    mark = mark_of(f"<p>{guide_mark('2026-11', NOW)}</p>")
    assert mark is not None
    assert (mark.version, mark.since) == ("2026-11", "2026-11-25T12:00:00Z")
    with pytest.raises(UnusableError, match="no spaces"):
        guide_mark("<b>1</b>", NOW)


PLACE = "ls/5"


def test_reconciling_finds_each_kind_of_loss_and_then_nothing() -> None:
    had = [only(said(event("ANNOTATION_CREATED", annotation(n)))) for n in (1, 2, 3)]
    there = read_export(export(annotation(1), annotation(2, choice("positive"), minute=5), annotation(4)), NAMING)
    plan = reconcile(had, there, PLACE, NOW)
    assert [[each.annotation_id for each in part] for part in (plan.missed, plan.changed, plan.withdrawn)] == [
        ["ls-ls-4"], ["ls-ls-2"], ["ls-ls-3"],
    ]  # fmt: skip
    healed = [*had, *plan.all]
    assert {each.annotation_id: each.class_label.label for each in current(healed)} == {
        "ls-ls-1": "negative", "ls-ls-2": "positive", "ls-ls-4": "negative",
    }  # fmt: skip
    assert reconcile(healed, there, PLACE, NOW).all == ()


def test_what_was_taken_for_gone_comes_back_and_clocks_may_differ() -> None:
    created = only(said(event("ANNOTATION_CREATED", annotation(1, minute=59))))
    empty, there = read_export("[]", NAMING), read_export(export(annotation(1, minute=59)), NAMING)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    gone = reconcile([created], empty, PLACE, long_ago).withdrawn
    assert current([created, *gone]) == []
    back = reconcile([created, *gone], there, PLACE, NOW).returned
    assert [each.class_label.label for each in current([created, *gone, *back])] == ["negative"]
    assert reconcile([created, *gone, *back], there, PLACE, NOW).all == ()


def test_another_project_and_what_cannot_be_used_are_not_gone() -> None:
    had = only(said(event("ANNOTATION_CREATED", annotation(1))))
    elsewhere = Annotation(annotation_id="ls-ls-9", source="ls/6")
    unusable = read_export(export(annotation(1, choice("a"), choice("b"), minute=5)), NAMING)
    assert reconcile([had, elsewhere], unusable, PLACE, NOW).all == ()
    skipped = read_export(export(annotation(1, minute=5, was_cancelled=True)), NAMING)
    assert len(reconcile([had], skipped, PLACE, NOW).withdrawn) == 1
