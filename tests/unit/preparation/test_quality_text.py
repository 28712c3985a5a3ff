"""What is said of one text."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.core.objective.parts import PersonalData
from towpath.preparation.quality.text import DAMAGE, UNKNOWN, damage, inspect, language, normal, shingles, words


@pytest.mark.parametrize(("text", "kind"), [
    ("Weâ€™re sorry", "mojibake"),
    (r"It\u2019s late\u002c again", "escape"),
    (r"caf\xe9", "escape"),
    ("salt &amp; pepper", "entity"),
    ("you&#39;d", "entity"),
    (r'"\""Hey\"" you', "quote"),
    ("lost \ufffd", "replacement"),
    ("be\x07ll", "control"),
    ("half a \ud83d face", "surrogate"),
])  # fmt: skip
def test_damage_has_a_name(text: str, kind: str) -> None:
    assert kind in damage(text)
    assert kind in DAMAGE


@pytest.mark.parametrize("text", [
    "AT&T & friends; R&D; x &y; a&b;", r"C:\users\nobody", 'she said "no", twice', "naïve café, für Elise 😀 :)",
    "tabs\tand\nlines", "Ünïcödé – “quoted”…", "\U0001f1e9\U0001f1ea",
])  # fmt: skip
def test_what_is_whole_is_not_called_damaged(text: str) -> None:
    assert damage(text) == ()


def test_a_language_is_told_where_it_can_be() -> None:
    assert language("This is a fairly ordinary sentence about the weather in town") == "en"
    assert language("Das ist ein ganz gewöhnlicher Satz über das Wetter in der Stadt") == "de"
    assert language("@somebody #sehrgut https://example.com/ein/langer/deutscher/pfad :)") == UNKNOWN
    assert language("ok") == UNKNOWN


def test_a_language_is_told_of_the_whole_text_and_the_log_is_spared(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    german = "Das Wetter in der Stadt war heute schön, und niemand wollte nach Hause gehen. "
    assert language("Dear all, thank you very much for the kind letter that you wrote. " + 8 * german) == "de"
    assert caplog.records == []


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_can_be_inspected(text: str) -> None:
    found = inspect(text, PersonalData())
    assert found.length == len(text)
    assert set(found.damage) <= set(DAMAGE)
    assert shingles(words(text))


def test_copies_with_other_case_punctuation_links_or_escapes_have_the_same_words() -> None:
    said = words("Damn, running late – it's RAINING http://t.co/abc & more")
    assert said == words("DAMN!! running late - it\u2019s raining https://t.co/xyz &amp; more".replace("&amp; ", ""))
    assert words(r"it\u2019s") == words("it’s")
    assert words("@a :)") != words("@a :(")
    assert normal("  A\n b ") == "a b"
