"""How well wrong labels are found: labels of real texts are flipped, and the queue is to have them at its top.

    python tests/benchmarks/label_errors.py [--data FOLDER] [--cache FOLDER]

prints the tables of docs/label-errors.md. `--data` is a folder of SemEval-2017's files of tweets (id, class, text).
Embeddings are the encoder's; with `--cache` they are kept.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import Tweet, read_sdist
from towpath.core.objective import Objective, load_objective
from towpath.model.build import build_encoder
from towpath.pipelines.steps.encode import embed
from towpath.preparation.labels.consensus import by_crowdlab
from towpath.preparation.labels.errors import new_texts, out_of_fold, same_texts, suspicions
from towpath.preparation.labels.ratings import Table

ROOT = Path(__file__).parents[2]
SEEDS = range(5)
OF_SEMEVAL = 8000
K = 3

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
How = Literal["random", "confusion"]


class Found(NamedTuple):
    """`precision`: of as many as there are wrong labels; `half`: of half as many; `auroc`: of the whole ranking."""

    precision: float
    half: float
    auroc: float


def flipped(labels: Indices, share: float, confusion: Floats | None, seed: int) -> tuple[Indices, NDArray[np.bool_]]:
    """Labels (n,) of which `share` are wrong, and which: of any other class, or by the odds of `confusion` (K, K)."""
    random = np.random.default_rng(seed)
    wrong = np.zeros(len(labels), dtype=np.bool_)
    wrong[random.choice(len(labels), round(share * len(labels)), replace=False)] = True
    odds = np.ones((K, K)) if confusion is None else confusion.copy()
    np.fill_diagonal(odds, 0)
    odds /= odds.sum(axis=1, keepdims=True)
    made = labels.copy()
    for n in np.flatnonzero(wrong):
        made[n] = random.choice(K, p=odds[labels[n]])
    return made, wrong


def measured(quality: Floats, wrong: NDArray[np.bool_]) -> Found:
    order, k = np.argsort(quality, kind="stable"), int(wrong.sum())
    top = [float(wrong[order[:size]].mean()) for size in (k, k // 2)]
    return Found(*top, float(roc_auc_score(wrong, -quality)))


def classes_of(tweets: Sequence[Tweet], objective: Objective) -> Indices:
    """Of all raters' mean grade."""
    return np.array([objective.classes.index(objective.class_of_grade(each.mean)) for each in tweets], dtype=np.intp)


def raters_confusion(tweets: Sequence[Tweet], objective: Objective) -> Floats:
    """(K, K): how often a rater says the column where all raters together say the row."""
    counts = np.zeros((K, K))
    index = {grade: objective.classes.index(objective.class_of_grade(grade)) for grade in range(-4, 5)}
    for each, truth in zip(tweets, classes_of(tweets, objective), strict=True):
        np.add.at(counts[truth], [index[grade] for grade in each.ratings], 1)
    return counts


def models_confusion(truth: Indices, probabilities: Floats) -> Floats:
    counts = np.ones((K, K))
    np.add.at(counts, (truth, probabilities.argmax(axis=1)), 1)
    return counts


def of_flips(
    name: str, rows: NDArray[np.floating], texts: list[str], truth: Indices, confusion: Floats
) -> Iterator[str]:
    groups = same_texts(texts)
    for how in ("random", "confusion"):
        for share in (0.05, 0.1):
            found = []
            for seed in SEEDS:
                given, wrong = flipped(truth, share, confusion if how == "confusion" else None, seed)
                probabilities = out_of_fold(rows, given, groups, K, seed=seed)
                found.append(measured(suspicions(given, probabilities).quality, wrong))
            yield row(name, f"{share:.0%}, {how}", np.array(found), share)


def of_few_raters(rows: NDArray[np.floating], tweets: Sequence[Tweet], objective: Objective) -> Iterator[str]:
    """Errors that nobody made up: the class of three raters, where all raters together say another."""
    groups = same_texts([each.text for each in tweets])
    grades = np.array([each.ratings[:20] for each in tweets])
    for graded in (True, False):
        truth = classes_of(tweets, objective) if graded else most(sign(grades.astype(np.float64)))
        found: dict[str, list[Found]] = {"model": [], "votes": [], "CROWDLAB": []}
        shares = []
        for seed in SEEDS:
            random = np.random.default_rng(seed)
            raters = np.array([random.choice(20, 3, replace=False) for _ in tweets])
            said = np.take_along_axis(grades, raters, axis=1).astype(np.float64)
            given = sign(said.mean(axis=1)) if graded else most(sign(said))
            probabilities = out_of_fold(rows, given, groups, K, seed=seed)
            votes = np.full((20, len(tweets)), np.nan)
            votes[raters.T, np.arange(len(tweets))] = sign(said).T
            table = Table(votes, tuple(map(str, range(20))), tuple(each.document_id for each in tweets))
            crowd = suspicions(given, probabilities, by_crowdlab(table, probabilities).quality).quality
            agreed = (sign(said) == given[:, None]).mean(axis=1) + 1e-9 * random.random(len(tweets))
            wrong = given != truth
            shares.append(float(wrong.mean()))
            for name, quality in zip(found, (suspicions(given, probabilities).quality, agreed, crowd), strict=True):
                found[name].append(measured(quality, wrong))
        kind = "class of the mean grade" if graded else "class of most votes"
        for name, each in found.items():
            yield row(kind, name, np.array(each), float(np.mean(shares)))


def sign(grades: Floats) -> Indices:
    """The running example's class of a grade."""
    return np.where(grades <= -0.05, 0, np.where(grades >= 0.05, 2, 1)).astype(np.intp)


def most(votes: Indices) -> Indices:
    return np.stack([(votes == each).sum(axis=1) for each in range(K)], axis=1).argmax(axis=1)


def row(first: str, second: str, found: Floats, wrong: float) -> str:
    mean, spread = found.mean(axis=0), found.std(axis=0)
    figures = " | ".join(f"{m:.3f} ± {s:.3f}" for m, s in zip(mean, spread, strict=True))
    return f"| {first} | {second} | {wrong:.1%} | {figures} |"


def semeval(folder: Path, count: int, objective: Objective) -> tuple[list[str], Indices]:
    """Texts and classes of `count` different tweets, drawn by a hash."""
    lines = [line.split("\t") for each in sorted(folder.glob("*.tsv")) for line in each.read_text().split("\n")]
    lines = [fields for fields in lines if len(fields) >= 3]
    lines.sort(key=lambda fields: hashlib.sha256("\t".join(fields[:3]).encode()).digest())
    kept = new_texts([fields[2] for fields in lines], [])[:count]
    return [lines[n][2] for n in kept], np.array([objective.classes.index(lines[n][1]) for n in kept], dtype=np.intp)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="SemEval-2017's files")
    parser.add_argument("--cache", type=Path, help="keep encoder and embeddings here")
    arguments = parser.parse_args()
    objective = load_objective(ROOT / "objective.yaml")
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        encoder = build_encoder(cache)
        tweets = read_sdist(sdist())
        texts = [each.text for each in tweets]
        rows = embed(texts, encoder, cache)
        print(
            "| texts | | wrong | precision, top k | precision, top k/2 | AUROC |\n|---|---|---|---|---|---|", flush=True
        )
        for line in of_few_raters(rows, tweets, objective):
            print(line, flush=True)
        for line in of_flips("tweets", rows, texts, classes_of(tweets, objective), raters_confusion(tweets, objective)):
            print(line, flush=True)
        if arguments.data:
            texts, truth = semeval(arguments.data, OF_SEMEVAL, objective)
            rows = embed(texts, encoder, cache)
            confusion = models_confusion(truth, out_of_fold(rows, truth, same_texts(texts), K))
            for line in of_flips("SemEval", rows, texts, truth, confusion):
                print(line, flush=True)


if __name__ == "__main__":
    main()
