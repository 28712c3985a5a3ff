"""read.py TOPIC: everything that is committed there as of now, read by a plain KafkaConsumer; says it as one list."""

import json
import os
import sys

from kafka import KafkaConsumer, TopicPartition

topic = sys.argv[1]
consumer = KafkaConsumer(
    bootstrap_servers=os.environ["KAFKA_SERVERS"],
    security_protocol="SASL_PLAINTEXT" if os.environ.get("KAFKA_USER") else "PLAINTEXT",
    sasl_mechanism="PLAIN",
    sasl_plain_username=os.environ.get("KAFKA_USER"),
    sasl_plain_password=os.environ.get("KAFKA_PASSWORD"),
    isolation_level="read_committed",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
)
partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
consumer.assign(partitions)
consumer.seek_to_beginning(*partitions)
ends = consumer.end_offsets(partitions)  # under read_committed, the last stable offsets
found = []
while any(consumer.position(each) < ends[each] for each in partitions):
    for records in consumer.poll(timeout_ms=500, max_records=2000).values():
        for record in records:
            value = json.loads(record.value)
            value["at"] = [record.partition, record.offset]
            value["key"] = record.key.decode()
            found.append(value)
consumer.close()
print(json.dumps(found))
