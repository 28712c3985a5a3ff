"""Messages to ingestion, with progress, a mark of how far it got, and an account of what was refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from towpath.cli.context import Installed, console, plain
from towpath.cli.sending import Bookmark, Sent, send
from towpath.preparation.formats.read import Refused

__all__ = ["deliver", "tell_refused"]

_SHOWN = 20


def deliver(
    here: Installed,
    kind: str,
    messages: Sequence[Message],
    *,
    file: Path | None = None,
    what: str = "",
    restart: bool = False,
) -> Sent:
    """Send them; of a `file`, go on where an earlier run was interrupted. `what` tells apart readings of one file.

    Raises:
        RetryableError, RejectedError: as `towpath.cli.sending.send`.
    """
    import httpx
    from rich.progress import Progress

    if not messages:
        return Sent()
    url = here.url("ingestion")
    bookmark = None if file is None else Bookmark.of(here.home, file, f"{kind}/{what}", url)
    skip = 0 if bookmark is None or restart else bookmark.line()
    lines = (json.dumps(MessageToDict(each), ensure_ascii=False).encode() for each in messages)
    with httpx.Client(base_url=url, headers=here.headers(), timeout=60.0) as client, Progress(console=console) as shown:
        bar = shown.add_task(f"sending {kind}", total=len(messages), completed=skip)

        def note(sent: Sent) -> None:
            if bookmark is not None:
                bookmark.set(sent.last_line)
            shown.update(bar, completed=sent.last_line)

        return send(client, kind, lines, skip=skip, on_progress=note)


def tell_refused(refused: Iterable[Refused], sent: Sent, messages: Sequence[Message]) -> int:
    """Print what was refused here and by ingestion; returns how many were lost by it."""
    unusable = [each for each in refused if not each.expected]
    for each in unusable[:_SHOWN]:
        typer.echo(plain(f"{each.where}: {each.reason}"), err=True)
    for line, why in sent.problems[:_SHOWN]:
        identity = getattr(messages[line - 1], "annotation_id", "") if line <= len(messages) else ""
        typer.echo(plain(f"{identity or f'message {line}'}: {why}"), err=True)
    count = len(unusable) + sent.rejected
    if count > _SHOWN:
        typer.echo(f"… {count} were refused in all", err=True)
    return count
