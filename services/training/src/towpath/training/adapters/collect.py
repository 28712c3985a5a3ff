"""What a run is trained on: the topics as they stand when it begins, as files for the pipeline."""

from __future__ import annotations

import threading
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.message import Message

from towpath.core.store import digest_of
from towpath.core.stream import Broker, Codec, read_history

__all__ = ["collect"]


def collect(
    broker: Broker,
    codec: Codec,
    topic: str,
    kind: type[Message],
    file: Path,
    stop: threading.Event,
    forgotten: frozenset[str] = frozenset(),
) -> int:
    """Write a topic's messages to `file` as canonical JSON, one a line; returns how many.

    What is of a document that is `forgotten` (`digest_of` its id) stays out.

    Raises:
        RetryableError: Kafka went away, or `stop` was set.
    """
    count = 0
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as out:
        for message in read_history(broker, codec, topic, kind, client_id="towpath-training", stop=stop):
            if forgotten and digest_of(getattr(message, "document_id", "")) in forgotten:
                continue
            out.write(json_format.MessageToJson(message, indent=None, ensure_ascii=False) + "\n")
            count += 1
    return count
