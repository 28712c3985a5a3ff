"""Real tweets as predictions carry them: read, predicted and priced by a bundle that the pipeline's steps made.

1,050 of the 4,200 tweets (Hutto & Gilbert 2014) make the head; the other 3,150 are what is served. Whoever shuffles
these has documents that do not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.monitoring.place import ROOT, Place
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import Tweet, read_sdist, split
from towpath.core.objective import Objective, load_objective
from towpath.model import Model
from towpath.model.build import EncoderFolder, build_encoder, fitted_anchors, merged, write_bundle
from towpath.model.manifest import Lineage
from towpath.monitoring.domain.drift.columns import Columns, reference_columns
from towpath.monitoring.domain.windows import Rows, rows_of
from towpath.pipelines.steps import split as parts
from towpath.pipelines.steps import train
from towpath.pipelines.steps.encode import embed
from towpath.pipelines.steps.examples import Examples, label
from towpath.pipelines.steps.snapshot import Snapshot
from towpath.v1 import ClassDecision, ClassProbability, Decision, InputStats, Prediction, Reference

__all__ = ["LEARNED", "OBJECTIVE", "RELEASE", "Served", "served"]

OBJECTIVE: Objective = load_objective(ROOT / "objective.yaml")
LEARNED = 0.25
RELEASE = "rel-unchanged"
_VERSION = "2"


@dataclass(frozen=True)
class Served:
    """n tweets. `embeddings` (n, 384), `sketches` (n, 12), `tokens`, `unknown`, `truths` (n,), `probabilities`
    (n, K)."""

    embeddings: NDArray[np.float32]
    sketches: NDArray[np.int8]
    tokens: NDArray[np.int32]
    unknown: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    truths: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.tokens)

    def reference(self, chosen: NDArray[np.intp]) -> Reference:
        """Those rows as a release has them that was judged on them."""
        return Reference(
            documents=len(chosen),
            sketches=self.sketches[chosen].tobytes(),
            tokens=self.tokens[chosen].tolist(),
            unknown_tokens=self.unknown[chosen].tolist(),
            classes=OBJECTIVE.classes,
            probabilities=self.probabilities[chosen].ravel().tolist(),
            truths=self.truths[chosen].tolist(),
        )

    @cached_property
    def rows(self) -> Rows:
        """All of them, as monitoring remembers predictions."""
        return rows_of(self.reference(np.arange(len(self))), OBJECTIVE.classes, OBJECTIVE.costs)

    @cached_property
    def columns(self) -> Columns:
        """All of them, as the monitors of drift see them."""
        made = self.reference(np.arange(len(self)))
        return reference_columns(
            made.documents, made.sketches, made.tokens, made.unknown_tokens, made.probabilities, OBJECTIVE.costs
        )

    @cached_property
    def predictions(self) -> list[bytes]:
        """All of them as messages of `RELEASE`, without ids and times."""
        return [self._prediction(row).SerializeToString() for row in range(len(self))]

    def _prediction(self, row: int) -> Prediction:
        told = zip(OBJECTIVE.classes, self.probabilities[row].tolist(), strict=True)
        return Prediction(
            model_name=OBJECTIVE.name,
            release_id=RELEASE,
            input=InputStats(
                sketch=self.sketches[row].tobytes(),
                tokens=int(self.tokens[row]),
                unknown_tokens=int(self.unknown[row]),
            ),
            class_decision=ClassDecision(
                label=OBJECTIVE.classes[int(self.rows.labels[row])],
                expected_cost=float(self.rows.costs[row]),
                decision=Decision.DECISION_ASK_PERSON if self.rows.ask[row] else Decision.DECISION_CLASS,
                probabilities=[ClassProbability(label=name, probability=said) for name, said in told],
            ),
        )


def served(place: Place) -> Served:
    """Encoded and predicted once, and kept in the place's folder; a quick run has 600 of them."""
    tweets = read_sdist(sdist())
    learned, rest = split(tweets, LEARNED, place.seed)
    learned, rest = (learned[:300], rest[:600]) if place.quick else (learned, rest)
    # The objective's costs choose how strongly a head is regularised; of its grades a change is one of _VERSION.
    decided = f"{_VERSION} {place.seed} {OBJECTIVE.costs.matrix.tolist()} {OBJECTIVE.costs.ask_person}"
    told = "\n".join([decided, *(each.text for each in (*learned, *rest))])
    file = place.work / "served" / f"{hashlib.sha256(told.encode()).hexdigest()[:20]}.npz"
    if not file.exists():
        place.tell(f"  encoding {len(learned)} tweets to learn from and {len(rest)} to serve")
        file.parent.mkdir(parents=True, exist_ok=True)
        made = _made(place.work, learned, rest)
        np.savez(file.with_suffix(".part.npz"), **{each.name: getattr(made, each.name) for each in fields(made)})
        file.with_suffix(".part.npz").replace(file)
    with np.load(file, allow_pickle=False) as kept:
        return Served(**{each.name: kept[each.name] for each in fields(Served)})


def _made(work: Path, learned: Sequence[Tweet], rest: Sequence[Tweet]) -> Served:
    encoder = build_encoder(work / "encoder")
    model, known = Model.load(_bundle(work, encoder, _examples(learned)), threads=1), _examples(rest)
    answers = model.predict(known.texts)
    inputs = [each.input for each in answers if each.input is not None]
    return Served(
        embed(known.texts, encoder, work / "embeddings"),
        np.array([each.sketch for each in inputs], dtype=np.int8),
        np.array([each.tokens for each in inputs], dtype=np.int32),
        np.array([each.unknown_tokens for each in inputs], dtype=np.int32),
        np.array([[each.probabilities[name] for name in OBJECTIVE.classes] for each in answers], dtype=np.float32),
        known.truth,
    )


def _bundle(work: Path, encoder: EncoderFolder, examples: Examples) -> Path:
    """As the pipeline makes one, but for the gate, which has no say here."""
    rows, of = embed(examples.texts, encoder, work / "embeddings"), parts.split(examples.texts, test=0.0)
    made = train.fit(rows[of.train], examples.truth[of.train], examples.weight[of.train], OBJECTIVE.costs, seed=0)
    head = train.calibrate(made, rows[of.calibration], examples.truth[of.calibration]).head
    return write_bundle(
        work / "served" / "bundle",
        name=OBJECTIVE.name,
        encoder=encoder,
        head=head,
        classes=OBJECTIVE.classes,
        objective_json=OBJECTIVE.to_json(),
        lineage=Lineage(encoder=encoder.identity),
        graph=merged(encoder, head),
        anchors=fitted_anchors(rows[of.train], seed=0),
    )


def _examples(tweets: Sequence[Tweet]) -> Examples:
    """With the class that the raters' grades say, by the objective."""
    documents = [{"document_id": each.document_id, "text": each.text} for each in tweets]
    annotations = [
        {"document_id": each.document_id, "rater_id": str(rater), "score": float(score), "label": ""}
        for each in tweets
        for rater, score in enumerate(each.ratings)
    ]
    return label(Snapshot("", Path(), documents, annotations), OBJECTIVE)
