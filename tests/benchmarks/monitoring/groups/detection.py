"""How much of a change is found, and how late, beside alibi-detect and Evidently at the same rate of false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.delivery.environments import PeerError, versions
from benchmarks.monitoring.asking import PEERS
from benchmarks.monitoring.detection.ours import alarms, delays, seen
from benchmarks.monitoring.detection.peers import Detector, alibi, evidently
from benchmarks.monitoring.detection.pictures import found_by
from benchmarks.monitoring.detection.streams import OTHERS, SHARES, Encoded, Release, Stream, encoded, release, streams
from benchmarks.monitoring.place import Place
from benchmarks.monitoring.rows import Bar, Beside, Result, Row
from benchmarks.monitoring.unchanged.shares import share as interval
from towpath.model.sketch import Anchors

__all__ = ["draw", "measure"]

_OURS, _SIGNS = "Towpath", "Towpath with random signs"
_TESTS = {"classifier": "a classifier's AUC", "distance": "the distance of means", "columns": "tests of columns"}


@dataclass(frozen=True)
class Sizes:
    """`documents`: in which one false alarm is allowed. `window`: Evidently's. `more`: references, for ours alone."""

    references: int = 2
    streams: int = 5
    more: int = 20
    change: int = 500
    after: int = 2000
    documents: float = 10_000
    window: int = 500
    detectors: tuple[Detector, ...] = (Detector("mmd", 20, 20_000),)


Late = tuple[list[float], int]

QUICK = Sizes(1, 1, 1, 128, 256, 1_000, 100, (Detector("mmd", 5, 1_000),))


def measure(place: Place) -> Result:
    sizes = QUICK if place.quick else Sizes()
    place.tell("  embeddings of four sets, kept once made")
    of, runs = encoded(place), list[tuple[Release, list[Stream]]]()
    for number in range(sizes.references):
        made = release(of, place.seed + number)
        runs.append((made, streams(of, made, sizes.streams, sizes.change, sizes.after, place.seed + number)))
    found, early = _found(place, of, runs, sizes)
    chosen = [each for _, some in runs for each in some]
    cells = {name: _cells(late, chosen[: len(late)], sizes.after) for name, late in found.items()}
    cells[f"{_OURS}, {sizes.more} other references"], wrong = _elsewhere(place, of, sizes)
    early[f"{_OURS}, {sizes.more} other references"] = wrong
    rows = [row for part in SHARES for row in _rows(part, cells, sizes, early, len(chosen))]
    about = {
        "seed": place.seed, **asdict(sizes), "reference": len(runs[0][0].reference),
        "streams of each set and share": sizes.references * sizes.streams,
        "alibi-detect": versions("alibi-detect", PEERS).get("alibi-detect", ""),
        "evidently": versions("evidently", PEERS).get("evidently", ""),
    }  # fmt: skip
    return Result(tuple(rows), {"cells": cells, "early": early, "after": sizes.after}, about)


def _elsewhere(place: Place, of: Encoded, sizes: Sizes) -> tuple[dict[str, list[float]], int]:
    """Ours with more references, a stream of each set and share: what a peer takes minutes for each of."""
    late, chosen, wrong = list[float](), list[Stream](), 0
    for number in range(sizes.references, sizes.references + sizes.more):
        made = release(of, place.seed + number)
        some = streams(of, made, 1, sizes.change, sizes.after, place.seed + number)
        found, early = _alarmed(of, made, some, made.anchors, sizes.documents)
        late, chosen, wrong = late + found, chosen + some, wrong + early
    return _cells(late, chosen, sizes.after), wrong


Runs = Sequence[tuple[Release, list[Stream]]]


def _found(place: Place, of: Encoded, runs: Runs, sizes: Sizes) -> tuple[dict[str, list[float]], dict[str, int]]:
    """By tool: delays, of all streams, and alarms before the change."""
    found, early = dict[str, list[float]](), dict[str, int]()

    def add(told: Mapping[str, Late]) -> None:
        for name, (late, before) in told.items():
            found.setdefault(name, []).extend(late)
            early[name] = early.get(name, 0) + before

    for made, some in runs:
        add(_ours(place, of, made, some, sizes))
        for ask in (_alibi, _evidently):
            try:
                add(ask(place, of, made, some, sizes))
            except PeerError as error:
                place.tell(f"  a peer is left out: {error}")
    wrong = max((count for name, count in early.items() if name.startswith("alibi")), default=0)
    quiet = sum(len(some) for _, some in runs) * sizes.change
    # What it was told is a false alarm in so many documents; what it makes is another figure.
    if wrong * sizes.documents > 2 * quiet:
        for made, some in runs:
            late = _alarmed(of, made, some, made.anchors, quiet / wrong)
            add({f"{_OURS}, at the rate of false alarms that alibi-detect really made": late})
    return found, early


def draw(result: Result, folder: Path) -> list[str]:
    name = "monitoring-detection.svg"
    found_by(folder / name, result.series["cells"], result.series["after"])
    return [name]


def _ours(place: Place, of: Encoded, made: Release, chosen: Sequence[Stream], sizes: Sizes) -> dict[str, Late]:
    place.tell(f"  {_OURS}: {len(chosen)} streams")
    bases = {_OURS: made.anchors, _SIGNS: None}
    return {name: _alarmed(of, made, chosen, anchors, sizes.documents) for name, anchors in bases.items()}


def _alarmed(of: Encoded, made: Release, chosen: Sequence[Stream], anchors: Anchors | None, documents: float) -> Late:
    every = seen(of, made, anchors)
    rang = [alarms(every, of, made.reference, each, documents) for each in chosen]
    return delays(rang, chosen), sum(at < each.change for one, each in zip(rang, chosen, strict=True) for at, _ in one)


def _alibi(place: Place, of: Encoded, made: Release, chosen: Sequence[Stream], sizes: Sizes) -> dict[str, Late]:
    told = {}
    for each in sizes.detectors:
        rang = alibi(place, of, made, chosen, each, sizes.documents)["alarms"]
        late = delays([[(at, "") for at in one] for one in rang], chosen)
        early = sum(at < sizes.change for one in rang for at in one)
        told[f"alibi-detect {each.kind.upper()}, window {each.window}"] = late, early
    return told


def _evidently(place: Place, of: Encoded, made: Release, chosen: Sequence[Stream], sizes: Sizes) -> dict[str, Late]:
    """Its false alarms are those of the windows that its thresholds are of."""
    told: dict[str, Late] = {}
    every = seen(of, made, made.anchors)
    for name, one in evidently(place, of, made, every, chosen, sizes.window, sizes.documents).items():
        late = [float("inf") if at is None else float(at - sizes.change) for at in one["fired"]]
        told[f"Evidently, {_TESTS[name]}, windows of {sizes.window}"] = late, 0
    return told


def _cells(late: Sequence[float], chosen: Sequence[Stream], after: int) -> dict[str, list[float]]:
    """By set and share; what was not found counts as the stream's end."""
    cells: dict[str, list[float]] = {f"{other} {part:g}": [] for other in OTHERS for part in SHARES}
    for delay, stream in zip(late, chosen, strict=True):
        cells[f"{stream.other} {stream.share:g}"].append(min(delay, after + 1.0))
    return cells


def _rows(
    part: float, cells: dict[str, dict[str, list[float]]], sizes: Sizes, early: dict[str, int], many: int
) -> list[Row]:
    late = {name: np.array([each for o in OTHERS for each in of[f"{o} {part:g}"]]) for name, of in cells.items()}
    power = {name: float((each <= sizes.after).mean()) for name, each in late.items()}
    median = {name: float(np.median(each)) for name, each in late.items()}
    peers = [name for name in late if not name.startswith(_OURS)]
    value, low, high = interval(int((late[_OURS] <= sizes.after).sum()), len(late[_OURS]))
    random = np.random.default_rng(0)
    drawn = np.median(random.choice(late[_OURS], (2000, len(late[_OURS]))), axis=1)
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    words = f"{part:.0%} of documents from elsewhere"
    notes = _notes(part, cells, early, many, sizes)
    return [
        Row(
            f"detection-power-{part:g}",
            f"{words}: streams in which it is found within {sizes.after:,} documents",
            value, low, high,
            bar=Bar("at least", max(power[name] for name in peers)) if peers else None,
            beside=tuple(Beside(name, power[name]) for name in late if name != _OURS),
            notes=notes,
        ),
        Row(
            f"detection-delay-{part:g}",
            f"{words}: median documents until it is found",
            median[_OURS], float(lower), float(upper), "documents",
            bar=Bar("at most", min(median[name] for name in peers)) if peers else None,
            beside=tuple(Beside(name, median[name]) for name in late if name != _OURS),
        ),
    ]  # fmt: skip


def _notes(part: float, cells: dict[str, Any], early: dict[str, int], many: int, sizes: Sizes) -> tuple[str, ...]:
    each = ", ".join(f"{other} {np.median(cells[_OURS][f'{other} {part:g}']):.0f}" for other in OTHERS)
    told = [f"median delay by set: {each} ({sizes.after + 1:,} is not found)"]
    if part == SHARES[0]:
        alarmed = ", ".join(f"{name} {count}" for name, count in early.items() if not name.startswith("Evidently"))
        allowed = many * sizes.change / sizes.documents
        more = 9 * sizes.more * sizes.change / sizes.documents
        told.append(
            f"alarms before the change of {many} streams: {allowed:.1f} are allowed, {more:.1f} with other references, "
            f"and there were {alarmed}"
        )
    return tuple(told)
