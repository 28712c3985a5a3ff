"""How often the report's tests call unchanged documents different, and how often Evidently does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.delivery.environments import PeerError, versions
from benchmarks.monitoring.asking import PEERS
from benchmarks.monitoring.place import Place
from benchmarks.monitoring.rows import Bar, Beside, Result, Row
from benchmarks.monitoring.unchanged.pictures import calibration
from benchmarks.monitoring.unchanged.replays import EFFORT, ask_evidently, orders, replayed
from benchmarks.monitoring.unchanged.served import Served, served
from benchmarks.monitoring.unchanged.shares import allowed, beside, share
from towpath.monitoring.domain.windows import ALPHA, Comparison

__all__ = ["draw", "measure"]

_GRID = np.linspace(0, 1, 101)
_ONES = "Evidently"


@dataclass(frozen=True)
class Sizes:
    """Documents of the window and before it; a short window against a long one, for Evidently's other defaults."""

    replays: int = 1000
    embedded: int = 100
    now: int = 500
    before: int = 500
    short: int = 200
    long: int = 2000


QUICK = Sizes(replays=12, embedded=2, now=100, before=100, short=60, long=300)


def measure(place: Place) -> Result:
    sizes, tweets = QUICK if place.quick else Sizes(), served(place)
    chosen = orders(len(tweets), sizes.before, sizes.now, sizes.replays, place.seed)
    place.tell(f"  {sizes.replays} reports on windows of {sizes.now} and {sizes.before} shuffled tweets")
    found = replayed(tweets, chosen, sizes.before)
    theirs = _evidently(place, tweets, sizes)
    names = {name: [each.rows[n].tested.p for each in found] for n, name in enumerate(_names(found[0]))}
    about = {
        "seed": place.seed, "served": len(tweets), **asdict(sizes), "exchanges": asdict(EFFORT),
        "evidently": versions("evidently", PEERS)["evidently"] if theirs else "not to be had",
    }  # fmt: skip
    series = {"ours": _curves(names), "theirs": _their_curves(theirs), "tests": _their_tests(theirs)}
    return Result((_whole(found, theirs), _each(names)), series, about)


def draw(result: Result, folder: Path) -> list[str]:
    name = "monitoring-calibration.svg"
    calibration(folder / name, _GRID.tolist(), result.series["ours"], result.series["theirs"])
    return [name]


def _whole(found: Sequence[Comparison], theirs: Mapping[str, Any]) -> Row:
    """Of whole reports: whether any test calls anything different, by the correction that the report makes."""
    alarms, many = sum(any(row.different for row in each.rows) for each in found), len(found)
    value, low, high = share(alarms, many)
    return Row(
        "windows-report",
        f"reports on unchanged tweets that call anything different, of {many:,}",
        value,
        low,
        high,
        bar=Bar("at most", allowed(ALPHA, many)),
        beside=tuple(_their_shares(theirs)),
        notes=("the bar is α = 0.05 and two standard errors; intervals are Clopper and Pearson's",),
    )


def _each(names: Mapping[str, Sequence[float]]) -> Row:
    """The test that alarms most; of as many exact ones the luckiest is beyond two standard errors now and then."""
    counts, many = {name: sum(p <= ALPHA for p in ps) for name, ps in names.items()}, len(next(iter(names.values())))
    most = max(counts, key=lambda name: counts[name])
    value, low, high = share(counts[most], many)
    return Row(
        "windows-test",
        f"the same of each test by itself, at α = 0.05: the one that alarms most ({most})",
        value,
        low,
        high,
        bar=Bar("at most", allowed(ALPHA, many)),
        beside=tuple(beside(name, count, many) for name, count in counts.items() if name != most),
    )


def _names(found: Comparison) -> list[str]:
    return [f"{row.name} ({row.test})" for row in found.rows]


def _evidently(place: Place, tweets: Served, sizes: Sizes) -> dict[str, Any]:
    """By the lengths of its windows; empty where Evidently is not to be had."""
    found = {}
    for before, now in ((sizes.before, sizes.now), (sizes.long, sizes.short)):
        chosen = orders(len(tweets), before, now, sizes.replays, place.seed)
        place.tell(f"  Evidently on windows of {now} and {before}")
        try:
            embedded = sizes.embedded if now == sizes.now else 0
            found[f"{now:,} against {before:,}"] = ask_evidently(place, tweets, chosen, before, embedded)
        except PeerError as error:
            place.tell(f"  Evidently is left out: {error}")
            return {}
    return found


def _their_shares(theirs: Mapping[str, Any]) -> list[Beside]:
    """The preset calls data drifted where half of the columns are; people look at each."""
    made = []
    for sizes, each in theirs.items():
        flags = np.array(list(each["drifted"].values()))
        made.append(
            beside(f"{_ONES}'s defaults, {sizes}: a column drifted", int(flags.any(axis=0).sum()), flags.shape[1])
        )
        half = int((flags.mean(axis=0) >= 0.5).sum())
        made.append(beside(f"{_ONES}'s defaults, {sizes}: half of all columns", half, flags.shape[1]))
        for name, fires in each["embeddings"].items():
            if fires:
                made.append(beside(f"{_ONES}'s embeddings, {_EMBEDDINGS[name]}", sum(fires), len(fires)))
    return made


_EMBEDDINGS = {
    "its default": "its default (a classifier's AUC above 0.55)",
    "permutation": "MMD with its bootstrap (quantile 0.05)",
    "permutation, 95 %": "MMD with its bootstrap, told quantile 0.95",
}


def _curves(names: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    return {name: _curve(ps) for name, ps in names.items()}


def _curve(ps: Sequence[float]) -> list[float]:
    return [round(float(each), 4) for each in np.searchsorted(np.sort(ps), _GRID, side="right") / len(ps)]


def _their_curves(theirs: Mapping[str, Any]) -> dict[str, list[float]]:
    """Of those of its scores that are p-values, and of the least of a report's, which is what somebody looks at."""
    first = next(iter(theirs.values()), None)
    if first is None:
        return {}
    ps = {name: each for name, each in first["scores"].items() if "p_value" in first["tests"][name]}
    least = np.array(list(ps.values())).min(axis=0).tolist()
    return {**_curves(ps), "the least of a report": _curve(least)}


def _their_tests(theirs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        sizes: {name: {"test": each["tests"][name], "alarms": sum(flags)} for name, flags in each["drifted"].items()}
        for sizes, each in theirs.items()
    }
