"""From a profile to drafts of findings: what is beyond which limit of the objective, and in which rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from towpath.core.objective.periods import seconds_of
from towpath.preparation.quality import skew
from towpath.preparation.quality.duplicates import Groups, conflicting, leaking
from towpath.preparation.quality.finding import Finding, Severity, severity
from towpath.preparation.quality.fingerprints import Fingerprints
from towpath.preparation.quality.profile import Profile, Tally
from towpath.preparation.quality.schema import MISTAKES
from towpath.preparation.quality.text import DAMAGE

__all__ = ["BINS", "Draft", "drafts", "repetitions", "skews"]

BINS = 100
_NOTICED = 0.1  # by custom, the least that is a change
Numbers = NDArray[np.integer[Any]]
_ROWS = 100


@dataclass(frozen=True)
class Draft:
    """A finding by row numbers. `like`: of a row, the row that it repeats."""

    check: str
    severity: Severity
    said: str
    count: int
    share: float
    limit: float | None = None
    rows: tuple[int, ...] = ()
    like: dict[int, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)


def drafts(profile: Profile) -> list[Draft]:
    """What can be said without comparing documents with each other."""
    limits = profile.limits
    made = [_documents(profile), *_classes(profile), _schema(profile), _length(profile), _encoding(profile)]
    made += [_language(profile), _personal(profile), _ids(profile)]
    made += [] if limits.max_age is None else [_staleness(profile, limits.max_age)]
    return made


def skews(profile: Profile, reference: Profile) -> list[Finding]:
    """How far a set is from another, as what is served from what was trained on."""
    limit = profile.limits.max_skew
    told = {
        "lengths": skew.psi(list(reference.lengths), list(profile.lengths)),
        "languages": skew.psi_of(reference.languages, profile.languages, 20),
        "words": skew.psi_of(reference.words, profile.words, BINS),
    }
    return [
        Finding(
            f"skew-{name}",
            "error" if value > limit else "warning" if value > _NOTICED else "info",
            f"population stability index {value:.3f} of {name}",
            profile.documents,
            value,
            limit,
        )
        for name, value in told.items()
    ]


def repetitions(profile: Profile, prints: Fingerprints, groups: Groups, test_parts: Sequence[str]) -> list[Draft]:
    """What can be said by comparing them."""
    limits, total = profile.limits, max(1, profile.documents)
    copies, near = groups.copies, groups.near_copies
    near_said = f"are like an earlier one (similarity at least {limits.near_duplicate_similarity:g}) but not the same"
    made = [
        _repeats("duplicates", copies, total, limits.max_duplicate_share, "repeat an earlier text", groups.first_same),
        _repeats("near-duplicates", near, total, limits.max_near_duplicate_share, near_said, groups.first_near),
    ]
    return [*made, *_leakage(profile, prints, groups, test_parts), *_conflicts(profile, prints, groups)]


def _documents(profile: Profile) -> Draft:
    count, wanted = profile.documents, profile.limits.min_documents
    return Draft(
        "documents", "error" if count < wanted else "info", f"{count:,} of {wanted:,} wanted", count, 1.0, wanted
    )


def _classes(profile: Profile) -> list[Draft]:
    """Where there are labels at all."""
    counts, limits = _label_counts(profile), profile.limits
    labelled, least = sum(counts.values()), limits.min_documents_per_class
    if not labelled or not profile.classes:
        return []
    of_classes = {name: counts.get(name, 0) for name in profile.classes}
    short = {name: count for name, count in of_classes.items() if count < least}
    said = ", ".join(f"{name} {count} of {least} wanted" for name, count in short.items())
    largest, smallest = max(of_classes.values()), min(of_classes.values())
    ratio = largest / max(1, smallest)
    beyond = ratio > limits.max_class_imbalance
    return [
        Draft("classes", "error" if short else "info", said or f"every class has at least {least}", len(short),
              len(short) / len(of_classes), least, parts=of_classes),
        Draft("class-balance", "error" if beyond else "info",
              f"{ratio:.1f} documents of the largest class for one of the smallest", largest - smallest,
              largest / labelled, limits.max_class_imbalance, parts=of_classes),
    ]  # fmt: skip


def _schema(profile: Profile) -> Draft:
    told = {name: tally for name, tally in profile.mistakes.items() if name not in ("too long", "too short")}
    count = sum(tally.count for tally in told.values())
    said = (
        _listed({MISTAKES.get(name, name): tally.count for name, tally in told.items()})
        or "rows are what they should be"
    )
    # Documents of no known class are left out, as those are that nobody has labelled.
    broken = any(name != "no class" for name in told)
    rows = _first(told.values())
    return Draft("schema", "error" if broken else "warning" if count else "info", said, count,
                 count / max(1, profile.documents), 0.0, rows, parts=_counts(told))  # fmt: skip


def _length(profile: Profile) -> Draft:
    told = {name: tally for name, tally in profile.mistakes.items() if name in ("too long", "too short")}
    limits, count = profile.limits, sum(tally.count for tally in told.values())
    span = f"{limits.min_document_chars:,} to {limits.max_document_chars:,} characters"
    said = f"{_listed(_counts(told))}; {span} are wanted" if count else f"all have {span}"
    return Draft("length", "warning" if count else "info", said, count, count / max(1, profile.documents), None,
                 _first(told.values()), parts=_counts(told))  # fmt: skip


def _encoding(profile: Profile) -> Draft:
    kinds = _listed({DAMAGE[name]: tally.count for name, tally in profile.damage.items()})
    return _of_tally("encoding", profile, profile.damaged, profile.limits.max_mojibake_share,
                     kinds or "no text shows damage", profile.damage)  # fmt: skip


def _language(profile: Profile) -> Draft:
    limits, total = profile.limits, max(1, profile.documents)
    untold = profile.languages["und"] / total
    wanted = ", ".join(limits.languages) or "any"
    said = f"{profile.foreign.count:,} in another language than {wanted}; of {untold:.0%} it cannot be told"
    others = {name: count for name, count in profile.languages.items() if name not in (*limits.languages, "und")}
    top = dict(Counter(others).most_common(12))
    limit = limits.max_other_language_share if limits.languages else None
    made = _of_tally("language", profile, profile.foreign, limit, said, {})
    return Draft(made.check, made.severity, said, made.count, made.share, limit, made.rows, parts=top)


def _personal(profile: Profile) -> Draft:
    action = profile.limits.personal_data.action
    said = _listed(_counts(profile.personal)) or "none found"
    if profile.exposed.count:
        said += "; masked before documents go to Kafka" if action == "mask" else "; kept as they are (action: flag)"
    return _of_tally("personal-data", profile, profile.exposed, None, said, profile.personal)


def _ids(profile: Profile) -> Draft:
    rows = profile.same_ids()
    share, said = len(rows) / max(1, profile.documents), f"{len(rows):,} documents have an earlier one's id"
    return Draft("ids", severity(len(rows), share, None), said, len(rows), share, None, _shown(rows))


def _staleness(profile: Profile, max_age: str) -> Draft:
    if profile.newest == float("-inf"):
        return Draft("staleness", "info", "no document says when it was made", 0, 0.0)
    age, limit = profile.now - profile.newest, seconds_of(max_age)
    said = f"the newest document is {age / 86_400:.1f} days old, at most {max_age} is wanted"
    return Draft("staleness", "error" if age > limit else "info", said, int(max(0.0, age)), 0.0, limit)


def _leakage(profile: Profile, prints: Fingerprints, groups: Groups, test_parts: Sequence[str]) -> list[Draft]:
    known = profile.parts.known
    test = [known.index(name) for name in test_parts if name in known]
    if not test:
        return []
    side = np.where(np.isin(prints.part, test), 1, np.where(prints.part >= 0, 0, -1)).astype(np.int16)
    exact, near = (leaking(of, side, 0, 1) for of in (groups.same, groups.near))
    count = max(1, int((side == 1).sum()))
    said = f"{len(near):,} of {count:,} test documents are also in training ({len(exact):,} word for word)"
    like = {int(row): _partner(groups.near, side, int(row)) for row in near[:_ROWS]}
    share, limit = len(near) / count, profile.limits.max_leakage_share
    kinds = {"word for word": len(exact), "nearly": len(near) - len(exact)}
    level = severity(len(near), share, limit)
    return [Draft("leakage", level, said, len(near), share, limit, _shown(near), like, kinds)]


def _conflicts(profile: Profile, prints: Fingerprints, groups: Groups) -> list[Draft]:
    labelled = int((prints.label >= 0).sum())
    if not labelled:
        return []
    rows = conflicting(groups.same, prints.label)
    texts, share = len(np.unique(groups.same[rows])), len(rows) / labelled
    limit = profile.limits.max_conflict_share
    said = f"{len(rows):,} documents of {texts:,} texts have the same text and different labels"
    said = said if len(rows) else "no text has two labels"
    like = {int(row): _opponent(groups.same, prints.label, int(row)) for row in rows[:_ROWS]}
    level = severity(len(rows), share, limit)
    return [Draft("conflicts", level, said, len(rows), share, limit, _shown(rows), like)]


def _repeats(check: str, rows: Numbers, total: int, limit: float, verb: str, first: Numbers) -> Draft:
    shown, share = _shown(rows), len(rows) / total
    like = {row: int(first[row]) for row in shown}
    return Draft(
        check, severity(len(rows), share, limit), f"{len(rows):,} {verb}", len(rows), share, limit, shown, like
    )


def _shown(rows: Numbers) -> tuple[int, ...]:
    return tuple(int(row) for row in rows[:_ROWS])


def _partner(near: Numbers, side: Numbers, row: int) -> int:
    return int(np.flatnonzero((near == near[row]) & (side == 0))[0])


def _opponent(same: Numbers, label: Numbers, row: int) -> int:
    return int(np.flatnonzero((same == same[row]) & (label >= 0) & (label != label[row]))[0])


def _of_tally(
    check: str, profile: Profile, tally: Tally, limit: float | None, said: str, kinds: dict[str, Tally]
) -> Draft:
    share = tally.count / max(1, profile.documents)
    level = severity(tally.count, share, limit)
    return Draft(check, level, said, tally.count, share, limit, tuple(tally.rows), parts=_counts(kinds))


def _label_counts(profile: Profile) -> dict[str, int]:
    label = profile.fingerprints().label
    counts = np.bincount(label[label >= 0], minlength=len(profile.labels.known))
    return {name: int(count) for name, count in zip(profile.labels.known, counts, strict=False)}


def _counts(told: dict[str, Tally]) -> dict[str, int]:
    return {name: tally.count for name, tally in sorted(told.items(), key=lambda each: -each[1].count)}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} × {name}" for name, count in sorted(counts.items(), key=lambda each: -each[1]))


def _first(tallies: Iterable[Tally]) -> tuple[int, ...]:
    return tuple(sorted({row for tally in tallies for row in tally.rows}))[:_ROWS]
