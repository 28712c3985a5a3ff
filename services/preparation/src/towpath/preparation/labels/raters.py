"""Raters to talk to, by name and with the reason: they drift, they click through, or they are two people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from towpath.core.objective import Objective
from towpath.preparation.labels.clicking import Clicking, clickings
from towpath.preparation.labels.drift import Drift, drifts
from towpath.preparation.labels.observed import Observed, observed
from towpath.preparation.labels.ratings import Rating

__all__ = ["FALSE_ALARMS", "Suspect", "suspects"]

FALSE_ALARMS = 0.05  # of reports on raters without fault in which somebody is named for drift or clicking through
Kind = Literal["drifts", "clicks through", "may be two people"]


@dataclass(frozen=True)
class Suspect:
    """`why` is a sentence. `p_value` is corrected for nothing; None where it is no matter of chance."""

    rater: str
    kind: Kind
    why: str
    p_value: float | None = None


def suspects(
    ratings: Sequence[Rating], objective: Objective, *, false_alarms: float = FALSE_ALARMS
) -> tuple[Suspect, ...]:
    """By rater and kind. Drift and clicking through are tests; half of `false_alarms` is spent on each."""
    seen = observed(ratings, objective)
    made = [_drifting(seen, each) for each in drifts(seen, level=false_alarms / 2)]
    made += [_clicking(seen, each) for each in clickings(seen, level=false_alarms / 2)]
    made += _two_people(ratings)
    return tuple(sorted(made, key=lambda each: (each.rater, each.kind, each.why)))


def _drifting(seen: Observed, each: Drift) -> Suspect:
    day = datetime.fromtimestamp(each.since, UTC).strftime("%Y-%m-%d %H:%M")
    what = {
        "bias": f"{each.before:+.2f} against the others before, {each.after:+.2f} since",
        "disagreement": f"disagreed {each.before:+.2f} more than they among themselves before, {each.after:+.2f} since",
    }[each.of]
    return Suspect(seen.raters[each.rater], "drifts", f"{what} {day} UTC", each.p_value)


def _clicking(seen: Observed, each: Clicking) -> Suspect:
    if each.by == "lead-time":
        why = f"{each.told:.1f} s a document (median), where raters of the same documents take {each.others:.1f} s"
    elif each.by == "run":
        others = f"{each.told:.0%} of the others' answers to these documents differ, usually {each.others:.0%}"
        why = f"answered {seen.classes[each.label]!r} {each.length} times in a row; {others}"
    else:
        figure = "kappa" if seen.scale == "nominal" else "correlation"
        figures = f"{figure} with the others is {each.told:.2f}, the median rater's {each.others:.2f}"
        why = f"answers tell next to nothing: {figures}"
    return Suspect(seen.raters[each.rater], "clicks through", why, each.p_value)


def _two_people(ratings: Iterable[Rating]) -> list[Suspect]:
    answers: dict[tuple[str, str, str], set[tuple[str, float | None]]] = defaultdict(set)
    for each in ratings:
        answers[each.rater_id, each.guide_version, each.document_id].add((each.label, each.score))
    twice: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (rater, guide, document), given in answers.items():
        if len(given) > 1:
            twice[rater, guide].append(document)
    made = []
    for (rater, guide), documents in twice.items():
        under = f" under guide version {guide}" if guide else ""
        count = f"{len(documents)} document{'s' if len(documents) > 1 else ''}"
        some = ", ".join(sorted(documents)[:3])
        why = f"gave {count} two different answers{under} ({some}): two people under one name, or a change of mind"
        made.append(Suspect(rater, "may be two people", f"{why} that was sent as a new annotation"))
    return made
