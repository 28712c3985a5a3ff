"""Open transactions, and ending one by hand.

A broker can lose the markers of a transaction, for instance when it is killed between its decision and the markers.
Nobody will end that transaction: readers stand still before it, and a group whose offsets it carried can never read its
place again (UNSTABLE_OFFSET_COMMIT).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import AbortTransactionSpec

__all__ = ["OpenTransaction", "abort", "open_transactions"]

_OFFSETS_TOPIC = "__consumer_offsets"
_ALIVE = ("Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence")


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """One partition's; a transaction may be open on several. `offset` is where it began there.

    `owner` is the transactional id; empty where its coordinator knows of none: it hangs, and nobody will end it.
    """

    topic: str
    partition: int
    offset: int
    producer_id: int
    producer_epoch: int
    coordinator_epoch: int
    owner: str = ""

    @property
    def hangs(self) -> bool:
        return not self.owner

    @property
    def name(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def open_transactions(admin: KafkaAdminClient, topics: Sequence[str]) -> list[OpenTransaction]:
    """Those on `topics` that exist, and on the groups' offsets. Raises kafka-python's errors."""
    # Partitions, coordinators, partitions: one that ends or begins in between is not taken for hanging.
    before = set(_on_partitions(admin, topics))
    if not before:
        return []
    owners = {
        listing.producer_id: listing.transactional_id
        for listings in admin.list_transactions().values()
        for listing in listings
        if listing.state.value in _ALIVE
    }
    still = [each for each in _on_partitions(admin, topics) if each in before]
    return sorted((replace(each, owner=owners.get(each.producer_id, "")) for each in still), key=lambda each: each.name)


def abort(admin: KafkaAdminClient, transaction: OpenTransaction) -> None:
    """What it wrote on this partition is thrown away. Raises kafka-python's errors."""
    at = TopicPartition(transaction.topic, transaction.partition)
    # Under the coordinator's epoch of the last marker there, as kafka-transactions.sh does: an older one is fenced.
    epoch = max(0, transaction.coordinator_epoch)
    admin.abort_transaction(AbortTransactionSpec(at, transaction.producer_id, transaction.producer_epoch, epoch))


def _on_partitions(admin: KafkaAdminClient, topics: Sequence[str]) -> Iterator[OpenTransaction]:
    wanted = {*topics, _OFFSETS_TOPIC}
    partitions = [
        TopicPartition(row["name"], each["partition_index"])
        for row in admin.describe_topics()
        if row["name"] in wanted
        for each in row["partitions"]
    ]
    for at, state in admin.describe_producers(partitions).items():
        for each in state.active_producers:
            begin = each.current_transaction_start_offset
            if begin >= 0:
                identity = each.producer_id, each.producer_epoch, each.coordinator_epoch
                yield OpenTransaction(at.topic, at.partition, begin, *identity)
