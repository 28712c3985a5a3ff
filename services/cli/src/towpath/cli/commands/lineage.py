"""towpath lineage ID"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from towpath.cli.context import errors_told, installed, plain

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command()(lineage)


def lineage(
    identity: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="of a document, annotation, prediction, feedback, release, rollout, run, snapshot, alert"
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="nodes and edges")] = False,
) -> None:
    """Walk from any id to what it was made of and what was made of it.

    Example: towpath lineage tweet-1203
    """
    from rich.console import Console
    from rich.tree import Tree

    from towpath.core.lineage import Graph, Node, read_graph
    from towpath.core.store import open_store

    with errors_told():
        here = installed()
        with here.broker() as broker:
            graph: Graph = read_graph(broker, here.registry, here.home, open_store(here.settings.store))
        found = graph.about(identity)
        if as_json:
            typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=1))
            return

        def grow(tree: Tree, node: Node, seen: frozenset[str]) -> None:
            for verb, other in found.neighbours(node.id):
                if other.id not in seen:
                    grow(tree.add(plain(f"{verb} {other.kind} {other.id} {other.about}")), other, seen | {other.id})

        start = found.node(identity)
        tree = Tree(plain(f"{start.kind} {start.id} {start.about}"))
        grow(tree, start, frozenset({start.id}))
        Console(markup=False, highlight=False).print(tree)
