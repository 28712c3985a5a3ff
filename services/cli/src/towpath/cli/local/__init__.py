"""What runs on one machine: Kafka itself, and the services as processes that end with their starter."""

from towpath.cli.local.kafka import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.cli.local.process import Process

__all__ = ["LocalKafka", "Process", "choose_port"]
