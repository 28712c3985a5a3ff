"""Predictions as other languages read them: librdkafka, on which most of their clients are built."""

from __future__ import annotations

import json
import time

import pytest
from confluent_kafka import Consumer

from towpath.cli.local import LocalKafka
from towpath.core.errors import TransactionAbortedError
from towpath.core.stream import Codec, KafkaBroker, Message, Progress, Registry
from towpath.v1 import Prediction

pytestmark = pytest.mark.kafka


def test_librdkafka_reads_committed_predictions_as_plain_json(
    kafka: LocalKafka, broker: KafkaBroker, topics: Registry, prefix: str
) -> None:
    topic = topics.full_name("predictions")
    message = Codec(source="towpath/serving").encode(
        Prediction(prediction_id="prd-1", document_id="doc-ü"), topic=topic, key="doc-ü"
    )
    with broker.transactional_producer(prefix + "spent") as spent, pytest.raises(TransactionAbortedError):
        # Offsets of nobody's group: the transaction is written and then given up.
        spent.commit([Message(topic, b"never committed", b"k")], Progress({_partition(topics): 1}, None), timeout_s=5)
    broker.transactional_producer(prefix + "spent").close()
    with broker.transactional_producer(prefix + "good") as producer:
        producer.commit([message], Progress({}), timeout_s=20)
    settings = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "group.id": prefix + "other",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
    reader = Consumer(settings)
    reader.subscribe([topic])
    found, deadline = [], time.monotonic() + 30
    while not found and time.monotonic() < deadline:
        found += reader.consume(10, timeout=0.5)
    found += reader.consume(10, timeout=1.0)
    reader.close()
    (only,) = found
    assert json.loads(only.value()) == {"predictionId": "prd-1", "documentId": "doc-ü"}
    assert only.key().decode() == "doc-ü"
    assert dict(only.headers())["ce_type"] == b"towpath.v1.Prediction"


def _partition(topics: Registry):  # type: ignore[no-untyped-def]
    from towpath.core.stream import Partition

    return Partition(topics.full_name("documents"), 0)
