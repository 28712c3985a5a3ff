"""Checks of a set of documents: what is found, where, and what it is held against."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from towpath.core.objective.parts import DataQuality, PersonalData
from towpath.preparation.quality.audit import audit, profile_of
from towpath.preparation.quality.duplicates import group
from towpath.preparation.quality.finding import Finding, Report, Sample
from towpath.preparation.quality.fingerprints import Fingerprints
from towpath.preparation.quality.items import Item
from towpath.preparation.quality.profile import Profile
from towpath.preparation.quality.skew import psi
from towpath.preparation.quality.text import shingles, words

NOW = 1_000_000_000.0
LIMITS = DataQuality(min_documents=10, min_documents_per_class=2, languages=("en",))
CLASSES = ("bad", "good")
VOCABULARY = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdfgklmnprst"]


def sentences(count: int, seed: int = 1, length: int = 14) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(VOCABULARY, k=length)) for _ in range(count)]


def items(texts: list[str], part: str = "") -> list[Item]:
    return [Item(f"d{n}", text, CLASSES[n % 2], part) for n, text in enumerate(texts)]


def checked(rows: list[Item], limits: DataQuality = LIMITS, **more: object) -> Report:
    return audit(lambda: rows, limits, CLASSES, now=NOW, **more)  # type: ignore[arg-type]


def the(report: Report, check: str) -> Finding:
    (found,) = [each for each in report.findings if each.check == check]
    return found


def test_good_data_are_within_the_limits() -> None:
    report = checked(items(sentences(40)))
    assert report.ok
    assert report.words == "all within the limits"
    assert {each.severity for each in report.findings if each.check != "language"} == {"info"}


def test_each_limit_is_named_when_it_is_crossed() -> None:
    texts = sentences(30)
    rows = items([*texts[:20], *texts[:10]])
    rows += [Item("e1", r"it\u2019s broken", "bad"), Item("e2", "", "bad"), Item("", "no id here", "worse")]
    report = checked(rows)
    assert not report.ok
    assert {each.check for each in report.of("error")} == {"schema", "encoding", "duplicates"}
    assert the(report, "duplicates").count == 10
    assert the(report, "duplicates").share == pytest.approx(10 / 33)
    assert the(report, "duplicates").limit == 0.1
    assert the(report, "schema").parts == {"no text": 1, "no id": 1, "no class": 1}
    assert the(report, "encoding").rows == ("e1",)
    assert "duplicates: 10 repeat an earlier text" in report.words


def test_too_few_documents_or_of_a_class_are_an_error() -> None:
    report = checked([Item("a", "one", "bad"), Item("b", "two", "bad")])
    assert {each.check for each in report.of("error")} == {"documents", "classes"}
    assert the(report, "classes").said == "good 0 of 2 wanted"
    assert the(report, "documents").said == "2 of 10 wanted"


def test_documents_without_words_or_text_are_no_duplicates_of_each_other() -> None:
    report = checked([Item(f"a{n}", text) for n, text in enumerate(["", " ", "\n", "!", "?!", "🙂", "…"])])
    assert the(report, "duplicates").count == the(report, "near-duplicates").count == 0


def test_conflicts_show_the_texts_with_their_labels() -> None:
    rows = [*items(sentences(40)), Item("x", "The same  words", "bad"), Item("y", "the same words", "good")]
    found = the(checked(rows), "conflicts")
    assert (found.count, found.severity, found.rows) == (2, "error", ("x", "y"))
    bad, good = Sample("x", "The same  words", "bad"), Sample("y", "the same words", "good")
    assert found.sample == (replace(bad, like=good), replace(good, like=bad))


def test_test_documents_like_training_documents_are_leakage() -> None:
    train, other = sentences(50), sentences(50, seed=2)
    # Word for word, with a word more, and all else new.
    test = [train[3].upper(), f"{train[7]} {VOCABULARY[0]}", *other]
    rows = [*items(train, "train"), *items(test, "test")]
    found = the(checked(rows, test_parts=["test"]), "leakage")
    assert (found.count, found.parts) == (2, {"word for word": 1, "nearly": 1})
    assert found.severity == "error"
    assert [each.like.part for each in found.sample if each.like] == ["train", "train"]
    assert "leakage" not in {each.check for each in checked(rows).findings}


def test_what_is_shown_has_no_personal_data_and_is_short() -> None:
    rows = [*items(sentences(20)), Item("x", "write to ann@example.com " * 40, "bad")]
    found = the(checked(rows), "personal-data")
    assert (found.count, found.severity, found.parts) == (1, "warning", {"e-mail": 1})
    assert "ann@" not in found.sample[0].text
    assert len(found.sample[0].text) <= 280
    masked = DataQuality(**{**LIMITS.model_dump(), "personal_data": PersonalData(action="mask")})
    assert "masked" in the(checked(rows, masked), "personal-data").said


def test_rows_and_samples_are_bounded() -> None:
    found = the(checked([Item(f"d{n}", "the same", "bad") for n in range(1000)]), "duplicates")
    assert (found.count, len(found.rows), len(found.sample)) == (999, 100, 5)


def test_age_is_held_against_the_limit() -> None:
    limits = DataQuality(**{**LIMITS.model_dump(), "max_age": "2d"})
    day = 86_400.0
    rows = [Item(f"d{n}", text, "bad", created_at=NOW - age * day) for n, (text, age) in enumerate(
        zip(sentences(2), (9, 3), strict=True))]  # fmt: skip
    assert the(checked(rows, limits), "staleness").severity == "error"
    assert the(checked([*rows, Item("n", "new", created_at=NOW - day)], limits), "staleness").severity == "info"


def test_another_population_is_told_from_another_sample() -> None:
    def profile(texts: list[str]) -> Profile:
        return profile_of(items(texts), LIMITS, CLASSES, now=NOW)

    reference, same = profile(sentences(800)), items(sentences(800, seed=2))
    report = checked(same, reference=reference)
    assert all(the(report, f"skew-{name}").severity == "info" for name in ("lengths", "languages", "words"))
    longer = [f"{text} and the customer said it would never have happened" for text in sentences(800, 3, 30)]
    report = checked(items(longer), reference=reference)
    assert the(report, "skew-lengths").severity == the(report, "skew-words").severity == "error"
    assert {"customer", "would", "never"} < {name for name, _, _ in report.facts["moved"]}


def test_psi_of_two_samples_of_one_population_is_near_zero() -> None:
    drawn = np.random.default_rng(1)
    shares = drawn.dirichlet(np.ones(100))
    found = [psi(drawn.multinomial(500, shares), drawn.multinomial(700, shares)) for _ in range(50)]
    assert np.mean(found) < 0.05
    assert psi([10, 0], [0, 0]) == 0


def test_chunks_and_merged_profiles_say_what_one_profile_says() -> None:
    texts = [*sentences(60), *sentences(30), r"it\u2019s", "ann@example.com", ""]
    rows = [Item(f"d{n % 90}", text, CLASSES[n % 2], "ab"[n % 2], NOW - n) for n, text in enumerate(texts)]
    whole = profile_of(rows, LIMITS, CLASSES, now=NOW)
    merged = profile_of(rows[:31], LIMITS, CLASSES, now=NOW)
    merged.merge(profile_of(rows[31:], LIMITS, (), now=NOW))
    for name in ("documents", "damage", "personal", "damaged", "exposed", "languages", "words", "oldest", "newest"):
        assert getattr(merged, name) == getattr(whole, name), name
    assert merged.lengths.tolist() == whole.lengths.tolist()
    assert merged.same_ids().tolist() == whole.same_ids().tolist()
    for name in ("label", "part"):
        assert getattr(merged.fingerprints(), name).tolist() == getattr(whole.fingerprints(), name).tolist()
    assert group(merged.fingerprints(), 0.8).same.tolist() == group(whole.fingerprints(), 0.8).same.tolist()


def variants(texts: list[str]) -> Iterator[str]:
    """With none to six words changed: from equal to hardly alike."""
    drawn = random.Random(5)
    for text in texts:
        said = text.split()
        for place in drawn.sample(range(len(said)), drawn.randrange(7)):
            said[place] = drawn.choice(VOCABULARY)
        yield " ".join(said)


def test_near_duplicates_are_those_that_comparing_all_pairs_finds() -> None:
    texts = sentences(150, length=40)
    texts += list(variants(texts))
    sets = [set(shingles(words(text))) for text in texts]
    similar = [len(a & b) / len(a | b) for a, b in combinations(sets, 2)]
    made = Fingerprints.of(texts, [words(text) for text in texts], [-1] * len(texts), [-1] * len(texts))
    found = group(made, 0.8)
    together = [found.near[a] == found.near[b] for a, b in combinations(range(len(texts)), 2)]
    sure = [said for said, similarity in zip(together, similar, strict=True) if similarity >= 0.9]
    never = [said for said, similarity in zip(together, similar, strict=True) if similarity < 0.65]
    assert len(sure) > 20
    assert np.mean(sure) > 0.97
    assert np.sum(never) == 0
