"""What a prediction costs monitoring, against what it cost to make: processor time, in turn on the same machine.

Statistics are those of all monitors at a steady state: windows are full, one document in twenty is labelled, and what
is found is looked at after each poll. To decode messages is told beside them: whoever reads a stream pays that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.costing.feed import RATE, Feed, Traffic
from benchmarks.monitoring.place import Place
from benchmarks.monitoring.rows import Bar, Beside, Result, Row
from benchmarks.monitoring.unchanged.served import LEARNED, RELEASE, served
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import read_sdist, split
from towpath.core.stream import Codec, Record
from towpath.model import Model
from towpath.v1 import Feedback, Prediction

__all__ = ["draw", "measure"]

_BAR, _POLL = 0.01, 250
_PER_S = 1e6


@dataclass(frozen=True)
class Sizes:
    """`warm`: predictions before the first round, which fill the windows. `texts`, `predictions`: of a round."""

    warm: int = 210_000
    rounds: int = 16
    texts: int = 64
    predictions: int = 10_000


QUICK = Sizes(warm=2000, rounds=3, texts=16, predictions=1000)


def measure(place: Place) -> Result:
    sizes, known = QUICK if place.quick else Sizes(), served(place)
    texts = [each.text for each in split(read_sdist(sdist()), LEARNED, place.seed)[1]]
    model = Model.load(place.work / "served" / "bundle", side_by_side=True)
    feed, traffic = Feed(), Traffic(known, place.seed)
    feed.release(known, RELEASE)
    place.tell(f"  {sizes.warm:,} predictions, to fill the windows")
    for records in traffic.polls(sizes.warm, 2000):
        feed.poll(records, traffic.now)
    model.predict(texts[: sizes.texts])
    random, rounds = np.random.default_rng(place.seed), []
    for number in range(sizes.rounds):
        some = [texts[row] for row in random.integers(len(texts), size=sizes.texts)]
        polls = [(records, traffic.now) for records in traffic.polls(sizes.predictions, _POLL)]
        sides = [_inferring(model, some), _watching(feed, polls), _decoding([each for each, _ in polls])]
        order = range(3) if number % 2 else range(2, -1, -1)
        spent = {side: _spent(sides[side]) for side in order}
        rounds.append([spent[0] / len(some), spent[1] / sizes.predictions, spent[2] / sizes.predictions])
    return _result(np.array(rounds), Traffic(known, place.seed, "json"), sizes, place.seed)


def draw(result: Result, folder: Path) -> list[str]:
    """Nothing: it is one figure."""
    return []


def _inferring(model: Model, texts: Sequence[str]) -> Callable[[], object]:
    return lambda: model.predict(texts)


def _watching(feed: Feed, polls: Sequence[tuple[Sequence[Record], float]]) -> Callable[[], object]:
    return lambda: [feed.poll(records, now) for records, now in polls]


def _decoding(polls: Sequence[Sequence[Record]]) -> Callable[[], object]:
    codec = Codec()
    kinds = {"feedback": Feedback, "predictions": Prediction}
    return lambda: [codec.decode(each, kinds[each.topic.split(".")[-1]]) for records in polls for each in records]


def _spent(of: Callable[[], object]) -> float:
    """Seconds of all cores."""
    begin = time.process_time()
    of()
    return time.process_time() - begin


def _result(rounds: NDArray[np.float64], traffic: Traffic, sizes: Sizes, seed: int) -> Result:
    """`rounds` (n, 3): seconds a document of inference, of monitoring, and of decoding alone."""
    records = traffic.predictions(min(2000, sizes.predictions))
    json_s = _spent(_decoding([records])) / len(records)
    inference, watching, decoding = rounds.mean(axis=0).tolist()
    drawn = np.random.default_rng(seed).integers(len(rounds), size=(4000, len(rounds)))
    means = rounds[drawn].mean(axis=1)
    low, high = np.quantile((means[:, 1] - means[:, 2]) / means[:, 0], [0.025, 0.975]).tolist()
    row = Row(
        "cost",
        "processor time of stream statistics ÷ of inference, per document",
        (watching - decoding) / inference,
        low,
        high,
        bar=Bar("at most", _BAR),
        beside=(
            Beside("statistics, µs", (watching - decoding) * _PER_S),
            Beside("inference in fp32, µs", inference * _PER_S),
            Beside("to decode it from protobuf, µs", decoding * _PER_S),
            Beside("from JSON, µs", json_s * _PER_S),
            Beside("all of it, from protobuf ÷ inference", watching / inference),
            Beside("all of it, from JSON ÷ inference", (watching - decoding + json_s) / inference),
        ),
        notes=(
            "the ratio of means over rounds in turn, for what is dear is done seldom; the interval is a bootstrap's",
        ),
    )
    about = {**asdict(sizes), "poll": _POLL, "documents a second": RATE, "seed": seed}
    return Result((row,), {"rounds": rounds.tolist()}, about)
