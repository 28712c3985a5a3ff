"""The label report: what is counted, what is not, and the page of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from towpath.core.objective import Objective, load_objective
from towpath.preparation.labels.page import label_page
from towpath.preparation.labels.report import LabelReport, label_report
from towpath.v1 import Annotation, ClassLabel, Document

OBJECTIVE = load_objective(Path(__file__).parents[3] / "objective.yaml")
CLASSES = OBJECTIVE.classes


def of_scale(scale: str) -> Objective:
    data = OBJECTIVE.model_dump(mode="json", by_alias=True)
    data["contract"]["labels"]["agreement"]["scale"] = scale
    return Objective.model_validate(data)


def annotation(
    document: int, rater: str, *, score: float | None = None, label: str = "", version: int = 0
) -> Annotation:
    made = Annotation(
        annotation_id=f"a-{document}-{rater}",
        document_id=f"d{document}",
        rater_id=rater,
        guide_version="1" if document < 60 else "2",
        class_label=ClassLabel(label=label, score=score),
        lead_seconds=4.0,
    )
    made.created_at.FromSeconds(1_700_000_000 + 3600 * document)
    made.updated_at.FromSeconds(1_700_000_000 + 3600 * document + version)
    return made


def annotations(count: int = 120) -> list[Annotation]:
    random = np.random.default_rng(0)
    truth = random.normal(scale=2, size=count)
    given = np.clip(np.round(truth + random.normal(scale=0.7, size=(4, count))), -4, 4)
    return [annotation(d, f"rater <{r}>", score=float(g)) for (r, d), g in np.ndenumerate(given)]


def documents(count: int = 120) -> list[Document]:
    return [Document(document_id=f"d{n}", text=f"<b>text</b> {n}") for n in range(count)]


def report(extra: list[Annotation], objective: Objective = OBJECTIVE) -> LabelReport:
    return label_report([*annotations(), *extra], documents(), objective, guide_version="2")


def test_what_does_not_count_is_told_with_its_reason_and_changes_no_figure() -> None:
    strange = [
        annotation(1, "new", label="angry"),
        annotation(2, "new", score=9.0),
        annotation(999, "new", score=1.0),
        Annotation(annotation_id="spans", document_id="d1", rater_id="new", entities={}),
    ]
    found = report(strange)
    assert {why: len(ids) for why, ids in found.refused.items()} == {
        "'angry' is no class of the objective": 1,
        "grade 9.0 is not within -4 to 4": 1,
        "the document is not known": 1,
        "not a class": 1,
    }
    assert found.agreement == report([]).agreement
    page = label_page(found)
    assert "&#39;angry&#39; is no class of the objective" in page
    assert "a-999-new" in page


def test_changed_and_withdrawn_annotations_count_once_or_not_at_all() -> None:
    taken_back = annotation(7, "rater <0>", version=9)
    taken_back.deleted = True
    found = report([annotation(5, "rater <1>", score=-4.0, version=5), taken_back])
    assert found.replaced == 3
    assert found.raters_per_document == {3: 1, 4: 119}
    assert [each.score for each in found.ratings if each.annotation_id == "a-5-rater <1>"] == [-4.0]


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval"])
def test_the_page_tells_all_there_is(scale: str) -> None:
    found = report([], of_scale(scale))
    page = label_page(found, subtitle="now")
    alpha = found.agreement.alpha
    for each in (f"{alpha.value:.3f}", f"{alpha.low:.3f} to {alpha.high:.3f}", found.objective.hash, "0.667"):
        assert each in page
    assert "The guide is at version 2" in page
    assert "&lt;b&gt;text&lt;/b&gt; " in page
    assert "<b>text" not in page
    assert "rater &lt;0&gt;" in page
    assert page.count("<svg") >= 4
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["agreement"]["alpha"]["value"] == pytest.approx(alpha.value)
    assert [each["version"] for each in told["guides"]] == ["1", "2"]


def test_what_raters_dispute_most_comes_first() -> None:
    split = [annotation(500, f"rater <{r}>", score=grade) for r, grade in enumerate((-4.0, -4.0, 4.0, 4.0))]
    found = label_report([*annotations(), *split], [], OBJECTIVE)
    assert found.disputed[0].document_id == "d500"
    assert found.disputed[0].answers == {"-4": 2, "4": 2}


def test_nothing_at_all_is_a_report_too() -> None:
    found = label_report([], [], OBJECTIVE)
    assert not found.verdict.met
    assert "may not be released" in label_page(found)
    json.dumps(found.to_dict(), allow_nan=False)


def test_who_is_named_is_on_the_page() -> None:
    twice = annotation(1, "rater <2>", score=4.0)
    twice.annotation_id = "another"
    found = report([twice])
    assert [each.kind for each in found.suspects] == ["may be two people"]
    assert "rater &lt;2&gt;" in label_page(replace(found, disputed=()))
