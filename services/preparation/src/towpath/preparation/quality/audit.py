"""All checks over documents that can be read twice: once to see them all, once more for the rows that are shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective.parts import DataQuality, PersonalData
from towpath.preparation.quality import skew
from towpath.preparation.quality.checks import Draft, drafts, repetitions, skews
from towpath.preparation.quality.duplicates import group, overlap
from towpath.preparation.quality.finding import Finding, Report, Sample
from towpath.preparation.quality.fingerprints import Fingerprints
from towpath.preparation.quality.items import Item, chunks
from towpath.preparation.quality.personal import mask
from towpath.preparation.quality.profile import LENGTHS, Profile

__all__ = ["CHUNK", "audit", "profile_of", "report_of", "shown"]

CHUNK = 5_000
_SAMPLE, _TEXT, _MOVED = 5, 280, 15
Source = Callable[[], Iterable[Item]]


def profile_of(
    items: Iterable[Item],
    limits: DataQuality,
    classes: Sequence[str] = (),
    *,
    now: float,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Profile:
    """Memory does not grow with the texts: 170 bytes a document."""
    profile = Profile(limits, classes, now=now)
    for chunk in chunks(items, CHUNK):
        profile.add(chunk)
        on_progress(profile.documents)
    return profile


def audit(
    source: Source,
    limits: DataQuality,
    classes: Sequence[str] = (),
    *,
    test_parts: Sequence[str] = (),
    reference: Profile | None = None,
    now: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Check what `source` gives, which is called twice and gives the same documents in the same order.

    Args:
        test_parts: the parts whose documents must not be like any of the others'.
        reference: what skew is measured against, as the documents that a model was trained on.
        now: Unix seconds, for the age of documents; absent: the clock's.
    """
    at = time.time() if now is None else now
    profile = profile_of(source(), limits, classes, now=at, on_progress=on_progress)
    return report_of(profile, source, limits, test_parts=test_parts, reference=reference)


def report_of(
    profile: Profile,
    source: Source,
    limits: DataQuality,
    *,
    test_parts: Sequence[str] = (),
    reference: Profile | None = None,
) -> Report:
    """As `audit`, of documents that `profile_of` has seen; `source` is called once, for the rows that are shown."""
    prints = profile.fingerprints()
    groups = group(prints, limits.near_duplicate_similarity)
    made = [*drafts(profile), *repetitions(profile, prints, groups, test_parts)]
    found = _rows(source(), made)
    findings = [_finding(draft, found, limits.personal_data) for draft in made]
    findings += [] if reference is None else skews(profile, reference)
    facts = _facts(profile, prints, reference)
    names = profile.parts.known
    if 1 < len(names) <= 25:
        facts["overlap"] = {"parts": names, "rows": overlap(groups.near, prints.part, len(names)).tolist()}
    return Report(tuple(findings), facts)


def _rows(items: Iterable[Item], made: Sequence[Draft]) -> dict[int, Item]:
    wanted = {row for draft in made for row in (*draft.rows, *draft.like, *draft.like.values())}
    last = max(wanted, default=-1)
    return {row: item for row, item in enumerate(islice(items, last + 1)) if row in wanted}


def _finding(draft: Draft, found: dict[int, Item], policy: PersonalData) -> Finding:
    spread = np.linspace(0, len(draft.rows) - 1, min(_SAMPLE, len(draft.rows))).astype(int)
    chosen = dict.fromkeys(draft.rows[at] for at in spread)
    return Finding(
        draft.check,
        draft.severity,
        draft.said,
        draft.count,
        draft.share,
        draft.limit,
        tuple(_cut(found[row].id) for row in draft.rows),
        tuple(shown(found[row], found.get(draft.like.get(row, -1)), policy) for row in chosen),
        draft.parts,
    )


def shown(item: Item, like: Item | None, policy: PersonalData) -> Sample:
    """What is shown to people who need not know it is masked, whatever the objective does with the documents."""
    other = None if like is None or like is item else shown(like, None, policy)
    return Sample(_cut(item.id), _cut(mask(item.text or item.refused, policy).text), item.label, item.part, other)


def _cut(text: str) -> str:
    whole = text[: _TEXT + 1].encode("utf-8", "replace").decode()
    return whole if len(whole) <= _TEXT else f"{whole[: _TEXT - 1]}…"


def _facts(profile: Profile, prints: Fingerprints, reference: Profile | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "documents": profile.documents,
        "labels": _counted(prints.label, profile.labels.known),
        "parts": _counted(prints.part, profile.parts.known),
        "lengths": _histogram(profile),
        "languages": dict(profile.languages.most_common(12)),
        "words": dict(profile.words.most_common(25)),
        "newest": profile.newest if profile.newest > float("-inf") else None,
        "oldest": profile.oldest if profile.oldest < float("inf") else None,
    }
    if reference is not None:
        facts["reference"] = {"documents": reference.documents, "lengths": _histogram(reference)}
        facts["moved"] = skew.moved(reference.words, profile.words, _MOVED)
    return facts


def _histogram(profile: Profile) -> dict[str, list[int]]:
    """`from` is each bin's lower bound in characters."""
    return {"from": LENGTHS.tolist(), "documents": profile.lengths.tolist()}


def _counted(numbers: NDArray[np.integer[Any]], names: Sequence[str]) -> dict[str, int]:
    counts = np.bincount(numbers[numbers >= 0], minlength=len(names))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
