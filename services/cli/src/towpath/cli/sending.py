"""Sending lines to ingestion: in pieces, tried again while Kafka is away, with a mark of how far it got."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from towpath.core.errors import RejectedError, RetryableError

__all__ = ["PIECE_LINES", "Bookmark", "Sent", "deliver", "send"]

PIECE_LINES = 1000
_TRIES = 6


@dataclass
class Sent:
    """How far it got. Lines count from 1; `problems` are (line, why)."""

    last_line: int = 0
    accepted: int = 0
    rejected: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Bookmark:
    """A file that remembers up to which line another was sent, and where to."""

    path: Path

    @classmethod
    def of(cls, home: Path, file: Path, kind: str, url: str) -> Bookmark:
        """Named by the content that is sent, so a changed file begins anew."""
        digest = hashlib.sha256(f"{kind}\n{url}\n".encode())
        with file.open("rb") as data:
            while block := data.read(1_048_576):
                digest.update(block)
        return cls(home / "ingest" / f"{digest.hexdigest()[:32]}.json")

    @classmethod
    def named(cls, home: Path, *parts: str) -> Bookmark:
        """Of what `parts` tell apart from everything else."""
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape"))
        return cls(home / "ingest" / f"{digest.hexdigest()[:32]}.json")

    def line(self) -> int:
        try:
            return int(json.loads(self.path.read_text())["lastLine"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0

    def set(self, line: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"lastLine": line}))
        part.replace(self.path)


def send(
    client: httpx.Client,
    kind: str,
    lines: Iterator[bytes],
    *,
    skip: int = 0,
    on_progress: Callable[[Sent], None] = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> Sent:
    """Send `lines` but for the first `skip`; `on_progress` hears of each acknowledged piece.

    Raises:
        RetryableError: ingestion stayed away; what `on_progress` heard of is there.
        RejectedError: ingestion refuses the request as such.
    """
    sent = Sent(last_line=skip)
    for _ in range(skip):
        next(lines, None)
    while piece := _piece(lines):
        deliver(client, kind, piece, sent, pause)
        on_progress(sent)
    return sent


def _piece(lines: Iterator[bytes]) -> list[bytes]:
    piece = []
    for line in lines:
        piece.append(line)
        if len(piece) == PIECE_LINES:
            break
    return piece


def deliver(
    client: httpx.Client, kind: str, piece: Sequence[bytes], sent: Sent, pause: Callable[[float], None] = time.sleep
) -> None:
    """Send one piece, of PIECE_LINES at most, and note what became of it. Raises as `send`."""
    why = ""
    for attempt in range(_TRIES):
        try:
            # Derived ids make it harmless to send again what may have arrived.
            headers = {"Content-Type": "application/x-ndjson"}
            answer = client.post(f"/v1/{kind}", content=b"\n".join(piece) + b"\n", headers=headers)
        except httpx.TransportError as error:
            why = f"{type(error).__name__}: {error}"
        else:
            if answer.status_code in (202, 422):
                _note(answer.json(), len(piece), sent)
                return
            why = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code < 500:
                raise RejectedError(f"ingestion refused the request: {why}")
        pause(min(5.0, 0.2 * 2**attempt))
    raise RetryableError(f"ingestion did not take it ({why}); run the same command again to go on from there")


def _note(body: dict[str, object], lines: int, sent: Sent) -> None:
    problems = body.get("problems")
    for problem in problems if isinstance(problems, list) else ():
        sent.problems.append((sent.last_line + problem["line"], problem["detail"]))
    sent.accepted += int(str(body.get("accepted", 0)))
    sent.rejected += int(str(body.get("rejected", lines)))
    sent.last_line += lines
