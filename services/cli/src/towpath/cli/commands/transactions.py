"""towpath transactions"""

from __future__ import annotations

from typing import Annotated

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.stream.kafka import KafkaBroker
from towpath.core.stream.kafka.transactions import OpenTransaction

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="transactions", help="Transactions that keep readers waiting: look at them, end one.")
    app.add_typer(group)
    group.command("list")(list_)
    group.command("abort")(abort)


def list_() -> None:
    """List the open ones on Towpath's topics and on the groups' offsets. One without an owner will never end.

    Example: towpath transactions list
    """
    with errors_told(), _broker() as broker:
        for each in _open(broker):
            typer.echo(plain(f"{each.name} {each.owner or 'hangs: nobody will end it'}"))


def abort(
    name: Annotated[str | None, typer.Argument(help="as `list` prints it")] = None,
    hanging: Annotated[bool, typer.Option("--hanging", help="all those that nobody will end")] = False,
) -> None:
    """End an open transaction. What it wrote is thrown away; its documents are predicted again.

    Example: towpath transactions abort --hanging
    """
    with errors_told(), _broker() as broker:
        if hanging == (name is not None):
            raise RejectedError("say which: a name as `towpath transactions list` prints it, or --hanging")
        chosen = [each for each in _open(broker) if each.hangs or not hanging]
        if name is not None:
            chosen = [each for each in chosen if each.name == name]
            if not chosen:
                raise NotFoundError(f"no open transaction {name!r}; `towpath transactions list` names them")
        # Offsets last: once they are free, the group goes on at once, with readers free before it.
        for each in sorted(chosen, key=lambda each: each.topic.startswith("__")):
            broker.abort_transaction(each)
            console.print(plain(f"aborted {each.name}"))


def _broker() -> KafkaBroker:
    """Raises RetryableError with the remedy when Kafka does not answer."""
    broker = installed().broker()
    if not isinstance(broker, KafkaBroker):
        raise RejectedError("only a real Kafka has transactions to look at")
    return broker


def _open(broker: KafkaBroker) -> list[OpenTransaction]:
    return broker.open_transactions([each.full_name for each in installed().registry])
