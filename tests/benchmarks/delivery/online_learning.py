"""What a head that learns from feedback saves on tweets in the order in which they were written.

    python tests/benchmarks/delivery/online_learning.py --data FOLDER [--cache FOLDER] [--every N] [-o docs/online.svg]

`--data` is a folder of SemEval-2017's files (id, class, text), whose ids tell the time. The static head is trained on
the first fifth by the pipeline's own steps; the rest comes one by one, a share of it with feedback, `DELAY` documents
later. Three ways to decide each document are priced: static; online, whatever it costs; gated, which is what Towpath
does.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmarks.drawing import blank, save
from towpath.core.objective import Costs, load_objective
from towpath.core.objective.parts import Online
from towpath.model.build import Head, build_encoder
from towpath.pipelines.steps import train
from towpath.pipelines.steps.encode import embed
from towpath.pipelines.steps.split import split
from towpath.training.domain.online.head import Weights
from towpath.training.domain.online.learner import Learner, Told

ROOT = Path(__file__).parents[3]
FIRST, SHARES, DELAY, SEED = 0.2, (1.0, 0.3), 200, 20261125
RATES = (0.01, 0.2)
SPENT = {"static": ("#777777", "-"), "online": ("#c77700", "-"), "gated": ("#0060a8", "-")}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tweets:
    """In the order of time. `at`: seconds since 1970."""

    at: Floats
    texts: list[str]
    truth: NDArray[np.intp]


def read(folder: Path, classes: tuple[str, ...], every: int) -> Tweets:
    """Every `every`-th tweet in the order of time; of these, each text once."""
    lines = [line.split("\t") for each in sorted(folder.glob("*.tsv")) for line in each.read_text().split("\n")]
    by_id: dict[int, tuple[str, str]] = {}
    for each in lines:
        if len(each) >= 3:
            by_id.setdefault(int(each[0]), (each[2], each[1]))
    by_text: dict[str, tuple[int, str]] = {}
    for number in sorted(by_id)[::every]:
        text, name = by_id[number]
        by_text.setdefault(text, (number, name))
    at = np.array([((number >> 22) + 1288834974657) / 1000 for number, _ in by_text.values()])
    truth = np.array([classes.index(name) for _, name in by_text.values()], dtype=np.intp)
    return Tweets(at, list(by_text), truth)


def static_head(rows: NDArray[np.float32], tweets: Tweets, count: int, costs: Costs) -> Head:
    """As a training run makes it of the first `count` tweets."""
    parts, truth = split(tweets.texts[:count]), tweets.truth[:count]
    made = train.fit(rows[parts.train], truth[parts.train], np.ones(len(parts.train)), costs, seed=0)
    return train.calibrate(made, rows[parts.calibration], truth[parts.calibration]).head


def replay(
    rows: NDArray[np.float32], truth: NDArray[np.intp], head: Head, costs: Costs, online: Online, share: float
) -> tuple[dict[str, Floats], list[dict[str, Any]]]:
    """(cost of each document by way of deciding, what changed when)."""
    random = np.random.default_rng(SEED)
    told = random.random(len(truth)) < share
    fixed = train.probabilities(head, rows)
    learner = Learner(Weights(head.coef, head.intercept), costs, online)
    waiting: deque[int] = deque()
    by_online, by_gated, changes = np.empty_like(fixed), np.empty_like(fixed), []
    for n, row in enumerate(rows):
        while waiting and waiting[0] <= n - DELAY:
            late = waiting.popleft()
            said = Told(f"fb-{late}", f"doc-{late}", int(truth[late]))
            change = learner.learn(said, rows[late], fixed[late].astype(np.float32))
            if change is not None:
                changes.append({"document": n, "feedback": learner.learned, "change": change})
        by_online[n] = learner.weights.probabilities(row)
        by_gated[n] = fixed[n] if learner.serves is None else learner.serves.weights.probabilities(row)
        if told[n]:
            waiting.append(n)
    made = {"static": fixed, "online": by_online, "gated": by_gated}
    decisions = {name: costs.decide(each) for name, each in made.items()}
    return {name: costs.realised(truth, each.labels, each.ask) for name, each in decisions.items()}, changes


def interval(values: Floats) -> list[float]:
    """Of the mean of a stream, 95 %: from the means of 40 blocks, for neighbours are alike."""
    means = np.array([each.mean() for each in np.array_split(values, 40)])
    spread = 2.02 * means.std(ddof=1) / np.sqrt(len(means))
    return [round(float(values.mean() - spread), 5), round(float(values.mean() + spread), 5)]


def told_of(costs: dict[str, Floats], changes: list[dict[str, Any]], at: Floats) -> dict[str, Any]:
    when = [{**each, "at": datetime.fromtimestamp(at[each["document"]], UTC).date().isoformat()} for each in changes]
    made: dict[str, Any] = {
        "cost_per_document": {name: round(float(each.mean()), 5) for name, each in costs.items()},
        "saved_against_static": {
            name: {
                "mean": round(float((costs["static"] - costs[name]).mean()), 5),
                "interval": interval(costs["static"] - costs[name]),
            }
            for name in ("online", "gated")
        },
        "changes": when,
    }
    return made


def reigns(changes: list[dict[str, Any]], count: int) -> list[tuple[int, int]]:
    """(from, to) of the documents that the online head decided."""
    bounds = [each["document"] for each in changes] + [count]
    return [(bounds[n], bounds[n + 1]) for n in range(0, len(changes), 2)]


def draw(found: dict[str, tuple[dict[str, Floats], list[dict[str, Any]]]], at: Floats, unit: str, file: Path) -> None:
    figure = blank(4.6 * len(found), 6.2)
    axes = figure.subplots(2, len(found), squeeze=False, sharex=True)
    for column, (title, (costs, changes)) in enumerate(found.items()):
        above, below = axes[0][column], axes[1][column]
        for name, (colour, style) in SPENT.items():
            thin = slice(None, None, max(1, len(at) // 400))
            above.plot(np.arange(len(at))[thin], np.cumsum(costs[name])[thin], style, color=colour, label=name, lw=1.4)
            saved = np.cumsum(costs["static"] - costs[name])[thin]
            below.plot(np.arange(len(at))[thin], saved, style, color=colour, label=name, lw=1.4)
        for axis in (above, below):
            for start, end in reigns(changes, len(at)):
                axis.axvspan(start, end, color="#0060a8", alpha=0.08, lw=0)
            axis.grid(alpha=0.25)
        above.set_title(title, fontsize=10)
        above.set_ylabel(f"paid so far, {unit}")
        below.set_ylabel(f"saved against static, {unit}")
        years(below, at)
    axes[0][0].legend(frameon=False, fontsize=9)
    figure.supxlabel("tweets in the order of time; shaded: the online head reigns", fontsize=9)
    save(figure, file)


def years(axis: Axes, at: Floats) -> None:
    of = np.array([datetime.fromtimestamp(each, UTC).year for each in at])
    found = [int(np.flatnonzero(of == year)[0]) for year in sorted(set(of))]
    # Years with few tweets would be written over each other.
    kept = [n for n, place in enumerate(found) if n + 1 == len(found) or found[n + 1] - place > len(at) // 12]
    axis.set_xticks([found[n] for n in kept], [str(of[found[n]]) for n in kept], fontsize=8)


def shift(tweets: Tweets, classes: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Tweets, and share of each class, by year."""
    of = np.array([datetime.fromtimestamp(each, UTC).year for each in tweets.at])
    made = {}
    for year in sorted(set(of.tolist())):
        truth = tweets.truth[of == year]
        shares = {name: round(float((truth == n).mean()), 3) for n, name in enumerate(classes)}
        made[str(year)] = {"tweets": len(truth), **shares}
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="SemEval-2017's files")
    parser.add_argument("--cache", type=Path, help="keep encoder and embeddings here")
    parser.add_argument("--every", type=int, default=1, help="take every N-th tweet only")
    parser.add_argument("-o", type=Path, default=ROOT / "docs" / "online.svg", help="the picture; figures beside it")
    arguments = parser.parse_args()
    objective = load_objective(ROOT / "objective.yaml")
    tweets = read(arguments.data, objective.classes, arguments.every)
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        rows = embed(tweets.texts, build_encoder(cache), cache)
    first = int(FIRST * len(tweets.texts))
    prices = {f"asking a person at {objective.ask_person} {objective.unit}": objective.costs}
    prices["nobody can be asked"] = replace(objective.costs, ask_person=None)
    drawn, report = {}, []
    rest, truth, at = rows[first:], tweets.truth[first:], tweets.at[first:]
    for title, costs in prices.items():
        head = static_head(rows, tweets, first, costs)
        tried = [(share, Online()) for share in SHARES] + [(SHARES[-1], Online(learning_rate=each)) for each in RATES]
        for share, online in tried:
            made = replay(rest, truth, head, costs, online, share)
            told = {
                "prices": title,
                "feedback_share": share,
                "learning_rate": online.learning_rate,
                **told_of(*made, at),
            }
            print(json.dumps(told), flush=True)
            report.append(told)
            drawn.setdefault(title, made)
    draw(drawn, at, objective.unit, arguments.o)
    about = {
        "tweets": len(tweets.texts),
        "every": arguments.every,
        "static_trained_on_the_first": first,
        "feedback_delay_documents": DELAY,
        "online": Online().model_dump(by_alias=True),
        "unit": objective.unit,
        "by_year": shift(tweets, objective.classes),
        "results": report,
    }
    arguments.o.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
