"""towpath tail TOPIC"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from google.protobuf import json_format

from towpath.cli.context import errors_told, installed, plain
from towpath.core.errors import DeadLetterError, NotFoundError
from towpath.core.stream import Codec, Record, Topic

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command()(tail)


def tail(
    topic: Annotated[str, typer.Argument(help="as in `towpath topics`, with or without prefix")],
    count: Annotated[int | None, typer.Option("-n", "--count", min=1, help="end after so many")] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="not only what is new")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="canonical JSON, one message a line")] = False,
    idle: Annotated[float | None, typer.Option(help="end when nothing came for so many seconds")] = None,
) -> None:
    """Follow a topic as a consumer with read_committed sees it.

    Example: towpath tail predictions --from-beginning -n 5
    """
    with errors_told():
        here = installed()
        name = topic.removeprefix(here.registry.prefix)
        try:
            wanted = here.registry.topic(name)
        except KeyError as error:
            raise NotFoundError(str(error.args[0])) from None
        start = "earliest" if from_beginning else "latest"
        with here.broker() as broker, broker.consumer([wanted.full_name], group=None, start=start) as reader:  # type: ignore[arg-type]
            silent, left = 0.0, count
            while left is None or left > 0:
                records = reader.poll(timeout_s=0.5, max_records=min(500, left or 500)).records
                silent = 0.0 if records else silent + 0.5
                if idle is not None and silent >= idle:
                    return
                for record in records:
                    typer.echo(_line(record, wanted, as_json))
                left = None if left is None else left - len(records)


def _line(record: Record, topic: Topic, as_json: bool) -> str:
    try:
        message = Codec().decode(record, topic.message).message
    except DeadLetterError as error:
        return plain(f"{record.partition}/{record.offset} unreadable: {error}")
    data = json_format.MessageToDict(message)
    if as_json:
        return plain(json.dumps(data, ensure_ascii=False))
    key = (record.key or b"").decode("utf-8", "replace")
    return plain(f"{record.partition}/{record.offset} {key} {_short(data)}").replace("\n", " ")


def _short(data: dict[str, Any]) -> str:
    decision = data.get("classDecision")
    if decision is not None:
        asked = " (ask a person)" if decision.get("decision") == "DECISION_ASK_PERSON" else ""
        shares = ", ".join(f"{each['label']} {each.get('probability', 0):.2f}" for each in decision["probabilities"])
        return f"{decision['label']}{asked} [{shares}] by {data['releaseId']}"
    return json.dumps(data, ensure_ascii=False)[:500]
