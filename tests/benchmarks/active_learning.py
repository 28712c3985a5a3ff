"""What choosing the next labels gains over chance: learning curves on real tweets, drawn and told.

    python tests/benchmarks/active_learning.py [--data FOLDER] [--cache FOLDER] [-o docs/active-learning.svg]

`--data` is a folder of SemEval-2017's files of tweets (id, class, text); without it, only the tweets of vaderSentiment.
A document's label counts as one, whatever it costs to get. Every arm trains on the same number of labels and is judged
on the same documents kept apart, by the path's own split; what goes to evaluation is not counted.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from label_errors import OF_SEMEVAL, classes_of, semeval
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from benchmarks.drawing import blank, save
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import read_sdist
from towpath.core.objective import Costs, load_objective
from towpath.model.build import build_encoder
from towpath.pipelines.steps.encode import embed
from towpath.pipelines.steps.split import split
from towpath.preparation.labels.errors import fitted
from towpath.preparation.labels.selection import choose

ROOT = Path(__file__).parents[2]
SEEDS, START, BATCH, ROUNDS = 5, 100, 100, 10

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Pick = Callable[[Floats, Floats, Costs, int], Indices]


def by_chance(rows: Floats, probabilities: Floats, costs: Costs, seed: int) -> Indices:
    return np.random.default_rng(seed).permutation(len(rows))[:BATCH]


def by_margin(rows: Floats, probabilities: Floats, costs: Costs, seed: int) -> Indices:
    """The usual one: the two most probable classes are nearest; costs and likeness count nothing."""
    ranked = np.sort(probabilities, axis=1)
    return np.argsort(ranked[:, -1] - ranked[:, -2], kind="stable")[:BATCH]


def by_towpath(rows: Floats, probabilities: Floats, costs: Costs, seed: int) -> Indices:
    nothing = np.zeros(len(rows), dtype=np.bool_)
    made = choose(rows, probabilities, nothing, costs, count=BATCH, evaluation_share=0, seed=seed)
    return np.array([each.index for each in made], dtype=np.intp)


ARMS: dict[str, tuple[str, str, Pick]] = {
    "random": ("#777777", "--", by_chance),
    "class margin": ("#c77700", ":", by_margin),
    "towpath labels next": ("#0060a8", "-", by_towpath),
}


def curve(rows: Floats, truth: Indices, texts: list[str], costs: Costs, pick: Pick, seed: int) -> Floats:
    """(ROUNDS, 2): cost a document, and macro-F1, on the documents kept apart."""
    parts = split(texts)
    test, pool = parts.test, np.concatenate([parts.train, parts.calibration])
    have = np.random.default_rng(seed).permutation(pool)[:START]
    points = []
    for number in range(ROUNDS):
        there = fitted(rows[have], truth[have], rows[test], len(costs.matrix))
        made = costs.decide(there)
        paid = costs.realised(truth[test], made.labels, made.ask).mean()
        points.append((paid, f1_score(truth[test], there.argmax(axis=1), average="macro", zero_division=0)))
        left = np.setdiff1d(pool, have)
        here = fitted(rows[have], truth[have], rows[left], len(costs.matrix))
        have = np.concatenate([have, left[pick(rows[left], here, costs, 1000 * seed + number)]])
    return np.array(points)


def curves(rows: Floats, truth: Indices, texts: list[str], costs: Costs) -> dict[str, Floats]:
    """(SEEDS, ROUNDS, 2) by arm; all arms of a seed begin with the same labels."""
    return {
        name: np.array([curve(rows, truth, texts, costs, pick, seed) for seed in range(SEEDS)])
        for name, (_, _, pick) in ARMS.items()
    }


def told(title: str, found: dict[str, Floats]) -> None:
    at = [ROUNDS // 5, ROUNDS // 2, ROUNDS - 1]
    labels = [START + BATCH * n for n in at]
    print(f"\n{title}\n| | " + " | ".join(f"cost, {n} labels" for n in labels) + " | ", end="")
    print(" | ".join(f"macro-F1, {n} labels" for n in labels) + " |\n|---|" + "---|" * 2 * len(at))
    for name, each in found.items():
        figures = [f"{each[:, n, m].mean():.4f} ± {each[:, n, m].std():.4f}" for m in (0, 1) for n in at]
        print(f"| {name} | " + " | ".join(figures) + " |")
    won = {name: (each - found["random"])[:, 1:].mean(axis=1) for name, each in found.items() if name != "random"}
    for name, each in won.items():
        cost, f1 = each.mean(axis=0)
        print(f"{name} against random, mean over the curve: cost {cost:+.4f}, macro-F1 {f1:+.4f};", end=" ")
        print(
            f"cheaper in {(each[:, 0] < 0).sum()} of {SEEDS} seeds, better F1 in {(each[:, 1] > 0).sum()}", flush=True
        )


def drawn(all_found: dict[str, dict[str, Floats]], unit: str, file: Path) -> None:
    figure = blank(4.2 * len(all_found), 6.4)
    axes = figure.subplots(2, len(all_found), squeeze=False, sharex=True)
    x = START + BATCH * np.arange(ROUNDS)
    for column, (title, found) in enumerate(all_found.items()):
        for line, what in enumerate((f"cost a document, {unit}", "macro-F1")):
            axis = axes[line][column]
            for name, (colour, style, _) in ARMS.items():
                mean, spread = found[name][:, :, line].mean(axis=0), found[name][:, :, line].std(axis=0)
                axis.plot(x, mean, style, color=colour, label=name)
                axis.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.12, linewidth=0)
            axis.set_ylabel(what)
            axis.grid(alpha=0.25)
        axes[0][column].set_title(title, fontsize=10)
        axes[1][column].set_xlabel("labels trained on")
    axes[0][0].legend(fontsize=8)
    save(figure, file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="SemEval-2017's files")
    parser.add_argument("--cache", type=Path, help="keep encoder and embeddings here")
    parser.add_argument("-o", "--output", type=Path, help="draw the curves to this SVG")
    arguments = parser.parse_args()
    objective = load_objective(ROOT / "objective.yaml")
    tweets = read_sdist(sdist())
    sets = {"tweets": ([each.text for each in tweets], classes_of(tweets, objective))}
    if arguments.data:
        sets["SemEval"] = semeval(arguments.data, OF_SEMEVAL, objective)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        encoder = build_encoder(cache)
        for name, (texts, truth) in sets.items():
            rows = embed(texts, encoder, cache).astype(np.float64)
            for costs, said in (
                (objective.costs, "a person may be asked"),
                (Costs(objective.costs.matrix, None), "nobody to ask"),
            ):
                title = f"{name}, {said}"
                found[title] = curves(rows, truth, texts, costs)
                told(title, found[title])
    if arguments.output:
        drawn(found, objective.unit, arguments.output)


if __name__ == "__main__":
    main()
