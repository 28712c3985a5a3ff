"""Lineage: which document, annotation, snapshot, run, release, prediction and feedback belong together."""

from towpath.core.lineage.graph import Edge, Graph, Node
from towpath.core.lineage.read import read_graph

__all__ = ["Edge", "Graph", "Node", "read_graph"]
