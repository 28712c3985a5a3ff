"""How often monitoring's alarms on the stream cry wolf: martingales, run lengths, and a test a window beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.delivery.environments import PeerError
from benchmarks.monitoring.place import Place
from benchmarks.monitoring.rows import Bar, Beside, Result, Row
from benchmarks.monitoring.unchanged.lasting import Run, mean_run, survival
from benchmarks.monitoring.unchanged.pictures import capital, lasting
from benchmarks.monitoring.unchanged.replays import ask_evidently
from benchmarks.monitoring.unchanged.runs import Ended, blamed, kafka_run, steady_run, test_run
from benchmarks.monitoring.unchanged.served import Served, served
from benchmarks.monitoring.unchanged.shares import share
from benchmarks.monitoring.unchanged.ville import Climb, climbs

__all__ = ["draw", "measure"]

_THRESHOLD = 100.0
_TIES = ("length", "unknown-words", "asked")
_POINTS = 64
_OURS, _KAFKA, _KS, _EVIDENTLY = (
    "Towpath, a document a minute",
    "Towpath, as Kafka delivers",
    "one KS test of each 500, α = 0.05",
    "Evidently's defaults on each 500",
)


@dataclass(frozen=True)
class Sizes:
    """Streams of each kind, and their documents. `promised`: documents in which one false alarm is allowed: what a test
    at α = 0.05 of each `window` documents would have, by its own account."""

    reference: int = 400
    climbing: int = 1000
    documents: int = 2048
    bursty: int = 1024
    promised: int = 10_000
    window: int = 500
    most: int = 20_000
    runs: int = 120
    kafka_runs: int = 40
    test_runs: int = 200
    evidently_runs: int = 40
    evidently_most: int = 3_000
    releases: int = 50
    labelled: int = 600


QUICK = Sizes(
    200, 8, 256, 256, 1000, 50, 1000, runs=4, kafka_runs=2, test_runs=4, evidently_runs=2, evidently_most=100,
    releases=2, labelled=60,
)  # fmt: skip


def measure(place: Place) -> Result:
    tweets, sizes = served(place), QUICK if place.quick else Sizes()
    climbing = _climbing(place, tweets, sizes)
    ended = _ended(place, tweets, sizes)
    return _result(place, sizes, climbing, ended, _released(place, tweets, sizes))


def _climbing(place: Place, tweets: Served, sizes: Sizes) -> dict[bool, list[Climb]]:
    """In order, and as Kafka delivers them."""
    made = {}
    for kafka, documents in ((False, sizes.documents), (True, sizes.bursty)):
        place.tell(f"  {sizes.climbing} martingales of {documents} documents{', as Kafka delivers them' * kafka}")
        streams = range(sizes.climbing)
        made[kafka] = [climbs(tweets, n, sizes.reference, documents, kafka=kafka, seed=place.seed) for n in streams]
    return made


def _released(place: Place, tweets: Served, sizes: Sizes) -> list[tuple[bool, float]]:
    place.tell(f"  {sizes.releases} releases and their feedback")
    return [blamed(tweets, n, sizes.reference, sizes.labelled, place.seed) for n in range(sizes.releases)]


def _result(
    place: Place,
    sizes: Sizes,
    climbing: dict[bool, list[Climb]],
    ended: dict[str, list[Ended]],
    released: Sequence[tuple[bool, float]],
) -> Result:
    rows = (
        _ville("streams-ville", "unchanged streams that ever reach 100", climbing[False]),
        _ville("streams-ville-kafka", "the same in bursts, as Kafka delivers them", climbing[True]),
        _lengths(ended, sizes.promised),
        _blamed(released),
    )
    about = {"seed": place.seed, **asdict(sizes), "minutes between documents": 1}
    return Result(rows, _series(climbing, ended, sizes), about)


def draw(result: Result, folder: Path) -> list[str]:
    names = ["monitoring-capital.svg", "monitoring-run-length.svg"]
    capital(folder / names[0], result.series["paths"], _THRESHOLD)
    lasting(folder / names[1], result.series["survival"], result.about["promised"])
    return names


def _ville(key: str, title: str, climbing: Sequence[Climb]) -> Row:
    """Of streams, whose scores share one stake: their mean is one martingale. Each score's alone is one, too."""
    names, reached = climbing[0].names, np.array([each.highest >= np.log10(_THRESHOLD) for each in climbing])
    many, together = len(reached), sum(bool(each.together >= np.log10(_THRESHOLD)) for each in climbing)
    ties = [n for n, name in enumerate(names) if name.startswith(_TIES)]
    worst = int(reached.sum(axis=0).argmax())
    beside = (
        Beside("a score by itself, of its streams", *_mean(reached)),
        Beside("those with many ties", *_mean(reached[:, ties])),
        Beside(f"the one with most ({names[worst]})", *share(int(reached[:, worst].sum()), many)),
        Beside("streams in which any score by itself did", *share(int(reached.any(axis=1).sum()), many)),
    )
    notes = (f"{many:,} streams; each of {len(names)} scores has an equal part of the stake, as it has of the budget",)
    value, low, high = share(together, many)
    return Row(key, title, value, low, high, bar=Bar("at most", 0.01), beside=beside, notes=notes)


def _mean(reached: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[float, float, float]:
    return share(int(reached.sum()), reached.size)


def _ended(place: Place, tweets: Served, sizes: Sizes) -> dict[str, list[Ended]]:
    place.tell(f"  {sizes.runs} and {sizes.kafka_runs} streams until monitoring alarms, of {sizes.most} documents")
    reference, seed = sizes.reference, place.seed
    found = {
        _OURS: [steady_run(tweets, n, reference, sizes.promised, sizes.most, seed) for n in range(sizes.runs)],
        _KAFKA: [kafka_run(tweets, n, reference, sizes.promised, sizes.most, seed) for n in range(sizes.kafka_runs)],
        _KS: [test_run(tweets, n, reference, sizes.window, sizes.most, seed) for n in range(sizes.test_runs)],
    }
    try:
        found[_EVIDENTLY] = _evidently(place, tweets, sizes)
    except PeerError as error:
        place.tell(f"  Evidently is left out: {error}")
    return found


def _evidently(place: Place, tweets: Served, sizes: Sizes) -> list[Ended]:
    """The first window of which it calls a column drifted."""
    place.tell(f"  {sizes.evidently_runs} streams until Evidently calls a column drifted")
    windows, chosen = sizes.evidently_most // sizes.window, []
    for stream in range(sizes.evidently_runs):
        random = np.random.default_rng([place.seed, stream])
        rows = random.integers(0, len(tweets), sizes.reference + sizes.evidently_most)
        before, after = rows[: sizes.reference], rows[sizes.reference :].reshape(windows, sizes.window)
        chosen += [np.concatenate([before, each]) for each in after]
    found = ask_evidently(place, tweets, np.stack(chosen), sizes.reference, 0)
    flags = np.array(list(found["drifted"].values())).any(axis=0).reshape(sizes.evidently_runs, windows)
    return [
        Ended(float(sizes.window * (int(each.argmax()) + 1)), True)
        if each.any()
        else Ended(sizes.evidently_most, False)
        for each in flags
    ]


def _run(ended: Sequence[Ended]) -> Run:
    return mean_run([each.documents for each in ended], [each.fired for each in ended])


def _lengths(ended: dict[str, list[Ended]], promised: int) -> Row:
    runs = {name: _run(each) for name, each in ended.items()}
    ours = runs[_OURS]
    beside = tuple(
        Beside(name, each.mean / promised, each.low / promised, min(each.high, 1e9) / promised)
        for name, each in runs.items()
        if name != _OURS
    )
    notes = (
        f"one false alarm in {promised:,} documents is promised, by the clock; {ours.alarms} of {len(ended[_OURS])} "
        f"streams alarmed. The interval is exact for alarms that are as likely at any time",
        "what is proved is the expected number of alarms in a period, of all causes together; they often come at once, "
        "so that the first is later",
    )
    return Row(
        "streams-run-length",
        "mean run length to a false alarm ÷ the objective's, all causes of drift together",
        ours.mean / promised,
        ours.low / promised,
        min(ours.high, 1e9) / promised,
        bar=Bar("at least", 0.9),
        beside=beside,
        notes=notes,
    )


def _blamed(released: Sequence[tuple[bool, float]]) -> Row:
    value, low, high = share(sum(wrong for wrong, _ in released), len(released))
    error = released[0][1]
    notes = ("at most 5 %, or a third of the cause's part of the budget, for as long as a release reigns",)
    title = f"releases ever said to have become dearer (performance/cost), of {len(released)} that have not"
    return Row("streams-blamed", title, value, low, high, bar=Bar("at most", error), notes=notes)


def _series(climbing: dict[bool, list[Climb]], ended: dict[str, list[Ended]], sizes: Sizes) -> dict[str, Any]:
    """Paths of the first streams, whichever they are, a score each."""
    paths = {}
    for kafka, name in ((False, "a document after another"), (True, "in bursts, as Kafka delivers them")):
        shown = climbing[kafka][:100]
        at = np.linspace(0, len(shown[0].path) - 1, _POINTS).astype(np.intp)
        paths[name] = {"at": (at + 1).tolist(), "log10": [each.path[at].round(2).tolist() for each in shown]}
    grid = np.linspace(0, sizes.most, 81)
    curves = {}
    for name, each in ended.items():
        end = sizes.evidently_most if name == _EVIDENTLY else sizes.most
        some = grid[grid <= end]
        left = survival([one.documents for one in each], [one.fired for one in each], some)
        curves[name] = {"at": some.tolist(), "left": left.round(4).tolist()}
    return {"paths": paths, "survival": curves}
