"""The use case of Label Studio's webhooks: what can be used is taken, the rest is parked with its original bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message as ProtoMessage

from towpath.core.errors import RejectedError
from towpath.core.stream import Request
from towpath.ingestion.domain.lines import Line
from towpath.ingestion.domain.parsing import ANNOTATIONS, DOCUMENTS, Kind
from towpath.ingestion.handlers import MAX_PROBLEMS, Account, Intake
from towpath.preparation.formats.label_studio import Naming, read_event
from towpath.preparation.formats.read import Read, UnreadableError

__all__ = ["Outcome", "take"]


@dataclass
class Outcome:
    """What became of an event. `skipped`: its rater said nothing. `letter`: where what could not be used waits."""

    accepted: int = 0
    skipped: int = 0
    letter: str = ""
    problems: list[str] = field(default_factory=list)


async def take(intake: Intake, request: Request, source: str, trace: str) -> Outcome:
    """Take an event in. Idempotent: its ids follow from Label Studio's, and the greatest updated_at counts.

    Raises:
        RetryableError: Kafka is away. Label Studio does not post again: `towpath labels reconcile` finds it.
    """
    outcome = Outcome()
    try:
        read = read_event(_json(request.body), Naming(source), received=datetime.now(UTC))
    except UnreadableError as error:
        outcome.problems.append(str(error))
    else:
        outcome.skipped = sum(each.expected for each in read.refused)
        outcome.problems += [f"{each.where}: {each.reason}" for each in read.refused if not each.expected]
        await _send(intake, read, trace, outcome)
    if outcome.problems:
        del outcome.problems[MAX_PROBLEMS:]
        outcome.letter = await intake.park(request, RejectedError("; ".join(outcome.problems)))
    return outcome


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UnreadableError(f"not JSON: {error.msg} at character {error.pos}") from None
    except (RecursionError, ValueError) as error:
        raise UnreadableError(f"not acceptable JSON: {error}") from None


async def _send(intake: Intake, read: Read, trace: str, outcome: Outcome) -> None:
    """Documents first: an annotation of a document that is not there yet counts for nothing."""
    kinds: tuple[tuple[Kind[Any], list[Any]], ...] = ((DOCUMENTS, read.documents), (ANNOTATIONS, read.annotations))
    for kind, found in kinds:
        account = Account()
        lines = [Line(number, _line(each)) for number, each in enumerate(found, start=1)]
        messages = [each for line in lines if (each := intake.read(kind, line, trace, account)) is not None]
        await intake.flush(kind, messages, len(lines), account)
        outcome.problems += [each["detail"] for each in account.problems]
        outcome.accepted += account.accepted if kind is ANNOTATIONS else 0


def _line(message: ProtoMessage) -> bytes:
    return json.dumps(MessageToDict(message), ensure_ascii=False).encode()
