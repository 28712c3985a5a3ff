"""The step that looks whether data are good enough to train on."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from towpath.core.objective import Objective, load_objective
from towpath.pipelines.steps.examples import Examples
from towpath.pipelines.steps.split import split
from towpath.pipelines.steps.validate import DataReport, validate
from towpath.preparation.quality.items import Item

ROOT = Path(__file__).parents[3]
VOCABULARY = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdfgklmnprst"]


@pytest.fixture(scope="module")
def objective() -> Objective:
    """The example's, but for the language: of made-up words none can be told."""
    given = load_objective(ROOT / "objective.yaml")
    limits = given.contract.data_quality.model_copy(update={"languages": ()})
    return given.model_copy(update={"contract": given.contract.model_copy(update={"data_quality": limits})})


def sentences(count: int, seed: int = 1) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(VOCABULARY, k=14)) for _ in range(count)]


def examples(texts: list[str], left_out: dict[str, int] | None = None) -> Examples:
    count = len(texts)
    return Examples(
        [f"d{n}" for n in range(count)],
        texts,
        np.arange(count) % 3,
        np.full(count, np.nan),
        np.full(count, 3),
        np.ones(count),
        left_out or {},
    )


def checked(texts: list[str], objective: Objective, **more: object) -> DataReport:
    return validate(examples(texts), objective, now=1.5e9, **more)  # type: ignore[arg-type]


def test_good_data_may_be_trained_on(objective: Objective) -> None:
    report = checked(sentences(600), objective)
    assert report.ok
    assert report.words == "all within the limits"


def test_what_stops_training_is_said_in_words(objective: Objective) -> None:
    report = checked([*sentences(400), *(f"{text} again" for text in sentences(200))], objective)
    assert not report.ok
    assert "leakage" in report.words
    assert "near-duplicates" in report.words
    told = report.to_dict()
    assert told["ok"] is False
    assert {each["check"] for each in told["findings"] if each["severity"] == "error"} == {"leakage", "near-duplicates"}


def test_what_was_left_out_and_what_was_found_is_noted(objective: Objective) -> None:
    report = validate(examples([*sentences(600), "mail ann@example.com"], {"too few raters": 7}), objective, now=1.5e9)
    assert report.ok
    assert report.notes == {"left out, too few raters": 7}
    assert "noted: personal-data: 1 × e-mail" in report.words


def test_skew_between_what_is_trained_on_and_what_is_served_is_noted_but_stops_nothing(objective: Objective) -> None:
    served = [
        Item(f"s{n}", f"{text} {text} and altogether another kind of thing") for n, text in enumerate(sentences(600, 2))
    ]
    report = checked(sentences(600), objective, served=served)
    assert report.ok
    assert "skew-lengths: population stability index" in report.words
    same = [Item(f"s{n}", text) for n, text in enumerate(sentences(600, 3))]
    assert "skew" not in checked(sentences(600), objective, served=same).words


def test_the_split_puts_copies_with_other_punctuation_on_one_side() -> None:
    texts = sentences(300)
    loud = [f"{text.upper()}!!" for text in texts]
    parts = split([*texts, *loud])
    test = set(parts.test.tolist())
    assert all((n in test) == (n + 300 in test) for n in range(300))
