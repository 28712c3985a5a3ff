"""What is masked before a document goes to Kafka, and what is left alone."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from towpath.core.objective.parts import PersonalData
from towpath.preparation.quality.personal import find, mask

US = PersonalData(region="US")
ANYWHERE = PersonalData()
PHONES = ["415-555-2671", "(415) 555-2671", "+1 415 555 2671", "+49 30 123456"]
CARDS = ["4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "5555555555554444", "6011 1111 1111 1117"]
EMAILS = ["ann@example.com", "ann.lee+news@mail.example.co.uk", "günther@bücher.example"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("phone", each) for each in PHONES),
        *(("card", each) for each in CARDS),
        *(("e-mail", each) for each in EMAILS),
    ],
)
def test_a_value_is_replaced_by_its_kind_wherever_it_stands(kind: str, value: str) -> None:
    for before, after in [("", ""), ("call ", ", please"), ("(", ")"), ("is it ", "?"), ("no. 12, ", ".")]:
        masked = mask(f"{before}{value}{after}", US)
        assert masked.text == f"{before}[{kind}]{after}"
        assert masked.counts == {kind: 1}


@pytest.mark.parametrize("text", [
    "@united you lost my bag :@",
    "RT @a: @b@c and me@ home, @you.com",
    "in 2014 we were 1,234,567 people, 10.5 % more",
    "on 2014-02-01 at 10:30:45, 192.168.10.122",
    "https://example.com/status/4111111111111111 was gone",
    "the order 1234567890123456 and the tweet 641279122314211328",
    "",
])  # fmt: skip
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert mask(text, US).text == text
    assert mask(text, US).counts == {}


def test_only_what_the_objective_looks_for_is_found() -> None:
    text = "ann@example.com, +1 415 555 2671, 4111 1111 1111 1111"
    assert [span.kind for span in find(text, US)] == ["e-mail", "phone", "card"]
    assert mask(text, PersonalData(look_for=("card",))).text == "ann@example.com, +1 415 555 2671, [card]"
    assert mask("415-555-2671", ANYWHERE).counts == {}  # whose? only a country code says


words = st.sampled_from([*PHONES, *CARDS, *EMAILS, "so", "12", "4", "+", "-", " ", "@", "x", ".", "é", "٣", "\n"])


@given(st.lists(words, max_size=12).map("".join))
def test_masked_once_is_masked(text: str) -> None:
    once = mask(text, US)
    assert mask(once.text, US).text == once.text
    assert find(once.text, US) == []


@given(st.text())
def test_what_is_not_masked_is_unchanged(text: str) -> None:
    spans = find(text, US)
    kept = mask(text, US).text
    if not spans:
        assert kept == text
    for before, after in pairwise(spans):
        assert before.end <= after.start


@given(st.from_regex(r"[0-9]{15}", fullmatch=True), st.sampled_from(["", " ", "-"]))
def test_nothing_of_a_card_number_is_left(digits: str, separator: str) -> None:
    number = "4" + digits[1:]
    number += luhn.calc_check_digit(number)
    shown = separator.join(number[at : at + 4] for at in range(0, 16, 4))
    masked = mask(f"pay with {shown} now", PersonalData(look_for=("card",)))
    assert masked.text == "pay with [card] now"


@pytest.mark.parametrize("piece", [
    "a@", "a.", "a@a.", "@", "-a@b-", "1 ", "1", "1-", "4111 1111 1111 111 ", "+1", "(1", "1/", "a@b.c", "415-555-2671 "
])  # fmt: skip
def test_hostile_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    def seconds(length: int) -> float:
        text, began = (piece * length)[:length], time.process_time()
        mask(text, US)
        return time.process_time() - began

    short = min(seconds(2_000) for _ in range(2))
    # Eight times the text: quadratic time would be sixty-four times as much.
    assert seconds(16_000) < 30 * max(short, 0.01)
