"""The broker port on Apache Kafka, by kafka-python, with what its transactions need (docs/decisions/0003)."""

from towpath.core.stream.kafka.broker import KafkaBroker

__all__ = ["KafkaBroker"]
