"""The checks on a stream: a rolling window of its last documents, in memory that does not grow.

Light: no pandas. Conflicts and leakage want a set, and are the data report's.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from towpath.core.objective.parts import DataQuality
from towpath.preparation.quality.finding import Finding, severity
from towpath.preparation.quality.near import NearCopies
from towpath.preparation.quality.skew import psi_of
from towpath.preparation.quality.text import UNKNOWN, inspect, normal

__all__ = ["SAID", "STREAM_CHECKS", "Shape", "StreamProfile"]

STREAM_CHECKS = ("encoding", "language", "personal-data", "duplicates", "near-duplicates", "length")
SAID = {
    "encoding": "damaged",
    "language": "in another language",
    "personal-data": "with personal data",
    "duplicates": "the same as one before",
    "near-duplicates": "nearly the same as one before",
    "length": "too short or too long",
}
_BINS = 40
_COMPARED = 5_000


@dataclass(frozen=True)
class Shape:
    """Documents by length (the power of two below the square of the characters) and by language."""

    lengths: Counter[str]
    languages: Counter[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    found: tuple[str, ...]
    length: str
    language: str
    text: int


class StreamProfile:
    """The last `window` documents. The first full window is what later ones are held against, unless one is given.

    Memory: some 300 bytes a document of the window, and 3 kB of those that near duplicates are looked for among, the
    last 5,000; texts are not kept.
    """

    def __init__(self, limits: DataQuality, *, window: int = 5_000, reference: Shape | None = None) -> None:
        self.limits, self.window, self.reference = limits, window, reference
        self._seen: deque[_Seen] = deque()
        self._texts: Counter[int] = Counter()
        self._found: Counter[str] = Counter()
        self._lengths: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._near = NearCopies(limits.near_duplicate_similarity, min(window, _COMPARED))

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, text: str) -> tuple[str, ...]:
        """What is found in this document: some of STREAM_CHECKS."""
        seen = self._look(text)
        if len(self._seen) == self.window:
            self._forget(self._seen.popleft())
        self._seen.append(seen)
        self._texts[seen.text] += 1
        self._count(seen, 1)
        if self.reference is None and len(self._seen) == self.window:
            self.reference = self.shape()
        return seen.found

    def shape(self) -> Shape:
        return Shape(Counter(self._lengths), Counter(self._languages))

    def shares(self) -> dict[str, float]:
        """0 to 1 by check, all of STREAM_CHECKS."""
        return {name: self._found[name] / max(1, len(self._seen)) for name in STREAM_CHECKS}

    def languages(self) -> dict[str, float]:
        """Shares of the objective's languages, of all others, and of what cannot be told."""
        total = max(1, len(self._seen))
        made = {name: self._languages[name] / total for name in (*self.limits.languages, UNKNOWN)}
        return {**made, "other": max(0.0, 1 - sum(made.values())) if self._seen else 0.0}

    def skew(self) -> dict[str, float]:
        """Population stability index against the reference; empty until there is one and the window is full."""
        if self.reference is None or len(self._seen) < self.window:
            return {}
        return {
            "lengths": psi_of(self.reference.lengths, self._lengths, _BINS),
            "languages": psi_of(self.reference.languages, self._languages, _BINS),
        }

    def limit(self, check: str) -> float | None:
        """The objective's, as a share; None where it has none."""
        limits = self.limits
        told = {
            "encoding": limits.max_mojibake_share,
            "duplicates": limits.max_duplicate_share,
            "near-duplicates": limits.max_near_duplicate_share,
        }
        if limits.languages:
            told["language"] = limits.max_other_language_share
        return told.get(check)

    def findings(self) -> list[Finding]:
        """Without rows: what passes by is not kept."""
        shares = self.shares()
        made = [
            Finding(
                name,
                severity(self._found[name], shares[name], self.limit(name)),
                f"{self._found[name]:,} of the last {len(self._seen):,} documents are {SAID[name]}",
                self._found[name],
                shares[name],
                self.limit(name),
            )
            for name in STREAM_CHECKS
        ]
        return made + [self._skewed(name, value) for name, value in self.skew().items()]

    def _skewed(self, name: str, value: float) -> Finding:
        limit = self.limits.max_skew
        said = f"population stability index {value:.3f} of {name}"
        return Finding(f"skew-{name}", "error" if value > limit else "info", said, len(self._seen), value, limit)

    def _look(self, text: str) -> _Seen:
        about, limits = inspect(text, self.limits.personal_data), self.limits
        text_hash = hash(normal(text))
        copied, near = self._texts.get(text_hash), self._near.add(text)
        tests: Iterable[tuple[str, object]] = (
            ("encoding", about.damage),
            ("language", limits.languages and about.language not in (*limits.languages, UNKNOWN)),
            ("personal-data", about.personal),
            ("duplicates", copied),
            ("near-duplicates", near and not copied),
            ("length", not limits.min_document_chars <= about.length <= limits.max_document_chars),
        )
        length = str((about.length**2).bit_length())
        return _Seen(tuple(name for name, found in tests if found), length, about.language, text_hash)

    def _forget(self, seen: _Seen) -> None:
        self._count(seen, -1)
        self._texts[seen.text] -= 1
        if not self._texts[seen.text]:
            del self._texts[seen.text]

    def _count(self, seen: _Seen, by: int) -> None:
        for name in seen.found:
            self._found[name] += by
        self._lengths[seen.length] += by
        self._languages[seen.language] += by
