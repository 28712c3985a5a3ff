"""What documents cost while classes become more frequent: estimates without labels and with few, against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.monitoring.place import ROOT, Place
from benchmarks.monitoring.rows import Bar, Beside, Result, Row
from benchmarks.monitoring.shifting.encoder import small_encoder
from benchmarks.monitoring.shifting.peer import beside
from benchmarks.monitoring.shifting.pictures import drawn
from benchmarks.monitoring.shifting.setting import Setting, Stream, released
from benchmarks.monitoring.shifting.streams import FROM, TO, thinned, turned
from benchmarks.monitoring.shifting.tweets import Tweets, chosen, embedded, read
from benchmarks.monitoring.shifting.windows import EVERY, LABELS, WINDOW, Look, looked
from towpath.core.objective import load_objective

__all__ = ["draw", "measure"]

SEEDS, _TURNS = 3, 0.25
Looks = list[list[Look]]


def measure(place: Place) -> Result:
    if place.semeval is None:
        raise ValueError("SemEval's files are wanted: --semeval FOLDER")
    objective = load_objective(ROOT / "objective.yaml")
    rare, asking = objective.classes.index("negative"), objective.costs
    tweets, parts = chosen(read(place.semeval, objective.classes), quick=place.quick)
    encoder = small_encoder(place.work / "encoder", tweets.texts[:256])
    vectors = embedded(tweets, encoder, place.work / "embeddings")
    near, first = np.concatenate([parts["summer"], parts["autumn"]]), len(parts["summer"])
    years = np.concatenate([parts["years before"], parts["autumn"]])
    never = replace(asking, ask_person=None)
    rows, series = [], {}
    for key, title, costs, kinds in (
        ("never", "nobody can be asked", never, ("thinned", "as they came", "turned")),
        ("asked", f"asking a person at {asking.ask_person} EUR", asking, ("thinned", "as they came")),
    ):
        setting = released(tweets.take(near), vectors[near], first, costs)
        for kind in kinds:
            place.tell(f"  {kind}, {title}")
            looks = _looks(place, setting, kind, rare)
            series[f"{key}, {kind}"] = [look.to_json() for own in looks for look in own]
            rows += _rows(key, title, kind, looks)
    setting = released(tweets.take(years), vectors[years], len(parts["years before"]), never)
    looks = _looks(place, setting, "as they came", rare)
    series["years"] = [look.to_json() for own in looks for look in own]
    rows.append(
        _ratio("shift-years", "the release is of 2011 and 2012, tweets of autumn 2015 as they came", looks, None)
    )
    about = {
        "documents": len(tweets),
        "judged": len(setting.judged),
        "window": WINDOW,
        "looks every": EVERY,
        "seeds": SEEDS,
        "negatives by month": _months(tweets),
    }
    return Result(tuple(rows), series, about)


def _looks(place: Place, setting: Setting, kind: str, rare: int) -> Looks:
    seeds = range(place.seed, place.seed + (1 if place.quick else SEEDS))
    streams = [_stream(setting, kind, rare, seed) for seed in seeds]
    looks = [looked(setting, stream, rare, seed) for stream, seed in zip(streams, seeds, strict=True)]
    return beside(setting, streams, looks, place.tell)


def _stream(setting: Setting, kind: str, rare: int, seed: int) -> Stream:
    if kind == "thinned":
        return thinned(setting.later, rare, seed)
    if kind == "turned":
        return turned(setting.later, setting.costs, rare, len(setting.later) // 2, _TURNS, seed)
    return setting.later


def _rows(key: str, title: str, kind: str, looks: Looks) -> list[Row]:
    said = {
        "thinned": f"tweets in time order, thinned so that negatives rise from {FROM:.0%} to {TO:.0%}",
        "as they came": "tweets of autumn 2015 as they came",
        "turned": f"from half on a quarter ({_TURNS:.0%}) of what is not taken for negative is negative in truth",
    }[kind]
    bar = Bar("at most", 0.5) if kind == "thinned" else None
    made = [_ratio(f"shift-{key}-{kind.replace(' ', '-')}", f"{said}; {title}", looks, bar)]
    if kind == "thinned" or kind == "turned":
        held = np.array([[look.corrected[1] <= look.true <= look.corrected[2] for look in own] for own in looks])
        powered = [Beside(f"prediction-powered, {share:.0%} labels", _held(looks, n)) for n, share in enumerate(LABELS)]
        low, high = _interval(looks, lambda own: float(np.mean([_in(look) for look in own])))
        made.append(
            Row(f"held-{key}-{kind}", f"95 % intervals that held the truth; {said}; {title}", float(held.mean()), low,
                high, beside=tuple(powered), notes=_trust(looks))
        )  # fmt: skip
    return made


def _in(look: Look) -> bool:
    return look.corrected[1] <= look.true <= look.corrected[2]


def _held(looks: Looks, n: int) -> float:
    return float(np.mean([look.powered[n][2] <= look.true <= look.powered[n][3] for own in looks for look in own]))


def _trust(looks: Looks) -> tuple[str, ...]:
    """Whether what was not trusted was wrong: further off than its uncorrected estimate, or not in its interval."""
    told = []
    for n, share in enumerate(LABELS):
        rows = [
            (look.powered[n][4], look.powered[n][2] <= look.true <= look.powered[n][3]) for own in looks for look in own
        ]
        parts = []
        for name, trusted in (("trusted", True), ("not trusted", False)):
            of = [held for each, held in rows if each is trusted]
            if of:
                parts.append(f"{len(of)} {name}, {np.mean(of):.0%} of them held")
        told.append(f"{share:.0%} labels: {'; '.join(parts)}")
    return tuple(told)


def _ratio(key: str, title: str, looks: Looks, bar: Bar | None) -> Row:
    def of(own: Sequence[Look], which: Any) -> float:
        errors = np.mean([abs(which(look) - look.true) for look in own])
        return float(errors / np.mean([abs(look.uncorrected - look.true) for look in own]))

    everything = [look for own in looks for look in own]
    named = [
        ("NannyML's CBPE", lambda look: look.theirs),
        ("true shares and costs of classes", lambda look: look.oracle),
    ]
    named += [
        (f"prediction-powered, {share:.0%} labels", lambda look, n=n: look.powered[n][1])
        for n, share in enumerate(LABELS)
    ]
    low, high = _interval(looks, lambda own: of(own, lambda look: look.corrected[0]))
    uncorrected = np.mean([abs(look.uncorrected - look.true) for look in everything])
    share = np.mean([abs(look.share[0] - look.share[1]) for look in everything])
    cost = np.mean([look.true for look in everything])
    notes = (
        f"a document costs {cost:.4f} EUR; the uncorrected estimate is off by {uncorrected:.4f}, the corrected one by "
        f"{uncorrected * of(everything, lambda look: look.corrected[0]):.4f}; the share of negatives by {share:.3f}",
    )
    return Row(
        key, f"error of the estimated cost ÷ the uncorrected estimate's: {title}",
        of(everything, lambda look: look.corrected[0]), low, high, bar=bar,
        beside=tuple(Beside(name, of(everything, which)) for name, which in named), notes=notes,
    )  # fmt: skip


def _interval(looks: Looks, figure: Any) -> tuple[float, float]:
    """95 %, by drawing places of windows again, with all seeds of a place together: they share documents."""
    random = np.random.default_rng(0)
    places = [[own[n] for own in looks if n < len(own)] for n in range(max(map(len, looks)))]
    blocks = [places[n] + (places[n + 1] if n + 1 < len(places) else []) for n in range(0, len(places), 2)]
    drawn_again = [
        figure([look for n in random.integers(len(blocks), size=len(blocks)) for look in blocks[n]]) for _ in range(500)
    ]
    low, high = np.quantile(drawn_again, [0.025, 0.975])
    return float(low), float(high)


def _months(tweets: Tweets) -> dict[str, str]:
    months = tweets.at.astype("datetime64[s]").astype("datetime64[M]")
    made = {}
    for month in np.unique(months):
        of = tweets.truth[months == month] == 0
        if len(of) >= 500:
            made[str(month)] = f"{of.mean():.3f} of {len(of)}"
    return made


def draw(result: Result, folder: Path) -> list[str]:
    return [drawn(result.series, folder)] if result.series else []
