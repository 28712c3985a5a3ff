"""Sending a source's items: in pieces, with an account of all that was refused, here or by ingestion."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

import httpx

from towpath.cli.sending import PIECE_LINES, Sent, deliver
from towpath.core.errors import RejectedError
from towpath.preparation.sources.item import Item

__all__ = ["Account", "Refused", "refused_file", "send_items"]

_SHOWN = 20
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|0x[0-9a-f]{2}|s3://\S+|\d[\d.,]*")
_MOST_REASONS = 1000


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that was not taken, and why."""

    item: Item
    reason: str

    def to_json(self) -> str:
        """`original` is there as text; bytes that are none are escaped as \\xNN."""
        told = {"file": self.item.file, "line": self.item.line, "reason": self.reason}
        return json.dumps({**told, "original": self.item.original.decode("utf-8", "backslashreplace")})


@dataclass
class Account:
    """How far it got: `items` read, of which `accepted` were acknowledged. `first` has the first refusals."""

    items: int = 0
    accepted: int = 0
    refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: list[Refused] = field(default_factory=list)

    def refuse(self, each: Refused) -> None:
        self.refused += 1
        if len(self.first) < _SHOWN:
            self.first.append(each)
        # Without what differs from line to line, so that there are few.
        reason = _PARTICULAR.sub("…", each.reason)
        self.reasons[reason if reason in self.reasons or len(self.reasons) < _MOST_REASONS else "other reasons"] += 1


def send_items(
    client: httpx.Client,
    kind: str,
    items: Iterator[Item],
    *,
    skip: int = 0,
    on_piece: Callable[[Account], None] = lambda _: None,
    on_refused: Callable[[Refused], None] = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> Account:
    """Send all but the first `skip`; `on_piece` hears of each acknowledged piece, after `on_refused` of its refusals.

    Raises:
        RetryableError: ingestion stayed away; what `on_piece` heard of is there.
        RejectedError: the source cannot be read on, or ingestion refuses the request as such.
    """
    account = Account(items=skip)
    for _ in islice(items, skip):
        pass
    while piece := list(islice(items, PIECE_LINES)):
        for each in _send_piece(client, kind, piece, account, pause):
            account.refuse(each)
            on_refused(each)
        account.items += len(piece)
        on_piece(account)
    return account


def _send_piece(
    client: httpx.Client, kind: str, piece: Sequence[Item], account: Account, pause: Callable[[float], None]
) -> Iterator[Refused]:
    good = [each for each in piece if each.data is not None]
    sent = Sent()
    if good:
        deliver(client, kind, [each.data or b"" for each in good], sent, pause)
    account.accepted += sent.accepted
    yield from (Refused(each, each.refused) for each in piece if each.data is None)
    yield from (Refused(good[line - 1], why) for line, why in sent.problems)
    if sent.rejected > len(sent.problems):
        raise RejectedError(
            f"ingestion refused {sent.rejected} lines and named {len(sent.problems)}: is it an older one?"
        )


@contextmanager
def refused_file(path: Path | None, *, again: bool) -> Iterator[Callable[[Refused], None]]:
    """Writes each refusal as a line of JSON; `again` goes on with the file of the run that was interrupted."""
    if path is None:
        yield lambda _: None
        return
    with path.open("a" if again else "w", encoding="utf-8") as out:
        yield lambda each: _write(out, each)


def _write(out: IO[str], each: Refused) -> None:
    out.write(each.to_json() + "\n")
    out.flush()
