"""Behaviour tests in an objective and in a file of their own: every mistake is told with file, line and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from towpath.core.objective import Objective, ObjectiveError, Suite, load_objective, load_suite
from towpath.core.objective.differences import differences
from towpath.core.objective.schema import SCHEMAS, schema

ROOT = Path(__file__).parents[4]
CLASSES = ("negative", "neutral", "positive")
SUITE = """seed: 3
lexicons:
  thing: [app, flight]
  name: {women: [Mary], men: [John]}
tests:
  - name: praise
    kind: minimum-functionality
    capability: vocabulary
    limit: 0.1
    expect: positive
    templates: ["{name} likes the {thing}.", "{name:men} is glad."]
  - name: names
    kind: invariance
    capability: fairness
    limit: report
    documents: true
    perturb: [typo, "swap:name"]
  - name: complaints
    kind: directional
    capability: vocabulary
    limit: no-worse-than-champion
    templates: ["Nice {thing}."]
    append: ["But it was awful."]
    mustNotRaise: positive
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "behaviour.yaml"
    file.write_text(text)
    with pytest.raises(ObjectiveError) as caught:
        load_suite(file, CLASSES)
    return [str(each).removeprefix(f"{tmp_path}/") for each in caught.value.problems]


def test_a_suite_is_read_from_its_own_file_and_from_an_objective(tmp_path: Path) -> None:
    (tmp_path / "behaviour.yaml").write_text(SUITE)
    alone = load_suite(tmp_path / "behaviour.yaml", CLASSES)
    assert [each.name for each in alone.tests] == ["praise", "names", "complaints"]
    data = yaml.safe_load((ROOT / "objective.yaml").read_text())
    data["contract"]["behaviour"] = yaml.safe_load(SUITE)
    (tmp_path / "objective.yaml").write_text(yaml.safe_dump(data))
    objective = load_objective(tmp_path / "objective.yaml")
    assert load_suite(tmp_path / "objective.yaml", CLASSES) == objective.behaviour == alone
    assert Objective.from_json(objective.to_json()) == objective


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("expect: positive", "expect: happy", "10:5: tests.0.expect: 'happy' is no class of the task; known are"),
        ('{thing}.", "', '{thin}.", "', "tests.0.templates.0: no lexicon 'thin': did you mean 'thing'?"),
        ("{name:men}", "{name:man}", "the lexicon 'name' has no group 'man': did you mean 'men'?"),
        ("is glad.", "is {glad.", "tests.0.templates.1: a brace belongs to no placeholder"),
        ("swap:name", "swap:place", "tests.1.perturb.1: no lexicon 'place'"),
        ("[app, flight]", "[app]", ""),
        (
            "perturb: [typo",
            "perturb: [tpyo",
            "tests.1.perturb.0: 'tpyo' is not of the form that is wanted: typo,",
        ),
        ("    perturb:", "    pertub:", "tests.1.pertub: unknown key: did you mean 'perturb'?"),
        ("limit: 0.1", "limit: 1.1", "tests.0.limit: input should be less than or equal to 1, not '1.1'"),
        ("limit: report", "limit: tell", "tests.1.limit: input should be 'no-worse-than-champion' or 'report'"),
        ("name: names", "name: praise", "tests: 'praise' is there 2 times: name each test once"),
        ("documents: true", "cases: 5", "has no texts: add templates, or documents: true"),
        ("    mustNotRaise: positive\n", "", "has no one direction: say mustNotRaise or mustNotLower"),
        ("kind: invariance", "kind: invariant", "input tag 'invariant' found using 'kind' does not match"),
        ("tests:", "test:", "unknown key: did you mean 'tests'?"),
        ("seed: 3", "seed: [", "not YAML"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SUITE
    changed = SUITE.replace(old, new, 1)
    if not told:
        (tmp_path / "behaviour.yaml").write_text(changed)
        load_suite(tmp_path / "behaviour.yaml", CLASSES)
        return
    found = problems(tmp_path, changed)
    assert any(told in each for each in found), found
    assert all(each.startswith("behaviour.yaml:") for each in found)


def test_mistakes_in_an_objective_have_its_lines(tmp_path: Path) -> None:
    text = (ROOT / "objective.yaml").read_text().replace("{name: praise denied, ", "{name: praise denied, limits: 1, ")
    file = tmp_path / "objective.yaml"
    file.write_text(text.replace("expect: neutral", "expect: netural"))
    with pytest.raises(ObjectiveError) as caught:
        load_objective(file)
    line = text[: text.index("limits: 1")].count("\n") + 1
    assert [(each.line, each.message) for each in caught.value.problems] == [
        (line, "unknown key: did you mean 'limit'?")
    ]


def test_an_objective_without_tests_says_so(tmp_path: Path) -> None:
    data = yaml.safe_load((ROOT / "objective.yaml").read_text())
    del data["contract"]["behaviour"]
    assert "this objective has no behaviour" in problems(tmp_path, yaml.safe_dump(data))[0]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schemas_are_those_of_the_code(name: str) -> None:
    published = ROOT / "services/core/src/towpath/core/objective" / name
    assert published.read_text() == schema(SCHEMAS[name]), "run python -m towpath.core.objective.schema"


def test_the_published_schema_takes_what_the_code_takes() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema(Suite)))
    validator.validate(yaml.safe_load(SUITE))
    wrong: dict[str, Any] = yaml.safe_load(SUITE)
    wrong["tests"][0]["limit"] = "tell"
    assert not validator.is_valid(wrong)


def test_what_changed_of_tests_is_told_by_their_names(tmp_path: Path) -> None:
    text = (ROOT / "objective.yaml").read_text()
    for old, new, told in (
        ("name: then and now", "name: before and after", "the behaviour test “then and now” is gone"),
        ("name: then and now", "name: before and after", "the behaviour test “before and after” is new: its limit is"),
        ("limit: 0, documents", "limit: 0.5, documents", "of the behaviour test “case”, limit is now 0.5, was 0"),
        ("day: [Monday, ", "day: [", "the list of words “day” of the behaviour tests is now Tuesday"),
        ("seed: 0", "seed: 1", "the seed of the behaviour tests is now 1, was 0"),
    ):
        assert text.count(old) == 1
        files = [tmp_path / "old.yaml", tmp_path / "new.yaml"]
        for file, each in zip(files, (text, text.replace(old, new)), strict=True):
            file.write_text(each)
        found = differences(*map(load_objective, files))
        assert any(told in each for each in found.obeyed), found.obeyed
        assert not found.same_hash
