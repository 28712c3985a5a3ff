"""Four kinds of task, each with its own prices: what fits is taken, what does not is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from towpath.core.errors import RejectedError
from towpath.core.objective import Objective, ObjectiveError, check_objective, load_objective
from towpath.core.objective.model import KINDS
from towpath.core.objective.schema import schema

ROOT = Path(__file__).parents[4]
EXAMPLES = sorted((ROOT / "docs/examples/objectives").glob("*.yaml"))
BY_KIND = {load_objective(file).kind: file for file in EXAMPLES}
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema()))


def changed(tmp_path: Path, file: Path, *changes: tuple[str, str]) -> Path:
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    out = tmp_path / "objective.yaml"
    out.write_text(text)
    return out


def problems(file: Path) -> list[str]:
    with pytest.raises(ObjectiveError) as caught:
        load_objective(file)
    return [str(each).removeprefix(f"{file.parent}/") for each in caught.value.problems]


def test_there_is_an_example_of_each_kind() -> None:
    assert set(BY_KIND) == set(KINDS)


@pytest.mark.parametrize("file", [ROOT / "objective.yaml", *EXAMPLES], ids=lambda file: file.stem)
def test_examples_are_taken_by_code_and_by_schema_without_a_warning(file: Path) -> None:
    checked = check_objective(file)
    assert checked.warnings == []
    assert Objective.from_json(checked.objective.to_json()) == checked.objective
    VALIDATOR.validate(yaml.safe_load(file.read_text()))


def test_an_editor_can_explain_every_key() -> None:
    def properties(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, inner in node.get("properties", {}).items():
            yield f"{path}.{name}", inner

    whole = json.loads(schema())
    nodes = [("", whole), *whole["$defs"].items()]
    found = [each for name, node in nodes for each in properties(node, name)]
    assert len(found) > 80
    assert [path for path, inner in found if not inner.get("description")] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_costs_of_another_kind_are_refused_with_their_place(tmp_path: Path, kind: str, other: str) -> None:
    if kind == other:
        return
    data = yaml.safe_load(BY_KIND[kind].read_text())
    data["contract"]["costs"] = yaml.safe_load(BY_KIND[other].read_text())["contract"]["costs"]
    file = tmp_path / "objective.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    line = file.read_text()[: file.read_text().index("  costs:")].count("\n") + 1
    told = [each for each in problems(file) if "contract.costs." in each]
    assert any(f"is for {other}" in each for each in told)
    assert any("is missing: add it" in each and each.startswith(f"objective.yaml:{line}:") for each in told)
    assert not VALIDATOR.is_valid(data)


def test_a_misspelt_kind_is_named_and_all_else_is_checked_by_the_nearest(tmp_path: Path) -> None:
    file = changed(tmp_path, BY_KIND["semantic-search"], ("semantic-search", "semantic-serch"), ("shownI", "showI"))
    kind, *others = problems(file)
    assert "contract.task.kind: one of text-classification, entity-extraction" in kind
    assert "not 'semantic-serch'; the rest was checked as semantic-search" in kind
    assert any("did you mean 'shownIrrelevant'?" in each for each in others)


@pytest.mark.parametrize(
    ("kind", "old", "new", "reason"),
    [
        ("entity-extraction", "[party, amount, date]", "[party, amount]", "'date' is no type of the task"),
        ("entity-extraction", "[party, amount, date]", "[party, amount, date, place]", "no prices for type 'place'"),
        ("entity-extraction", "[party, amount, date]", "[party, party, amount, date]", "'party' is there twice"),
        ("entity-extraction", "wrongBoundary: 1}", "wrongBoundary: -1}", "greater than or equal to 0"),
        ("question-answering", "askPerson: 4", "", "ask-person needs contract.costs.askPerson"),
        ("question-answering", "[nothing, ask-person]", "[majority]", "'nothing' or 'ask-person', not 'majority'"),
        ("semantic-search", "results: 5", "results: 0", "greater than or equal to 1"),
    ],
)
def test_mistakes_of_the_other_kinds_are_named(tmp_path: Path, kind: str, old: str, new: str, reason: str) -> None:
    assert any(reason in each for each in problems(changed(tmp_path, BY_KIND[kind], (old, new))))


def test_what_needs_classes_says_so_in_words() -> None:
    objective = load_objective(BY_KIND["entity-extraction"])
    assert (objective.unit, objective.ask_person) == ("EUR", 12)
    for ask in (lambda: objective.classes, lambda: objective.costs, lambda: objective.class_of_grade(1)):
        with pytest.raises(RejectedError, match="text classification only, and contract-parties is one of entity"):
            ask()
