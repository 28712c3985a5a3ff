"""towpath topics"""

from __future__ import annotations

from typing import Annotated

import typer

from towpath.cli.context import console, errors_told, installed

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command()(topics)


def topics(
    create: Annotated[bool, typer.Option("--create", help="create those that are missing")] = False,
) -> None:
    """List the topics of the registry, and how each is on the broker.

    Example: towpath topics --create
    """
    from rich.console import Console
    from rich.table import Table

    with errors_told():
        here = installed()
        with here.broker() as broker:
            if create:
                made = broker.create_topics(here.registry.specs())
                console.print(f"created {len(made)} topics" + (f": {', '.join(made)}" if made else ""))
            present = broker.topics()
            with broker.consumer(
                [each.full_name for each in here.registry if each.full_name in present], group=None
            ) as reader:
                ends = reader.end_offsets()
        table = Table("topic", "partitions", "offsets", "key", "message", "producers", "consumers", "about")
        for topic in here.registry:
            partitions = str(present[topic.full_name]) if topic.full_name in present else "[red]missing[/red]"
            offsets = sum(end for part, end in ends.items() if part.topic == topic.full_name)
            kind, made_by, read_by = topic.message.__name__, ", ".join(topic.producers), ", ".join(topic.consumers)
            table.add_row(topic.full_name, partitions, str(offsets), topic.key, kind, made_by, read_by, topic.about)
        Console().print(table)
