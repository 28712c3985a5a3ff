"""Words whose share changed: those that did, and no others."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from towpath.cli.windows import changed

VOCABULARY = [f"w{n}" for n in range(400)]


def said(count: int, seed: int) -> list[list[str]]:
    """Texts of ten words, few of them frequent, as words are."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, 401)
    return [list(rng.choice(VOCABULARY, size=10, p=shares / shares.sum())) for _ in range(count)]


def test_a_word_that_came_is_first_and_one_that_went_is_told_as_less() -> None:
    now, before = said(300, 1), said(300, 2)
    for n in range(0, 300, 10):
        now[n].append("popcorn")
        before[n].append("timetable")
    found = {each.word: each for each in changed(now, before, 10)}
    assert list(found)[:2] == ["popcorn", "timetable"]
    assert (found["popcorn"].now, found["popcorn"].before) == (0.1, 0)
    assert found["popcorn"].z > 3 > -3 > found["timetable"].z


def test_of_the_same_texts_hardly_a_word_has_changed() -> None:
    """Of 400 words one is beyond three standard errors by chance, about."""
    found = [len(changed(said(200, seed), said(200, seed + 50), 50)) for seed in range(30)]
    assert np.mean(found) < 1.5


def test_a_document_that_repeats_itself_says_a_word_once() -> None:
    now, before = said(100, 1), said(100, 2)
    now[0] += ["buy"] * 500
    assert "buy" not in {each.word for each in changed(now, before, 50)}


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=30),
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=30),
)
def test_shares_are_shares_and_sides_are_mirrored(now: list[list[str]], before: list[list[str]]) -> None:
    found, mirrored = changed(now, before, 6), changed(before, now, 6)
    assert [(each.word, each.now, each.before) for each in found] == [
        (each.word, each.before, each.now) for each in mirrored
    ]
    assert all(0 <= share <= 1 for each in found for share in (each.now, each.before))
