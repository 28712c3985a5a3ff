"""towpath dead-letters"""

from __future__ import annotations

from typing import Annotated

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.core.errors import DeadLetterError, NotFoundError, RejectedError
from towpath.core.stream import Broker, Codec, Registry, read_until
from towpath.v1 import DeadLetter

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="dead-letters", help="What could not be processed: look at it, send it again.")
    app.add_typer(group)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("replay")(replay)


def list_() -> None:
    """List them, oldest first.

    Example: towpath dead-letters list
    """
    with errors_told():
        here = installed()
        with here.broker() as broker:
            for letter in _letters(broker, here.registry):
                typer.echo(plain(f"{letter.dead_letter_id} {letter.service} {letter.error}: {letter.reason}"))


def show(letter_id: Annotated[str, typer.Argument(help="as `list` prints it")]) -> None:
    """Print the original bytes.

    Example: towpath dead-letters show towpath.documents/3/1042
    """
    with errors_told():
        here = installed()
        with here.broker() as broker:
            letter = _find(broker, here.registry, letter_id)
        typer.echo(plain(letter.value.decode("utf-8", "backslashreplace")))


def replay(
    letter_id: Annotated[str, typer.Argument(help="as `list` prints it")] = "",
    all_: Annotated[bool, typer.Option("--all", help="send all of them again, oldest first")] = False,
    service: Annotated[str, typer.Option(help="with --all: only those that this service gave up on")] = "",
) -> None:
    """Send it again, for instance after a service or the objective was mended: a record to its topic, what ingestion
    has parked to ingestion. What is sent twice counts once; what still cannot be used is parked again, and code 1.

    Examples:

      towpath dead-letters replay towpath.documents/3/1042

      towpath dead-letters replay --all --service ingestion
    """
    import httpx

    from towpath.cli.replaying import replayed

    with errors_told():
        if bool(letter_id) == all_:
            raise RejectedError("name a dead letter, or say --all")
        here = installed()
        with here.broker() as broker, httpx.Client(base_url=here.url("ingestion"), timeout=60.0) as client:
            letters = _letters(broker, here.registry) if all_ else [_find(broker, here.registry, letter_id)]
            chosen = [each for each in letters if service in ("", each.service)]
            failed = 0
            for letter, outcome in replayed(chosen, broker, client):
                failed += not outcome.used
                typer.echo(plain(f"{letter.dead_letter_id}: {outcome.told}"))
    if all_:
        typer.echo(f"{len(chosen) - failed} of {len(chosen)} were sent and taken")
    if failed:
        raise typer.Exit(1)


def _letters(broker: Broker, registry: Registry) -> list[DeadLetter]:
    letters: dict[str, DeadLetter] = {}
    with broker.consumer([registry.full_name("dead-letters")], group=None) as reader:
        for record in read_until(reader, reader.end_offsets()):
            try:
                letter = Codec().decode(record, DeadLetter).message
            except DeadLetterError as error:
                console.print(plain(f"a dead letter at {record.offset} is itself unreadable: {error}"))
            else:
                letters[letter.dead_letter_id] = letter
    return list(letters.values())


def _find(broker: Broker, registry: Registry, letter_id: str) -> DeadLetter:
    for letter in _letters(broker, registry):
        if letter.dead_letter_id == letter_id:
            return letter
    raise NotFoundError(f"no dead letter {letter_id!r}; `towpath dead-letters list` names them")
