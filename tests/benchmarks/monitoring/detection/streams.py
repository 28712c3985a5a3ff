"""Embeddings of all four sets, releases made as the pipeline makes them, and streams that change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.place import Place
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import read_sdist
from towpath.core.objective import Objective, load_objective
from towpath.model.build import Head, build_encoder, fitted_anchors
from towpath.model.reading import Reader
from towpath.model.sketch import Anchors
from towpath.pipelines.steps import train
from towpath.pipelines.steps.encode import embed

__all__ = ["OTHERS", "SHARES", "Encoded", "Release", "Stream", "encoded", "release", "streams"]

OTHERS = ("movies", "amazon", "nyt")
SHARES = (1.0, 0.5, 0.1)
_LEARN, _REFERENCE, _MOST = 700, 1000, 3000

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Encoded:
    """All documents, a row each: tweets first. `rows`: of each set, which."""

    embeddings: Singles
    tokens: Floats
    unknown: Floats
    truth: Index
    rows: dict[str, Index]
    objective: Objective


@dataclass(frozen=True)
class Release:
    """`reference`: rows that it was judged on. `unseen`: tweets that are in nothing that it was made of."""

    head: Head
    anchors: Anchors
    reference: Index
    unseen: Index


@dataclass(frozen=True)
class Stream:
    """`rows`: `change` tweets, and then `share` of them are `other`."""

    other: str
    share: float
    rows: Index
    change: int


def encoded(place: Place) -> Encoded:
    """Once: embeddings are kept."""
    objective = load_objective("objective.yaml")
    encoder = build_encoder(place.work / "encoder")
    reader = Reader((encoder.path / "tokenizer.json").read_bytes(), int(encoder.description["max_tokens"]))
    archive, random = sdist(), np.random.default_rng(0)
    parts, texts, truth, rows = [], list[str](), list[int](), {}
    for name in ("tweets", *OTHERS):
        chosen = read_sdist(archive, name)
        if name != "tweets":
            chosen = [chosen[row] for row in random.permutation(len(chosen))[:_MOST]]
        place.tell(f"  {name}: {len(chosen)} documents")
        parts.append(embed([each.text for each in chosen], encoder, place.work / "embeddings"))
        rows[name] = np.arange(len(texts), len(texts) + len(chosen))
        texts += [each.text for each in chosen]
        truth += [objective.classes.index(objective.class_of_grade(each.mean)) for each in chosen]
    read = reader.read(texts)
    share = np.minimum(read.unknown / np.maximum(read.tokens, 1), 1.0)
    return Encoded(np.concatenate(parts), read.tokens.astype(float), share, np.array(truth), rows, objective)


def release(of: Encoded, seed: int) -> Release:
    """Of 700 tweets, and 1,000 that it is judged on."""
    order = np.random.default_rng(seed).permutation(of.rows["tweets"])
    learn, held = order[: _LEARN * 4 // 5], order[_LEARN * 4 // 5 : _LEARN]
    made = train.fit(of.embeddings[learn], of.truth[learn], np.ones(len(learn)), of.objective.costs, seed=0)
    made = train.calibrate(made, of.embeddings[held], of.truth[held])
    anchors = fitted_anchors(of.embeddings[learn], seed=0)
    assert anchors is not None
    reference = order[_LEARN : _LEARN + _REFERENCE]
    return Release(made.head, Anchors.read(anchors), reference, order[_LEARN + _REFERENCE :])


def streams(of: Encoded, made: Release, count: int, change: int, after: int, seed: int) -> list[Stream]:
    """`count` of each other set and share, no document twice in one."""
    found = []
    for number in range(count):
        for other in OTHERS:
            for share in SHARES:
                random = np.random.default_rng([seed, number, OTHERS.index(other), int(100 * share)])
                strange = np.concatenate([np.zeros(change, dtype=bool), random.random(after) < share])
                rows = np.empty(change + after, dtype=np.intp)
                rows[~strange] = random.permutation(made.unseen)[: (~strange).sum()]
                rows[strange] = random.permutation(of.rows[other])[: strange.sum()]
                found.append(Stream(other, share, rows, change))
    return found
