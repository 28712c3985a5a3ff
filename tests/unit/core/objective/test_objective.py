"""The objective: every mistake with its place, costs that decide as they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.objective import Costs, Objective, ObjectiveError, check_objective, load_objective
from towpath.core.objective.schema import schema

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "objective.yaml").read_text()


def load(tmp_path: Path, text: str | bytes) -> Objective:
    file = tmp_path / "objective.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_objective(file)


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ObjectiveError) as caught:
        load(tmp_path, text)
    return [str(each).removeprefix(str(tmp_path) + "/") for each in caught.value.problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_running_example_is_consistent() -> None:
    objective = load_objective(ROOT / "objective.yaml")
    assert objective.classes == ("negative", "neutral", "positive")
    assert [objective.class_of_grade(g) for g in (-4, -0.05, -0.049, 0.049, 0.05, 4)] == [
        "negative", "negative", "neutral", "neutral", "positive", "positive",
    ]  # fmt: skip
    assert Objective.from_json(objective.to_json()) == objective
    assert Objective.from_json(objective.to_json()).hash == objective.hash


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("minRatersPerDocument", "minRaterPerDocument", "minRaterPerDocument", "did you mean 'minRatersPerDocument'"),
        ("confidence: 0.95", "confidence: 95", "confidence: 95", "less than 1"),
        ("neutral: 5, positive: 8", "neutral: 5", "negative: {negative: 0", "no cost for class 'positive'"),
        ("negative: 0, neutral: 5", "negative: 9, neutral: 5", "negative: {negative: 9", "cheaper than the right one"),
        ("atMost: -0.05", "atMost: 0.5", "grades:", "overlap"),
        ("[negative, neutral, positive]", "[negative, neutral, neutral]", "classes:", "there twice"),
        ("askPerson: 0.15", "askPerson: -1", "askPerson: -1", "greater than or equal to 0"),
        ("baselines: [majority, vader, ask-person]", "baselines: [best]", "baselines:", "vader"),
        ("neutral: 5", "neutral: .inf", "neutral: .inf", "finite"),
        ("version: 1", "version: 2", "version: 2", "1"),
        ("period: 90d", "period: soon", "period: soon", "'soon' is not of the form that is wanted: hours, days"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, at: str, reason: str) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    found = problems(tmp_path, text)
    wanted = f"objective.yaml:{line_of(text, at)}:"
    assert any(each.startswith(wanted) and reason in each for each in found), found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = TEXT.replace("confidence: 0.95", "confidence: 95").replace("name: tweet", "name: Tweet")
    assert len(problems(tmp_path, text.replace("version: 1", "version: 9"))) == 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe", "not UTF-8"),
        ("a: [", "not YAML"),
        ("- 1", "not an objective"),
        ("", "not an objective"),
        ("version: 1\nversion: 1\n", "not YAML"),
        (b"x" * 1_000_001, "at most"),
    ],
)
def test_what_is_no_objective_at_all(tmp_path: Path, text: str | bytes, reason: str) -> None:
    assert reason in problems(tmp_path, text)[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ObjectiveError, match="No such file"):
        load_objective(tmp_path / "none.yaml")


def test_wording_and_layout_do_not_change_the_hash_but_costs_do(tmp_path: Path) -> None:
    plain = load(tmp_path, TEXT).hash
    assert load(tmp_path, "# a comment\n" + TEXT.replace("within the hour", "soon")).hash == plain
    assert load(tmp_path, TEXT.replace("askPerson: 0.15", "askPerson: 0.16")).hash != plain
    assert load(tmp_path, TEXT.replace("name: tweet-sentiment", "name: other")).hash != plain


def test_the_published_schema_is_that_of_the_code() -> None:
    published = ROOT / "services/core/src/towpath/core/objective/objective.schema.json"
    assert published.read_text() == schema(), "run python -m towpath.core.objective.schema"


@st.composite
def decisions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float | None]:
    size = draw(st.integers(2, 5))
    row = st.lists(st.floats(0, 10), min_size=size, max_size=size)
    matrix = np.array(draw(st.lists(row, min_size=size, max_size=size)))
    shares = np.array([draw(st.lists(st.floats(0.01, 1), min_size=size, max_size=size)) for _ in range(4)])
    return matrix, shares / shares.sum(axis=1, keepdims=True), draw(st.none() | st.floats(0, 5))


@given(case=decisions())
def test_no_fixed_action_is_expected_to_be_cheaper(case: tuple[np.ndarray, np.ndarray, float | None]) -> None:
    matrix, probabilities, ask = case
    made = Costs(matrix, ask).decide(probabilities)
    assert (made.expected_cost <= (probabilities @ matrix).min(axis=1) + 1e-9).all()
    if ask is not None:
        assert (made.expected_cost <= ask + 1e-9).all()


@given(case=decisions(), scale=st.sampled_from([0.25, 2.0, 1024.0]))
def test_currency_changes_no_decision(case: tuple[np.ndarray, np.ndarray, float | None], scale: float) -> None:
    matrix, probabilities, ask = case
    plain = Costs(matrix, ask).decide(probabilities)
    scaled = Costs(matrix * scale, None if ask is None else ask * scale).decide(probabilities)
    assert (plain.labels == scaled.labels).all()
    assert (plain.ask == scaled.ask).all()


@given(case=decisions())
def test_a_person_is_asked_exactly_where_that_is_cheaper(case: tuple[np.ndarray, np.ndarray, float | None]) -> None:
    matrix, probabilities, ask = case
    made = Costs(matrix, ask).decide(probabilities)
    best = (probabilities @ matrix).min(axis=1)
    assert made.ask.tolist() == ([False] * len(best) if ask is None else (best > ask).tolist())
    realised = Costs(matrix, ask).realised(np.zeros(4), made.labels, made.ask)
    assert all(cost == (ask if asked else matrix[0, label]) for cost, asked, label in zip(
        realised, made.ask, made.labels, strict=True))  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "at", "reason"),
    [
        ("guide:", "guied:", "guied:", "did you mean 'guide'?"),
        ("review: {queueShare", "dataQuality: {minDocuments: 1}\n    review: {queueShare", "dataQuality: {minDoc",
         "it belongs in contract"),
        ("minDocuments: 500", "minDocuments: many", "minDocuments: many", "valid integer"),
        ("minDocuments: 500", "minDocuments: 500\n    minDocuments: 5", "    minDocuments: 5\n", "not YAML"),
        ("maxDocumentChars: 10000", "maxDocumentChars: 9\n    minDocumentChars: 10", "minDocumentChars: 10",
         "raise maxDocumentChars"),
        ("minRatersPerDocument: 3", "renamed: {bad: angry}", "renamed:", "'angry' is no class"),
        ("minRatersPerDocument: 3", "renamed: {neutral: negative}", "renamed:", "'neutral' is still a class"),
        ("region: US", "region: usa", "region: usa", "ISO 3166"),
        ("languages: [en]", "languages: [English]", "languages:", "ISO 639"),
        ("min: -4, max: 4,", "min: -4, max: 4, angry: {atMost: -2},", "angry:", "'angry' is no class"),
    ],
)  # fmt: skip
def test_mistakes_of_labels_and_data_quality_are_named(
    tmp_path: Path, old: str, new: str, at: str, reason: str
) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    wanted = f"objective.yaml:{line_of(text, at)}:"
    assert any(each.startswith(wanted) and reason in each for each in problems(tmp_path, text))


def test_agreement_on_grades_needs_grades(tmp_path: Path) -> None:
    grades = next(line for line in TEXT.splitlines() if "grades: {" in line)
    text = TEXT.replace(grades + "\n", "").replace("vader, ", "")
    assert "interval needs contract.task.grades" in "\n".join(problems(tmp_path, text))


def test_a_mistake_of_form_hides_no_contradiction(tmp_path: Path) -> None:
    text = TEXT.replace("name: tweet", "name: Tweet").replace("maxDocumentChars: 10000", "maxDocumentChars: 9")
    text = text.replace("minDocuments: 500", "minDocuments: many\n    minDocumentChars: 10")
    told = problems(tmp_path, text)
    assert len(told) == 3
    assert "raise maxDocumentChars" in "\n".join(told)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("askPerson: 0.15", "askPerson: 0.0001", "a person is asked about almost everything"),
        ("askPerson: 0.15", "askPerson: 0.006", "'positive' is hardly ever decided"),
        ("askPerson: 0.15", "askPerson: 1", "nobody is ever asked"),
        ("neutral: 0, positive: 0.5", "neutral: 0, positive: 0", "'neutral' is never decided: 'positive' is never"),
        ("labelling-guide.md", "another.md", "no file 'another.md' beside objective.yaml"),
        ("minRatersPerDocument: 3", "minRatersPerDocument: 1", "raise minRatersPerDocument"),
    ],
)
def test_what_is_hardly_meant_is_a_warning_with_its_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    (tmp_path / "labelling-guide.md").write_text("# Guide")
    text = TEXT.replace("neutral: 5, positive: 8", "neutral: 5, positive: 5") if "never decided" in reason else TEXT
    assert old in text
    file = tmp_path / "objective.yaml"
    file.write_text(text.replace(old, new, 1))
    (warning,) = check_objective(file).warnings
    assert reason in warning.said
    assert warning.line > 1
