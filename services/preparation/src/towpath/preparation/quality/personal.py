"""Personal data in a text: e-mail addresses, phone and card numbers; found, and masked where the objective says so.

Patterns, not understanding: names, postal addresses and what is written out ("name at host") are not found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
from stdnum import luhn

from towpath.core.objective.parts import PersonalData

__all__ = ["Masked", "Span", "find", "mask"]

# Bounded repetition, and no start within a word: time is linear in the text's length, whatever the text.
_EMAIL = re.compile(r"(?<![\w.%+@-])[\w.%+-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-]|\.\w)")
_GROUPS = re.compile(r"(?<![\w/.])\d{1,19}(?:[ -]\d{1,19})*(?!\w|\.\d)")
_GROUP = re.compile(r"\d+")
_LENGTHS = range(13, 20)
# First digits and lengths that are issued (ISO/IEC 7812): without them one long number in ten would be a card.
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:2[0-9]|[3-6]\d|7[0-2])\d{13}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|35\d{14,17}|(?:6\d|50|5[6-9])\d{14,17}|9792\d{12}"
)
_DIGIT = re.compile(r"\d")
_LEAST_PHONE_DIGITS = 7
_ROUNDS = 20


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`start` to `end` (exclusive) in characters; `kind` is "e-mail", "phone" or "card"."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Masked:
    """`counts` has how many of each kind were replaced; empty where there were none."""

    text: str
    counts: dict[str, int]


def find(text: str, policy: PersonalData) -> list[Span]:
    """What `policy` looks for, in the text's order, without overlap."""
    found: list[Span] = []
    digits = sum(1 for _ in _DIGIT.finditer(text)) if "phone" in policy.look_for or "card" in policy.look_for else 0
    if "e-mail" in policy.look_for and "@" in text:
        found += [Span(*match.span(), "e-mail") for match in _EMAIL.finditer(text)]
    if "card" in policy.look_for and digits >= _LENGTHS.start:
        found += _free(_cards(text), found)
    if "phone" in policy.look_for and digits >= _LEAST_PHONE_DIGITS:
        found += _free(_phones(text, policy.region), found)
    return sorted(found)


def mask(text: str, policy: PersonalData) -> Masked:
    """Each of them replaced by its kind in brackets, as `[e-mail]`. What is masked once stays as it is."""
    counts: Counter[str] = Counter()
    # What stood beside a number may be one once that is gone.
    for _ in range(_ROUNDS):
        spans = find(text, policy)
        if not spans:
            break
        counts.update(span.kind for span in spans)
        text = _replaced(text, spans)
    return Masked(text, dict(counts))


def _replaced(text: str, spans: list[Span]) -> str:
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], f"[{span.kind}]"]
        at = span.end
    return "".join([*parts, text[at:]])


def _free(spans: Iterator[Span], taken: list[Span]) -> list[Span]:
    """Those that overlap none of `taken`; both are in order."""
    free, rest = [], sorted(taken)
    at = 0
    for span in spans:
        while at < len(rest) and rest[at].end <= span.start:
            at += 1
        if at == len(rest) or rest[at].start >= span.end:
            free.append(span)
    return free


def _phones(text: str, region: str | None) -> Iterator[Span]:
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        # The bracket of "(415-555-2671)" is not the number's.
        lone = match.raw_string[0] in "([" and not any(each in match.raw_string for each in ")]")
        yield Span(match.start + lone, match.end, "phone")


def _cards(text: str) -> Iterator[Span]:
    """Neighbouring groups of digits that are a card's number together: "no. 12, 4111 1111 1111 1111"."""
    for run in _GROUPS.finditer(text):
        groups = [match.span() for match in _GROUP.finditer(text, *run.span())]
        first = 0
        while first < len(groups):
            last = _card_end(text, groups, first)
            if last is not None:
                yield Span(groups[first][0], groups[last][1], "card")
                first = last
            first += 1


def _card_end(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card number that begins with the group `first`."""
    number, end = "", None
    for at in range(first, min(len(groups), first + _LENGTHS.stop)):
        number += "".join(str(int(digit)) for digit in text[slice(*groups[at])])
        if len(number) >= _LENGTHS.stop:
            break
        if len(number) in _LENGTHS and _ISSUED.fullmatch(number) and luhn.is_valid(number):
            end = at
    return end
