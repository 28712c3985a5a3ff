"""The broker in memory: Kafka's semantics in one process, for tests, simulations and embedding."""

from towpath.core.stream.memory.broker import MemoryBroker

__all__ = ["MemoryBroker"]
