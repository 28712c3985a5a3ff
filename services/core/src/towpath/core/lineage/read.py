"""Filling the graph: from the topics, and from snapshots' lists and runs in the store or below the home."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from towpath.core.errors import NotFoundError
from towpath.core.lineage.graph import FIRST, Graph, Node
from towpath.core.stream import Broker, Codec, Registry, read_history
from towpath.v1 import (
    Alert,
    AlertState,
    Annotation,
    Document,
    Feedback,
    ModelRelease,
    Prediction,
    Rollout,
    RolloutMode,
    RolloutOutcome,
)

if TYPE_CHECKING:
    from towpath.core.store import Store

__all__ = ["read_graph"]


def read_graph(broker: Broker, registry: Registry, home: Path, store: Store | None = None) -> Graph:
    """The graph of everything on the broker, and in `store` or, where there is none, below `home`.

    Topics are read to the end they have now: seconds for a hundred thousand messages.

    Raises:
        RetryableError: Kafka or the store went away.
    """
    graph, firsts = Graph(), _Firsts()
    adders: tuple[tuple[str, type[Any], Callable[[Graph, Any], None]], ...] = (
        ("documents", Document, _document),
        ("annotations", Annotation, _annotation),
        ("models", ModelRelease, _release),
        ("predictions", Prediction, firsts.prediction),
        ("feedback", Feedback, _feedback),
    )
    for name, kind, add in adders:
        for message in read_history(broker, Codec(), registry.full_name(name), kind, client_id="towpath-lineage"):
            add(graph, message)
    firsts.link(graph)
    history = read_history(broker, Codec(), registry.full_name("rollouts"), Rollout, client_id="towpath-lineage")
    # The last word on each: how it stands, or how it ended.
    for rollout in {each.rollout_id: each for each in history}.values():
        _rollout(graph, rollout)
    alerts = read_history(broker, Codec(), registry.full_name("alerts"), Alert, client_id="towpath-lineage")
    for alert in {each.alert_id: each for each in alerts if each.cause}.values():
        _alert(graph, alert)
    for run in _runs_below(home) if store is None else _runs_stored(store):
        _run(graph, run)
    for about, listed in _below(home) if store is None else _stored(store):
        _snapshot(graph, about, listed)
    return graph


def _document(graph: Graph, each: Document) -> None:
    graph.add(Node(each.document_id, "document", _short(each.text)))


def _annotation(graph: Graph, each: Annotation) -> None:
    label = each.class_label
    said = label.label or (f"{label.score:g}" if label.HasField("score") else "")
    # Who takes one back need not say what it was: the word that says it stays.
    graph.add(Node(each.annotation_id, "annotation", "" if each.deleted else f"{said} by {each.rater_id}"))
    graph.link(each.annotation_id, "of", each.document_id)


def _release(graph: Graph, each: ModelRelease) -> None:
    graph.add(Node(each.release_id, "release", _short(each.gate_explanation)))
    graph.add(Node(each.run_id, "run", f"code {each.code_revision or 'unknown'}"))
    graph.add(Node(each.snapshot_id, "snapshot"))
    graph.add(Node(each.objective_hash, "objective", each.model_name))
    graph.link(each.release_id, "made by", each.run_id)
    graph.link(each.run_id, "trained on", each.snapshot_id)
    # A cold start's release was made by no run, of the objective alone.
    graph.link(each.run_id or each.release_id, "judged by" if each.run_id else "made for", each.objective_hash)
    if each.previous_release_id:
        graph.link(each.release_id, "replaced", each.previous_release_id)


def _rollout(graph: Graph, each: Rollout) -> None:
    said = each.outcome or each.mode
    word = (RolloutOutcome if each.outcome else RolloutMode).Name(said).split("_", 2)[2].lower().replace("_", " ")
    graph.add(Node(each.rollout_id, "rollout", _short(f"{word}: {each.reason}")))
    _release(graph, each.challenger)  # one that never reigned is not on `models`
    graph.link(each.rollout_id, "tried", each.challenger.release_id)
    graph.link(each.rollout_id, "against", each.champion_release_id)


def _alert(graph: Graph, each: Alert) -> None:
    if each.state in (AlertState.ALERT_STATE_SILENCED, AlertState.ALERT_STATE_UNSILENCED):
        return
    trace = f", trace {each.trace_id}" if each.trace_id else ""
    graph.add(Node(each.alert_id, "alert", f"{each.cause}: {_short(each.summary)}{trace}"))
    graph.link(each.alert_id, "about", each.release_id)
    for document_id in each.document_ids:
        graph.link(each.alert_id, "shown by", document_id)


def _run(graph: Graph, about: bytes) -> None:
    """What a run's file says of why it was started; a damaged one says nothing."""
    try:
        data = json.loads(about)
        run_id, alert_ids = str(data["runId"]), list(map(str, data.get("alertIds", [])))
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    if alert_ids:
        graph.add(Node(run_id, "run", _short(str(data.get("reason", "")))))
    for each in alert_ids:
        graph.link(run_id, "started for", each)


@dataclass(frozen=True)
class _Firsts:
    """Which prediction was each release's first."""

    known: dict[str, tuple[int, str]] = field(default_factory=dict)

    def prediction(self, graph: Graph, each: Prediction) -> None:
        said = each.created_at.ToNanoseconds(), each.prediction_id
        self.known[each.release_id] = min(said, self.known.get(each.release_id, said))
        _prediction(graph, each)

    def link(self, graph: Graph) -> None:
        for release_id, (_, prediction_id) in self.known.items():
            graph.link(prediction_id, FIRST, release_id)


def _prediction(graph: Graph, each: Prediction) -> None:
    decision = each.class_decision
    trace = f", trace {each.trace_id}" if each.trace_id else ""
    graph.add(Node(each.prediction_id, "prediction", f"{decision.label} for {decision.expected_cost:.3f}{trace}"))
    graph.link(each.prediction_id, "of", each.document_id)
    graph.link(each.prediction_id, "by", each.release_id)
    graph.link(each.prediction_id, "during", each.rollout_id)


def _feedback(graph: Graph, each: Feedback) -> None:
    label = each.class_label
    said = label.label or (f"{label.score:g}" if label.HasField("score") else "")
    graph.add(Node(each.feedback_id, "feedback", f"{said} says {each.source}"))
    graph.link(each.feedback_id, "on", each.prediction_id or each.document_id)


# One id a line beside the Parquet files, so that nobody needs Parquet to ask what is in a snapshot.
_ABOUT, _LISTED = "snapshot.json", "annotations.txt"
_MAX_ABOUT_BYTES, _MAX_LISTED_BYTES = 100_000, 2 * 2**30
_RUN, _MAX_RUN_BYTES = "run.json", 20_000_000


def _below(home: Path) -> Iterator[tuple[bytes, bytes]]:
    for about in home.glob(f"snapshots/*/{_ABOUT}"):
        yield about.read_bytes(), (about.parent / _LISTED).read_bytes()


def _stored(store: Store) -> Iterator[tuple[bytes, bytes]]:
    for name in store.names("snapshots"):
        try:
            about = store.read(f"snapshots/{name}/{_ABOUT}", max_bytes=_MAX_ABOUT_BYTES)
        except NotFoundError:
            continue  # on its way
        yield about, store.read(f"snapshots/{name}/{_LISTED}", max_bytes=_MAX_LISTED_BYTES)


def _runs_below(home: Path) -> Iterator[bytes]:
    for file in home.glob(f"runs/*/{_RUN}"):
        yield file.read_bytes()


def _runs_stored(store: Store) -> Iterator[bytes]:
    for name in store.names("runs"):
        try:
            yield store.read(f"runs/{name}/{_RUN}", max_bytes=_MAX_RUN_BYTES)
        except NotFoundError:
            continue  # of before runs were kept there


def _snapshot(graph: Graph, about: bytes, listed: bytes) -> None:
    data = json.loads(about)
    graph.add(Node(data["id"], "snapshot", f"{data['documents']} documents, {data['annotations']} annotations"))
    for line in listed.decode().split("\n"):
        if line:
            graph.link(data["id"], "holds", line.strip())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"
