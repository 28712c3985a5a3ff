"""Taking in: lines to messages to Kafka, with an account of what was and was not taken."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from towpath.core.errors import RejectedError, RetryableError, TooLargeError
from towpath.core.stream import Codec, Message, Producer, Registry, Request, request_dead_letter, trace_id_of
from towpath.ingestion.domain.lines import Line
from towpath.ingestion.domain.obedience import Rules
from towpath.ingestion.domain.pace import Pace
from towpath.ingestion.domain.parsing import Kind, Parsed, parse
from towpath.ingestion.metrics import IngestionMetrics
from towpath.ingestion.settings import IngestionSettings

__all__ = ["MAX_PROBLEMS", "Account", "Intake", "Interrupted"]

MAX_PROBLEMS = 1000
_log = structlog.get_logger(__name__)


class Interrupted(RetryableError):  # noqa: N818 - named for what happened to the stream
    """Kafka went away in mid-stream; `account` says how far it was taken."""

    def __init__(self, message: str, account: Account) -> None:
        super().__init__(message)
        self.account = account


@dataclass
class Account:
    """What became of a request's lines. Up to and including `last_line`, every line was acknowledged or refused."""

    accepted: int = 0
    rejected: int = 0
    last_line: int = 0
    ids: list[str] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Intake:
    """The use case. `producer` may be shared by threads.

    A request is no load while its body is on the way; what is limited is how many send to Kafka at a time.
    `rules` are the objective's, where there is one.
    """

    producer: Producer
    codec: Codec
    registry: Registry
    metrics: IngestionMetrics
    settings: IngestionSettings
    rules: Rules | None = None
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.settings.max_sends)

    async def one(self, kind: Kind[Any], raw: bytes, trace: str) -> str:
        """Take one; returns its id once Kafka has it.

        Raises:
            RejectedError, RetryableError: as `towpath.core.errors` says.
        """
        try:
            parsed = self._parse(raw, kind)
        except RejectedError:
            self.metrics.messages.labels(kind.topic, "rejected").inc()
            raise
        message = self._encode(kind, parsed.message, parsed.key, trace)
        await self._send(kind.topic, [message])
        _log.info("ingestion.accepted", kind=kind.topic, document_id=parsed.key, trace_id=trace_id_of(trace))
        return parsed.id

    def read(self, kind: Kind[Any], line: Line, trace: str, account: Account) -> Message | None:
        """The message of a line, or None and an entry in the account."""
        try:
            if line.data is None:
                raise TooLargeError(f"the line is longer than {self.settings.max_line_bytes} bytes")
            parsed = self._parse(line.data, kind)
        except RejectedError as error:
            account.rejected += 1
            self.metrics.messages.labels(kind.topic, "rejected").inc()
            if len(account.problems) < MAX_PROBLEMS:
                account.problems.append(_problem(line, error))
            return None
        return self._encode(kind, parsed.message, parsed.key, trace)

    async def flush(self, kind: Kind[Any], messages: list[Message], last_line: int, account: Account) -> None:
        """Send what a stream has gathered. Raises Interrupted when Kafka does not acknowledge it."""
        try:
            if messages:
                await self._send(kind.topic, messages)
        except RetryableError as error:
            raise Interrupted(f"{error}; send again from line {account.last_line + 1}", account) from error
        account.accepted += len(messages)
        account.last_line = last_line
        messages.clear()

    def _parse(self, raw: bytes, kind: Kind[Any]) -> Parsed:
        parsed = parse(raw, kind, max_document_chars=self.settings.max_document_chars)
        if self.rules is not None:
            for each, count in self.rules.obey(parsed.message).items():
                self.metrics.personal_data.labels(each).inc(count)
        return parsed

    def _encode(self, kind: Kind[Any], message: Any, key: str, trace: str) -> Message:
        return self.codec.encode(message, topic=self.registry.full_name(kind.topic), key=key, trace=trace)

    async def park(self, request: Request, error: Exception, *, kind: str = "annotations") -> str:
        """Put a request that cannot be used into dead-letters, to be sent again; returns the letter's id.

        Raises:
            RetryableError: Kafka does not acknowledge it.
        """
        letter = request_dead_letter(request, error, service="ingestion", registry=self.registry, codec=self.codec)
        await self._send(kind, [letter], "parked")
        _log.warning("ingestion.parked", path=request.path, letter=request.letter_id, reason=str(error)[:300])
        return request.letter_id

    async def _send(self, kind: str, messages: list[Message], done: str = "accepted") -> None:
        self.pace.work()
        begin, limit_s = time.perf_counter(), self.settings.send_timeout_s
        outcome = "failed"
        try:
            await self._wait_for_slot(limit_s)
            try:
                await run_in_threadpool(self.producer.send, messages, timeout_s=limit_s)
            finally:
                self._slots.release()
            outcome = done
        finally:
            self.metrics.messages.labels(kind, outcome).inc(len(messages))
            self.metrics.send_seconds.observe(time.perf_counter() - begin)

    async def _wait_for_slot(self, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await self._slots.acquire()
        except TimeoutError:
            raise RetryableError(f"{self.settings.max_sends} others were sending to Kafka for {limit_s:g} s") from None


def _problem(line: Line, error: RejectedError) -> dict[str, Any]:
    large = isinstance(error, TooLargeError)
    return {
        "type": "about:blank",
        "title": "Content Too Large" if large else "Unprocessable Content",
        "status": 413 if large else 422,
        "detail": str(error),
        "line": line.number,
    }
