"""Streams: the broker port and its two implementations, the codec, the topic registry, dead letters."""

from towpath.core.service.settings import KafkaSettings
from towpath.core.stream.acls import Acl, acls_of, group_prefix
from towpath.core.stream.codec import Codec, Encoding, Envelope, trace_id_of
from towpath.core.stream.compare import differences
from towpath.core.stream.dead_letter import ATTEMPTS_HEADER, Request, dead_letter, request_dead_letter
from towpath.core.stream.history import read_history, read_until
from towpath.core.stream.kafka import KafkaBroker
from towpath.core.stream.memory import MemoryBroker
from towpath.core.stream.port import (
    Batch,
    Broker,
    Consumer,
    Headers,
    Isolation,
    Message,
    Partition,
    Producer,
    Progress,
    Record,
    Start,
    TopicSpec,
    TransactionalProducer,
)
from towpath.core.stream.registry import Registry, Topic

__all__ = [
    "ATTEMPTS_HEADER",
    "Acl",
    "Batch",
    "Broker",
    "Codec",
    "Consumer",
    "Encoding",
    "Envelope",
    "Headers",
    "Isolation",
    "KafkaBroker",
    "MemoryBroker",
    "Message",
    "Partition",
    "Producer",
    "Progress",
    "Record",
    "Registry",
    "Request",
    "Start",
    "Topic",
    "TopicSpec",
    "TransactionalProducer",
    "acls_of",
    "connect",
    "dead_letter",
    "differences",
    "group_prefix",
    "read_history",
    "read_until",
    "request_dead_letter",
    "trace_id_of",
]

_memory: dict[str, MemoryBroker] = {}


def connect(settings: KafkaSettings) -> Broker:
    """The broker that `settings` name; `memory://NAME` is one in this process, the same for equal names."""
    servers = settings.bootstrap_servers
    if servers.startswith("memory://"):
        return _memory.setdefault(servers, MemoryBroker())
    return KafkaBroker(settings)
