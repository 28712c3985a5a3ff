"""Which open transactions hang: those that no coordinator knows as alive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kafka import TopicPartition
from kafka.admin import PartitionProducerState, ProducerState, TransactionListing, TransactionState

from towpath.core.stream.kafka.transactions import open_transactions

OFFSETS, PREDICTIONS = TopicPartition("__consumer_offsets", 0), TopicPartition("predictions", 5)


@dataclass
class Cluster:
    """Open transactions by partition as (producer, offset), and the states that coordinators know."""

    open: dict[TopicPartition, list[tuple[int, int]]]
    states: dict[int, str]
    later: dict[TopicPartition, list[tuple[int, int]]] = field(default_factory=dict)

    def describe_topics(self) -> list[dict[str, Any]]:
        return [{"name": each.topic, "partitions": [{"partition_index": each.partition}]} for each in self.open]

    def describe_producers(self, partitions: list[TopicPartition]) -> dict[TopicPartition, PartitionProducerState]:
        now, self.open = self.open, {**self.open, **self.later}
        return {
            each: PartitionProducerState([ProducerState(who, 0, 9, 0, 0, offset) for who, offset in now[each]])
            for each in partitions
        }

    def list_transactions(self) -> dict[int, list[TransactionListing]]:
        rows = [TransactionListing(f"id-{who}", who, TransactionState(state)) for who, state in self.states.items()]
        return {1: rows}


def seen(cluster: Cluster) -> list[tuple[str, str]]:
    return [(each.name, each.owner) for each in open_transactions(cluster, ["predictions"])]  # type: ignore[arg-type]


def test_what_its_coordinator_ended_hangs_and_what_it_works_on_does_not() -> None:
    states = {1: "CompleteCommit", 2: "Ongoing", 3: "PrepareCommit"}
    cluster = Cluster({PREDICTIONS: [(1, 60), (2, 70), (3, 75), (4, 80)], OFFSETS: [(1, 9)]}, states)
    assert seen(cluster) == [
        ("__consumer_offsets/0/9", ""),
        ("predictions/5/60", ""),
        ("predictions/5/70", "id-2"),
        ("predictions/5/75", "id-3"),
        ("predictions/5/80", ""),
    ]


def test_one_that_ends_while_it_is_looked_at_is_none() -> None:
    ended = {PREDICTIONS: [(1, -1)]}
    assert seen(Cluster({PREDICTIONS: [(1, 60)]}, {1: "CompleteCommit"}, later=ended)) == []
    assert seen(Cluster({PREDICTIONS: [(1, -1)]}, {})) == []
    assert seen(Cluster({TopicPartition("somebody.elses", 0): [(1, 60)]}, {})) == []
