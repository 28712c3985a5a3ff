"""A graph of what was made of what. Pure: whoever reads topics and files adds to it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from towpath.core.errors import NotFoundError

__all__ = ["FIRST", "Edge", "Graph", "Kind", "Node"]

FIRST = "first by"
"""Of a release's first prediction, beside "by"."""

Kind = Literal[
    "document", "annotation", "snapshot", "run", "release", "rollout", "prediction", "feedback", "objective", "alert"
]
# Nodes that very many others hang on: the walk shows them and does not go through them to their other neighbours.
_HUBS: frozenset[Kind] = frozenset({"snapshot", "release", "run", "rollout", "objective", "alert"})


@dataclass(frozen=True)
class Node:
    id: str
    kind: Kind
    about: str = ""


@dataclass(frozen=True)
class Edge:
    """`source` was made of `target`: a prediction of a document, a snapshot of annotations."""

    source: str
    verb: str
    target: str


class Graph:
    """Nodes by id, edges in both directions."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._out: dict[str, list[Edge]] = defaultdict(list)
        self._in: dict[str, list[Edge]] = defaultdict(list)
        self._edges: set[Edge] = set()

    def add(self, node: Node) -> None:
        """Later words about a node take the place of none; no id is no node."""
        if not node.id:
            return
        known = self._nodes.get(node.id)
        if known is None or (node.about and not known.about):
            self._nodes[node.id] = node

    def link(self, source: str, verb: str, target: str) -> None:
        """Once; an empty end is no edge."""
        edge = Edge(source, verb, target)
        if source and target and edge not in self._edges:
            self._edges.add(edge)
            self._out[source].append(edge)
            self._in[target].append(edge)

    def node(self, identity: str) -> Node:
        """Raises NotFoundError."""
        try:
            return self._nodes[identity]
        except KeyError:
            raise NotFoundError(
                f"{identity!r} is no document, annotation, snapshot, run, release, rollout, prediction, feedback or "
                "alert of the topics and files here"
            ) from None

    def neighbours(self, identity: str) -> Iterator[tuple[str, Node]]:
        """(verb, node): what it was made of, then what was made of it."""
        for edge in self._out[identity]:
            if edge.target in self._nodes:
                yield edge.verb, self._nodes[edge.target]
        for edge in self._in[identity]:
            if edge.source in self._nodes:
                yield f"← {edge.verb}", self._nodes[edge.source]

    def about(self, identity: str) -> Graph:
        """What can be reached from `identity`, up and down.

        From a hub (snapshot, run, release, rollout, objective, alert) that is not the start only what it was made of
        is followed: all other documents of the same snapshot are not this document's lineage. Asked about an alert, it
        goes on from the run that followed to the release that this made, and to what that predicted first.

        Raises:
            NotFoundError: no such id.
        """
        found, start = Graph(), self.node(identity)
        queue, seen = deque([start]), {start.id}
        while queue:
            node = queue.popleft()
            found.add(node)
            for edge in self._followed(node, start):
                other = edge.target if edge.source == node.id else edge.source
                if other not in self._nodes:
                    continue
                found.add(self._nodes[other])
                found.link(edge.source, edge.verb, edge.target)
                if other not in seen:
                    seen.add(other)
                    queue.append(self._nodes[other])
        return found

    def to_dict(self) -> dict[str, Any]:
        return {
            "nodes": [asdict(node) for node in self._nodes.values()],
            "edges": [asdict(edge) for edge in sorted(self._edges, key=lambda e: (e.source, e.verb, e.target))],
        }

    def _followed(self, node: Node, start: Node) -> list[Edge]:
        down = self._out[node.id]
        if node.kind in _HUBS and node != start:
            followed = self._followed_from(node, start) if start.kind == "alert" else []
            return [edge for edge in down if self._is_hub(edge.target)] + followed
        return [*down, *self._in[node.id]]

    def _followed_from(self, node: Node, alert: Node) -> list[Edge]:
        """Of a run that followed from the alert, or of its release: what came of it."""
        runs = [node.id] if node.kind == "run" else [e.target for e in self._out[node.id] if e.verb == "made by"]
        if not any(Edge(run, "started for", alert.id) in self._edges for run in runs):
            return []
        return [edge for edge in self._in[node.id] if node.kind == "run" or edge.verb == FIRST]

    def _is_hub(self, identity: str) -> bool:
        node = self._nodes.get(identity)
        return node is not None and node.kind in _HUBS
