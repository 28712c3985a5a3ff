"""Sending dead letters again: a record to its topic, a request that ingestion has parked to ingestion."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from towpath.core.errors import RejectedError, RetryableError
from towpath.core.stream import ATTEMPTS_HEADER, Broker, Message, Producer
from towpath.v1 import DeadLetter

__all__ = ["Outcome", "replayed"]

_POSTED = "POST "
_SECRET, _SECRET_FILE = "TOWPATH_INGESTION_WEBHOOK_SECRET", "TOWPATH_INGESTION_WEBHOOK_SECRET_FILE"
_SECRET_HEADER = "X-Towpath-Webhook-Secret"  # noqa: S105


@dataclass(frozen=True)
class Outcome:
    """`used`: it was taken, as far as can be told at once; a record is only looked at when its service reads it."""

    used: bool
    told: str


def replayed(
    letters: Iterable[DeadLetter], broker: Broker, client: httpx.Client
) -> Iterator[tuple[DeadLetter, Outcome]]:
    """Send them one after the other; `client` is of ingestion.

    Raises:
        RetryableError: Kafka or ingestion is away; those before were sent.
        RejectedError: ingestion takes no webhooks, or not with this secret.
    """
    with ExitStack() as stack:
        producer: Producer | None = None
        for letter in letters:
            if letter.source_topic.startswith(_POSTED):
                yield letter, _post(client, letter)
                continue
            if producer is None:
                producer = stack.enter_context(broker.producer(client_id="towpath-cli"))
            yield letter, _send(producer, letter)


def _send(producer: Producer, letter: DeadLetter) -> Outcome:
    kept = [(each.key, each.value) for each in letter.headers if each.key != ATTEMPTS_HEADER]
    headers = (*kept, (ATTEMPTS_HEADER, str(letter.attempts).encode()))
    producer.send([Message(letter.source_topic, letter.value, letter.key or None, headers)], timeout_s=20.0)
    return Outcome(True, f"sent to {letter.source_topic}")


def _post(client: httpx.Client, letter: DeadLetter) -> Outcome:
    path = letter.source_topic.removeprefix(_POSTED)
    if not path.startswith("/v1/") or ".." in path:
        raise RejectedError(f"{path!r} is no path of ingestion", where=letter.dead_letter_id)
    media = next((each.value.decode("latin-1") for each in letter.headers if each.key == "content-type"), "")
    headers = {"Content-Type": media or "application/json", _SECRET_HEADER: _secret()}
    try:
        answer = client.post(path, content=letter.value, headers=headers)
    except httpx.TransportError as error:
        raise RetryableError(f"ingestion does not answer at {client.base_url}: {error}") from None
    if answer.status_code == 401:
        raise RejectedError(f"ingestion has another webhook secret: set {_SECRET} as it has it")
    if answer.status_code >= 500:
        raise RetryableError(f"ingestion did not take it: {answer.status_code} {answer.text[:300]}")
    if answer.status_code != 202:
        return Outcome(False, f"refused: {answer.status_code} {answer.text[:300]}")
    body = answer.json()
    if body.get("parked"):
        return Outcome(False, f"parked again: {'; '.join(body.get('problems', []))[:300]}")
    return Outcome(True, f"taken: {body.get('accepted', 0)} annotations")


def _secret() -> str:
    secret, file = os.environ.get(_SECRET), os.environ.get(_SECRET_FILE)
    if not secret and file:
        secret = Path(file).read_text(encoding="utf-8").strip()
    if not secret:
        raise RejectedError(f"what ingestion has parked is sent with its webhook secret: set {_SECRET}")
    return secret
