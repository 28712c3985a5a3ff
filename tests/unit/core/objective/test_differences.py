"""What changed is said in business words, and whether programs obey something else is never wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from towpath.core.objective import Objective
from towpath.core.objective.differences import Differences, _leaves, differences
from towpath.core.objective.phrases import SUBJECTS

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "objective.yaml").read_text()
OLD = Objective.model_validate(yaml.safe_load(TEXT))
EXAMPLES = ROOT / "docs/examples/objectives"


def objective(*changes: tuple[str, str]) -> Objective:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Objective.model_validate(yaml.safe_load(text))


def diff(*changes: tuple[str, str]) -> Differences:
    return differences(OLD, objective(*changes))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("positive: 8", "positive: 9", "a missed negative taken for positive now costs 9 EUR, was 8 EUR"),
        ("{negative: 0,", "{negative: 0.25,", "a negative that is recognised now costs 0.25 EUR, was 0 EUR"),
        ("askPerson: 0.15", "askPerson: 0.2", "asking a person now costs 0.2 EUR, was 0.15 EUR"),
        ("unit: EUR", "unit: USD", "costs are now counted in USD, were in EUR"),
        ("floor: 0.667", "floor: 0.8", "the agreement floor is now 0.8, was 0.667"),
        ("languages: [en]", "languages: [en, de]", "the list of languages is now en, de, was en"),
        ("action: flag", "action: mask", "what is done with personal data is now mask, was flag"),
        ("atMost: -0.05", "atMost: -0.5", "the highest mean grade of negative is now -0.5, was -0.05"),
        ("newAnnotatedDocuments: 500", "newAnnotatedDocuments: 50", "that start a training is now 50, was 500"),
        ("labels:\n", "labels:\n    renamed: {sad: negative}\n", "annotations of “sad” count as is now negative"),
    ],
)
def test_one_changed_number_is_one_sentence(old: str, new: str, words: str) -> None:
    found = diff((old, new))
    (said,) = found.obeyed
    assert words in said
    assert found.told == []
    assert not found.same_hash


def test_wording_is_told_apart_from_what_programs_obey() -> None:
    found = diff(("within the hour", "within a day"))
    assert found.same_hash
    assert found.obeyed == found.follows == []
    (said,) = found.told
    assert said.startswith("Value proposition: “Unhappy customers are answered within a day")
    assert differences(OLD, OLD) == Differences([], [], [], same_hash=True)


def test_a_class_that_is_gone_or_renamed_says_what_becomes_of_its_labels() -> None:
    gone = diff(("neutral", "mixed"))
    assert any("the class neutral is gone: annotations that name it count no more" in each for each in gone.obeyed)
    assert any("the class mixed is new: nothing is labelled so yet" in each for each in gone.obeyed)
    renamed = diff(("neutral", "mixed"), ("labels:\n", "labels:\n    renamed: {neutral: mixed}\n"))
    assert any("the class neutral is now called mixed; annotations that say" in each for each in renamed.obeyed)


def test_what_follows_from_other_prices_is_said() -> None:
    found = diff(("positive: 8", "positive: 4"))
    assert found.follows == [
        "between negative and positive, negative is decided from a probability of 20.0 % on, was 11.1 % "
        "(where nobody is asked)"
    ]


def test_prices_of_every_kind_have_words() -> None:
    def changed(name: str, old: str, new: str) -> list[str]:
        text = (EXAMPLES / name).read_text()
        assert old in text
        pair = (Objective.model_validate(yaml.safe_load(each)) for each in (text, text.replace(old, new, 1)))
        return differences(*pair).obeyed

    assert changed("contract-parties.yaml", "missed: 60", "missed: 70") == [
        "a missed amount now costs 70 EUR, was 60 EUR"
    ]
    assert changed("help-answers.yaml", "wrong: 9", "wrong: 8") == ["a wrong answer now costs 8 EUR, was 9 EUR"]
    assert changed("manual-search.yaml", "0.5", "1") == [
        "an irrelevant document that is shown now costs 1 minutes, was 0.5 minutes"
    ]


def test_another_kind_is_another_task() -> None:
    search = Objective.model_validate(yaml.safe_load((EXAMPLES / "manual-search.yaml").read_text()))
    assert any(
        "the task is now semantic-search, was text-classification" in each for each in differences(OLD, search).obeyed
    )


def test_every_key_of_a_contract_has_words() -> None:
    named = ("task.grades.", "behaviour.lexicons.")
    paths = [path for path, _ in _leaves(OLD) if not path.startswith(named)]
    assert len(paths) > 25
    assert [path for path in paths if path not in SUBJECTS] == []


@pytest.mark.parametrize("path", [path for path, _ in _leaves(OLD) if path in SUBJECTS])
def test_no_change_of_what_programs_obey_goes_untold(path: str) -> None:
    dump: dict[str, Any] = yaml.safe_load(OLD.to_json())
    *above, key = path.split(".")
    node = dump["contract"]
    for part in above:
        node = node[part]
    before, node[key] = node[key], object()
    for value in (
        0.75,
        3,
        300,
        "30d",
        "mask",
        "nominal",
        "neutral",
        "negative",
        "DE",
        ["de"],
        ["e-mail"],
        ["drift/"],
        ["majority"],
        -3,
        3.5,
        5,
        "windows",
        "canary",
        {"margin": 0.1},
        {"minFeedback": 100},
    ):
        node[key] = value
        try:
            new = Objective.from_json(json.dumps(dump))
        except ValueError:
            continue
        if value != before and new.hash != OLD.hash:
            assert any(SUBJECTS[path] in each for each in differences(OLD, new).obeyed)
            return
    assert key == "metric", "no other value was taken"
