"""write.py TOPIC [PASSWORD]: tries to write one record; says which error came, or none."""

import json
import os
import sys

from kafka import KafkaProducer
from kafka.errors import KafkaError

try:
    producer = KafkaProducer(
        bootstrap_servers=os.environ["KAFKA_SERVERS"],
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username=os.environ["KAFKA_USER"],
        sasl_plain_password=sys.argv[2] if len(sys.argv) > 2 else os.environ["KAFKA_PASSWORD"],
        max_block_ms=10_000,
        bootstrap_timeout_ms=10_000,
    )
    producer.send(sys.argv[1], b"forged", key=b"forged").get(timeout=15)
    error = None
except KafkaError as caught:
    error = type(caught).__name__ if type(caught) is not KafkaError else repr(caught)
print(json.dumps({"error": error}), flush=True)
os._exit(0)  # a client that was refused goes on trying in its threads
