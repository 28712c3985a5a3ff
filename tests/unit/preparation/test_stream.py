"""What is known of a stream's last documents."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from towpath.core.objective.parts import DataQuality
from towpath.preparation.quality.near import NearCopies
from towpath.preparation.quality.stream import STREAM_CHECKS, StreamProfile

LIMITS = DataQuality(languages=("en",), max_document_chars=2000)
ENGLISH = "this is a perfectly ordinary english sentence about the weather in town number"
GERMAN = "das ist ein ganz gewöhnlicher deutscher Satz über das Wetter in der Stadt Nummer"


def test_only_the_window_counts() -> None:
    profile = StreamProfile(LIMITS, window=10)
    for n in range(10):
        profile.add(f"{GERMAN} {n}")
    assert profile.shares()["language"] == 1
    assert [each.check for each in profile.findings() if each.severity == "error"] == ["language", "near-duplicates"]
    for n in range(10):
        profile.add(f"{ENGLISH} {n}")
    assert (len(profile), profile.shares()["language"]) == (10, 0)
    assert profile.languages() == {"en": 1, "und": 0, "other": 0}


def test_each_check_is_said_of_the_document_that_shows_it() -> None:
    profile = StreamProfile(LIMITS, window=100)
    assert profile.add(f"{ENGLISH} 1") == ()
    assert profile.add(f"{ENGLISH}  1".upper()) == ("duplicates",)
    assert profile.add(rf"{ENGLISH} it\u2019s ann@example.com") == ("encoding", "personal-data")
    assert profile.add(ENGLISH * 40) == ("length",)
    assert profile.add(f"{ENGLISH} 1!") == ("near-duplicates",)
    assert profile.shares() == {**dict.fromkeys(STREAM_CHECKS, 0.2), "language": 0}


def test_nearly_the_same_is_found_among_the_last_texts_and_no_longer() -> None:
    """As often as the report's estimate says; texts of a similarity of a half are none."""
    drawn, near = random.Random(2), NearCopies(0.8, most=50)
    texts = [[str(drawn.random()) for _ in range(40)] for _ in range(60)]
    assert not any(near.add(" ".join(each)) for each in texts)
    changed = [" ".join([*each[:-1], "another"]) for each in texts]
    assert [near.add(each) for each in changed[11:60]].count(True) >= 47
    assert not near.add(" ".join([*texts[0][:-1], "another"])), "it has left the window"
    half = [" ".join([*each[:27], *(str(drawn.random()) for _ in range(13))]) for each in texts[30:]]
    assert sum(map(near.add, half)) <= 2
    assert len(near._last) <= 50 * 16


def test_a_text_that_left_the_window_is_new_again() -> None:
    profile = StreamProfile(LIMITS, window=3)
    said = [profile.add(text) for text in ("a", "b", "c", "d", "a", "a")]
    assert ["duplicates" in each for each in said] == [False] * 5 + [True]


def test_a_change_of_shape_is_told_from_chance() -> None:
    drawn, profile = random.Random(1), StreamProfile(LIMITS, window=400)

    def pass_by(count: int, longest: int) -> None:
        for n in range(count):
            profile.add(" ".join([ENGLISH] * drawn.randint(1, longest)) + f" {n} {drawn.random()}")

    pass_by(399, 6)
    assert profile.skew() == {}
    pass_by(801, 6)
    assert profile.skew()["lengths"] < 0.1
    pass_by(400, 20)
    assert profile.skew()["lengths"] > LIMITS.max_skew
    assert "skew-lengths" in [each.check for each in profile.findings() if each.severity == "error"]


@given(st.lists(st.sampled_from(["a", "b", r"c \u2019", "ann@example.com", ENGLISH, GERMAN, ""]), max_size=40))
def test_counts_are_those_of_the_window_whatever_passed_by(texts: list[str]) -> None:
    profile, window = StreamProfile(LIMITS, window=7), 7
    said = [profile.add(text) for text in texts]
    held = said[-window:]
    assert len(profile) == len(held)
    for name in STREAM_CHECKS:
        assert profile.shares()[name] * max(1, len(held)) == sum(name in each for each in held)
    assert sum(profile.shape().lengths.values()) == len(held)
