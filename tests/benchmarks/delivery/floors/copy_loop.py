"""The other floor: kafka-python's own consume-transform-produce in transactions, copying bytes.

python -m benchmarks.delivery.floors.copy_loop
"""

from __future__ import annotations

import os

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata


def main() -> None:
    servers, group, output = (os.environ[f"BENCH_{name}"] for name in ("SERVERS", "GROUP", "OUTPUT"))
    consumer = KafkaConsumer(
        os.environ["BENCH_INPUT"],
        bootstrap_servers=servers,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_poll_records=500,
    )
    producer = KafkaProducer(
        bootstrap_servers=servers,
        transactional_id=group,
        acks="all",
        enable_idempotence=True,
        batch_size=262_144,
        linger_ms=2,
        retry_backoff_ms=10,
    )
    producer.init_transactions()
    while True:
        found = consumer.poll(timeout_ms=100, max_records=500)
        if not found:
            continue
        producer.begin_transaction()
        for records in found.values():
            for each in records:
                producer.send(output, value=each.value, key=each.key, headers=each.headers)
        producer.flush()
        offsets = {at: OffsetAndMetadata(records[-1].offset + 1, "", -1) for at, records in found.items()}
        producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
        producer.commit_transaction()


if __name__ == "__main__":
    main()
