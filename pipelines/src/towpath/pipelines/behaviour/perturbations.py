"""Small changes of a text that leave its meaning. What a change does not apply to is given back as it is."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from random import Random

__all__ = ["PERTURB", "swapped"]

_TOKEN = re.compile(r"\S+")
# What is read by programs rather than people: a typo in it makes another thing of it.
_ADDRESS = re.compile(r"[@#\d]|://|^www\.", re.IGNORECASE)
_NOT = re.compile(r"\b(do|does|did|is|are|was|were|would|could|should|has|have|had)(?: not\b|n['’]t\b)", re.IGNORECASE)
_LONG = (
    (re.compile(r"\b(ca)n['’]t\b", re.IGNORECASE), r"\1nnot"),
    (re.compile(r"\b(w)on['’]t\b", re.IGNORECASE), r"\1ill not"),
    (re.compile(_NOT.pattern.replace(r"(?: not\b|n['’]t\b)", r"n['’]t\b"), re.IGNORECASE), r"\1 not"),
    (re.compile(r"\b(I)['’]m\b"), r"\1 am"),
    (re.compile(r"\b(you|we|they)['’]re\b", re.IGNORECASE), r"\1 are"),
    (re.compile(r"\b(I|you|we|they|he|she|it)['’]ll\b", re.IGNORECASE), r"\1 will"),
)
_SHORT = (
    (re.compile(r"\b(ca)n(?:not| not)\b", re.IGNORECASE), r"\1n't"),
    (re.compile(r"\b(w)ill not\b", re.IGNORECASE), r"\1on't"),
    (re.compile(_NOT.pattern.replace(r"(?: not\b|n['’]t\b)", r" not\b"), re.IGNORECASE), r"\1n't"),
    # Not at the end of a sentence: "that is what they're" is not said.
    (re.compile(r"\b(I) am(?= \w)"), r"\1'm"),
    (re.compile(r"\b(you|we|they) are(?= \w)", re.IGNORECASE), r"\1're"),
    (re.compile(r"\b(I|you|we|they|he|she|it) will(?= \w)", re.IGNORECASE), r"\1'll"),
)
_LETTERS = string.ascii_lowercase + string.digits


def _typo(text: str, random: Random) -> str:
    """Two neighbouring letters inside a word change places; addresses, tags and numbers are left alone."""
    places = [
        at
        for token in _TOKEN.finditer(text)
        if not _ADDRESS.search(token[0])
        for at in range(token.start() + 1, token.end() - 2)
        if _swappable(text, at)
    ]
    if not places:
        return text
    at = random.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _swappable(text: str, at: int) -> bool:
    """Inside a word of four letters or more, and not twice the same letter."""
    pair = text[at : at + 2]
    inside = text[at - 1].isalpha() and text[at + 2].isalpha()
    return inside and pair.isalpha() and pair[0].lower() != pair[1].lower()


def _cased(text: str, change: Callable[[str], str]) -> str:
    return _TOKEN.sub(lambda token: token[0] if _ADDRESS.search(token[0]) else change(token[0]), text)


def _punctuation(text: str) -> str:
    """A full stop at the end comes or goes; "!", "?" and "…" say something, and stay."""
    bare = text.rstrip()
    if bare.endswith(".") and not bare.endswith("..") and len(bare) > 1:
        return bare[:-1]
    return f"{bare}." if bare[-1:].isalnum() else text


def _contractions(text: str) -> str:
    """Written out where something is contracted ("isn't"), else contracted where something can be ("is not")."""
    for rules in (_LONG, _SHORT):
        changed = text
        for pattern, instead in rules:
            changed = pattern.sub(instead, changed)
        if changed != text:
            return changed
    return text


def _mention(text: str, random: Random) -> str:
    """An @mention of nobody in front."""
    return f"@{_made_up(random, 9)} {text}"


def _url(text: str, random: Random) -> str:
    """A link that leads nowhere at the end."""
    return f"{text} https://t.co/{_made_up(random, 10)}"


def _made_up(random: Random, length: int) -> str:
    return "".join(random.choice(_LETTERS) for _ in range(length))


PERTURB: Mapping[str, Callable[[str, Random], str]] = {
    "typo": _typo,
    "lower-case": lambda text, _: _cased(text, str.lower),
    "upper-case": lambda text, _: _cased(text, str.upper),
    "punctuation": lambda text, _: _punctuation(text),
    "contractions": lambda text, _: _contractions(text),
    "mention": _mention,
    "url": _url,
}


def swapped(text: str, words: list[tuple[str, str | None]], random: Random) -> tuple[str, str | None]:
    """The first of `words` (each with its group) that is in `text` becomes another; returns the group of that."""
    known = sorted({word for word, _ in words}, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)")
    found = pattern.search(text)
    if found is None:
        return text, None
    other, group = random.choice([each for each in words if each[0] != found[0]])
    return pattern.sub(lambda each: other if each[0] == found[0] else each[0], text), group
