"""The loop that one writes around a model: poll, predict, produce, flush, commit. At least once, on librdkafka."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from confluent_kafka import Consumer, Producer
from setting import GROUP, INPUT, OUTPUT, SERVERS, answer

AT_ONCE = 500


def run(predict: Callable[[list[str]], Sequence[Sequence[float]]]) -> None:
    """For ever: whoever started it ends it."""
    predict(["a text to warm up with", "and another, longer one, so that both shapes were seen once"])
    consumer = Consumer(
        {
            "bootstrap.servers": SERVERS,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    producer = Producer({"bootstrap.servers": SERVERS, "acks": "all", "enable.idempotence": True, "linger.ms": 2})
    consumer.subscribe([INPUT])
    while True:
        records = [each for each in consumer.consume(AT_ONCE, 0.1) if each.error() is None]
        if not records:
            continue
        documents = [json.loads(each.value()) for each in records]
        found = predict([each["text"] for each in documents])
        for record, document, probabilities in zip(records, documents, found, strict=True):
            producer.produce(OUTPUT, answer(document["documentId"], probabilities), record.key())
        producer.flush()
        consumer.commit(asynchronous=False)
