"""What is different between two snapshots, and when words are said to be."""

from __future__ import annotations

import random

import pytest
from scipy.stats import binom

from towpath.cli.commands.differences import words
from towpath.pipelines.snapshots.difference import Difference, difference
from towpath.pipelines.snapshots.growth import everything
from towpath.pipelines.snapshots.tally import Reading
from towpath.pipelines.snapshots.wording import compare_words

from .conftest import Town, document, word

WORDS = [f"word{n}" for n in range(60)]


def compared(town: Town, *changes: object) -> Difference:
    town.annotated(0, 1, 2)
    town.annotated(3, label="dog")
    before = everything(town.depot, town.make().manifest)
    town.send(*changes)  # type: ignore[arg-type]
    return difference(before, everything(town.depot, town.make().manifest), Reading())


def test_nothing_that_came_is_no_difference(town: Town) -> None:
    found = compared(town, document(9), word(0), document(1, "another text of an id that there is"))
    assert found.same
    assert words(found) == ["the same 4 documents and annotations"]


def test_what_was_added_what_went_and_what_is_relabelled_is_told_in_figures_and_words(town: Town) -> None:
    changes = [document(7, "a new\ntext"), word(7), word(3, at=1, deleted=True), word(1, at=1, label="dog")]
    found = compared(town, *changes, word(2, rater="s"), document(8))
    assert (found.before, found.after, found.added, found.gone) == (4, 4, ("doc-7",), ("doc-3",))
    assert (found.annotations_added, found.annotations_gone, found.annotations_changed) == (2, 1, 1)
    assert found.moves == (("cat", "dog", 1),)
    assert [(each.document_id, each.before, each.after) for each in found.relabelled] == [("doc-1", "cat", "dog")]
    assert found.shares_before == found.shares_after == {"cat": 0.75, "dog": 0.25}
    assert found.class_distance == 0
    told = words(found)
    assert told[0] == "documents: 4 → 4; 1 added, 1 gone"
    assert "1 document is of another class than before: cat → dog 1" in told[2]
    assert told[3] == "  doc-1: cat → dog: text number 1"
    assert any("cannot be said of so few" in each for each in told)


def test_the_classes_distance_is_the_share_that_would_have_to_move(town: Town) -> None:
    found = compared(town, *(word(n, at=1, label="dog") for n in range(3)))
    assert found.shares_after == {"dog": 1.0}
    assert found.class_distance == pytest.approx(0.75)


def texts(seed: int, count: int, vocabulary: list[str]) -> list[str]:
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(vocabulary, k=8)) for _ in range(count)]


def test_words_are_apart_from_none_to_all() -> None:
    one = texts(1, 300, WORDS)
    assert compare_words(one, list(reversed(one)), permutations=0).distance == pytest.approx(0, abs=1e-6)
    assert compare_words(one, texts(1, 300, ["other", "terms"]), permutations=0).distance == pytest.approx(1)
    assert compare_words([], [], permutations=0).distance == 0
    assert compare_words(one, [], permutations=0).distance == 1


def test_texts_of_one_kind_are_called_otherwise_as_seldom_as_is_said() -> None:
    p = [compare_words(texts(n, 60, WORDS), texts(1000 + n, 25, WORDS), permutations=99, seed=n).p for n in range(150)]
    for level in (0.01, 0.05, 0.2):
        # One false alarm of this test in ten thousand.
        assert sum(each <= level for each in p) <= binom.ppf(0.9999, len(p), level)


def test_a_fifth_of_other_words_is_seen() -> None:
    other = texts(2, 80, [*WORDS, *(f"new{n}" for n in range(15))])
    found = compare_words(texts(1, 300, WORDS), other)
    assert found.p <= 0.01
    assert found.distance > found.high


def test_what_comes_and_reads_otherwise_is_said_to(town: Town) -> None:
    for n, text in enumerate([*texts(1, 60, WORDS), *texts(2, 30, WORDS), *texts(3, 30, ["films", "are", "else"])]):
        town.send(document(n, text))
    parts = []
    for upto in (60, 90, 120):
        town.send(*(word(n) for n in range(upto)))
        parts.append(everything(town.depot, town.make().manifest))
    alike, otherwise = difference(parts[0], parts[1], Reading()), difference(parts[1], parts[2], Reading())
    assert any("reads as what was there" in each for each in words(alike))
    assert any("reads otherwise" in each for each in words(otherwise))
