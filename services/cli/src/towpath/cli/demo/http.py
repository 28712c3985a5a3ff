"""The demo as a client: of ingestion's HTTP API and of training's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from towpath.cli.demo.tweets import Tweet
from towpath.core.errors import RetryableError, TowpathError

__all__ = [
    "ask",
    "document",
    "feedback",
    "follow",
    "metric",
    "post",
    "post_each",
    "post_stream",
    "ratings",
    "run_training",
    "steps",
]

_SOURCE = "icwsm-2014"
_CHUNK_LINES = 200


def document(tweet: Tweet) -> dict[str, Any]:
    """As it is sent now: its clock starts here."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    return {
        "documentId": tweet.document_id,
        "text": tweet.text,
        "source": _SOURCE,
        "language": "en",
        "createdAt": now,
    }


def ratings(tweet: Tweet, raters: int | None = None) -> Iterator[dict[str, Any]]:
    """One for each rater, or of the first `raters`. The data do not name them: a rater is their place in the list."""
    for number, grade in enumerate(tweet.ratings[:raters], start=1):
        yield {
            "documentId": tweet.document_id,
            "raterId": f"rater-{number}",
            "guideVersion": "1",
            "classLabel": {"score": float(grade)},
        }


def feedback(tweet: Tweet, label: str) -> dict[str, Any]:
    """The truth, as an agent would send it after the fact."""
    return {
        "documentId": tweet.document_id,
        "source": "agent-demo",
        "classLabel": {"label": label, "score": tweet.mean},
    }


def post_stream(client: httpx.Client, url: str, rows: Iterable[Mapping[str, Any]], sent: Callable[[int], None]) -> int:
    """One request of NDJSON, streamed. `sent` hears how many went out so far; returns how many were accepted.

    Raises:
        TowpathError: the service did not take all of them.
    """
    count = 0

    def body() -> Iterator[bytes]:
        nonlocal count
        chunk: list[bytes] = []
        for row in rows:
            chunk.append(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            if len(chunk) >= _CHUNK_LINES:
                yield b"".join(chunk)
                count += len(chunk)
                chunk.clear()
                sent(count)
        yield b"".join(chunk)
        count += len(chunk)

    answer = _answer(lambda: client.post(url, content=body(), headers={"content-type": "application/x-ndjson"}), url)
    sent(count)
    if answer["rejected"] or answer["accepted"] != count:
        raise TowpathError(f"{url} took {answer['accepted']} of {count}: {answer['problems'][:3]}")
    return int(answer["accepted"])


def post_each(
    client: httpx.Client, url: str, tweets: Iterable[Tweet], *, per_second: float, sent: Callable[[int], None]
) -> int:
    """One request a document, at a steady pace, as live traffic comes."""
    begin, count = time.monotonic(), 0
    pace = threading.Event()
    for count, tweet in enumerate(tweets, start=1):
        pace.wait(max(0.0, begin + (count - 1) / per_second - time.monotonic()))
        row = document(tweet)
        _answer(lambda row=row: client.post(url, json=row), url)  # type: ignore[misc]
        sent(count)
    return count


def run_training(client: httpx.Client, url: str, step: Callable[[str], None], *, timeout_s: float) -> dict[str, Any]:
    """Start a run and follow it to its end; returns what the service says of it.

    Raises:
        TowpathError: it failed, or took longer than `timeout_s`.
    """
    begun = post(client, f"{url}/v1/runs", {"reason": "demo"})
    return follow(client, url, begun["runId"], step, timeout_s=timeout_s)


def follow(
    client: httpx.Client, url: str, run_id: str, step: Callable[[str], None], *, timeout_s: float
) -> dict[str, Any]:
    """A run to its end, whoever started it. Raises as `run_training`."""
    where, deadline, pause = f"{url}/v1/runs/{run_id}", time.monotonic() + timeout_s, threading.Event()
    while time.monotonic() < deadline:
        run = ask(client, where)
        step(steps(run))
        if run["status"] == "succeeded":
            return run
        if run["status"] == "failed":
            raise TowpathError(f"the training run failed: {run['error']}")
        pause.wait(0.2)
    raise TowpathError(f"the training run did not end within {timeout_s:g} s")


def steps(run: Mapping[str, Any]) -> str:
    """For example `snapshot 1.2 s, encode …`."""
    parts = []
    for each in run["steps"]:
        parts.append(f"{each['step']} " + ("…" if each["status"] == "running" else f"{each['seconds']:.1f} s"))
    return ", ".join(parts) or str(run["status"])


def ask(client: httpx.Client, url: str) -> dict[str, Any]:
    """GET. Raises TowpathError with what the service says."""
    return _answer(lambda: client.get(url), url)


def post(client: httpx.Client, url: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """POST of one object. Raises TowpathError with what the service says."""
    return _answer(lambda: client.post(url, json=row), url)


def metric(client: httpx.Client, url: str, name: str, **labels: str) -> float | None:
    """A sample on a service's /metrics that has these labels; None when there is none."""
    try:
        text = client.get(f"{url}/metrics").text
    except httpx.HTTPError:
        return None
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None


def _answer(ask: Callable[[], httpx.Response], url: str) -> dict[str, Any]:
    try:
        response = ask()
    except httpx.HTTPError as error:
        raise RetryableError(f"{url} does not answer: {error!r}") from error
    if response.status_code >= 300:
        raise TowpathError(f"{url} answered {response.status_code}: {response.text[:500]}")
    body: dict[str, Any] = response.json()
    return body
