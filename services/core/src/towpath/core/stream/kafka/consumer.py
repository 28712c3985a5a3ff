"""Consumers on kafka-python: read_committed, the group's identity with each poll, rewinding after an abort."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition, errors

from towpath.core.errors import RetryableError
from towpath.core.stream.closing import Closing
from towpath.core.stream.kafka.client import principal_of, start, translated
from towpath.core.stream.port import Batch, Isolation, Partition, Progress, Record, Start

__all__ = ["KafkaPortConsumer"]


class KafkaPortConsumer(Closing):
    """One thread at a time."""

    def __init__(
        self,
        config: Mapping[str, Any],
        topics: Sequence[str],
        *,
        group: str | None,
        begin: Start,
        isolation: Isolation,
        session_timeout_s: float,
    ) -> None:
        self._group, self._begin, self._topics = group, begin, tuple(topics)
        self._who = principal_of(config)
        self._limit_ms = int(config["request_timeout_ms"])
        chosen = {
            "group_id": group,
            "auto_offset_reset": begin,
            # Not the default; transactions' offsets are read stable only with it, too.
            "isolation_level": isolation,
            "enable_auto_commit": False,
            "allow_auto_create_topics": False,
            "session_timeout_ms": int(session_timeout_s * 1000),
            "heartbeat_interval_ms": int(session_timeout_s * 1000 / 4),
            "retry_backoff_ms": 20,
            "max_partition_fetch_bytes": 4_194_304,
            "metrics_enabled": False,
        }
        self._consumer = start(KafkaConsumer, {**config, **chosen})
        if group is None:
            self._assign_everything()
        else:
            self._consumer.subscribe(topics=list(topics))

    def poll(self, *, timeout_s: float, max_records: int = 500) -> Batch:
        with translated("polling", self._who):
            before = self._consumer.group_metadata()
            found = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
            # Without the member's state, which says nothing of who it is: equal members are equal.
            after = self._consumer.group_metadata()._replace(state=None)
        if self._identity(before) != self._identity(after):
            # The group moved on while records were fetched: whose they are is not known. Take them again.
            if found:
                self.rewind()
            return Batch((), Progress({}, after))
        records = [_record(each) for partition in sorted(found) for each in found[partition]]
        offsets = {Partition(tp.topic, tp.partition): rows[-1].offset + 1 for tp, rows in found.items() if rows}
        return Batch(records, Progress(offsets, after))

    def commit(self, progress: Progress) -> None:
        if self._group is None or not progress.offsets:
            return
        offsets = {_tp(p): OffsetAndMetadata(offset, "", -1) for p, offset in progress.offsets.items()}
        try:
            with translated("committing offsets", self._who):
                self._consumer.commit(offsets, timeout_ms=self._limit_ms)
        except RetryableError as error:
            if not isinstance(error.__cause__, errors.CommitFailedError | errors.IllegalGenerationError):
                raise
            # The partitions are somebody else's now, who will read these records again.

    def rewind(self) -> None:
        for partition in self._assigned():
            with translated("rewinding", self._who):
                committed = self._consumer.committed(partition, timeout_ms=self._limit_ms) if self._group else None
                if committed is not None:
                    self._consumer.seek(partition, committed)
                elif self._begin == "earliest":
                    self._consumer.seek_to_beginning(partition)
                else:
                    self._consumer.seek_to_end(partition)

    def assignment(self) -> frozenset[Partition]:
        return frozenset(_partition(each) for each in self._assigned())

    def pause(self, partitions: Sequence[Partition]) -> None:
        self._consumer.pause(*map(_tp, partitions))

    def resume(self, partitions: Sequence[Partition]) -> None:
        self._consumer.resume(*map(_tp, partitions))

    def end_offsets(self) -> Mapping[Partition, int]:
        assigned = self._assigned()
        if not assigned:
            return {}
        with translated("reading end offsets", self._who):
            ends = self._consumer.end_offsets(list(assigned), timeout_ms=self._limit_ms)
        return {_partition(tp): offset for tp, offset in ends.items()}

    def position(self, partition: Partition) -> int:
        with translated("reading a position", self._who):
            position = self._consumer.position(_tp(partition), timeout_ms=self._limit_ms)
        if position is None:
            raise RetryableError(f"the position in {partition} is not known yet")
        return int(position)

    def begin_offsets(self) -> Mapping[Partition, int]:
        assigned = self._assigned()
        if not assigned:
            return {}
        with translated("reading first offsets", self._who):
            begins = self._consumer.beginning_offsets(list(assigned), timeout_ms=self._limit_ms)
        return {_partition(tp): offset for tp, offset in begins.items()}

    def offsets_at(self, timestamp_ms: int) -> Mapping[Partition, int]:
        # The ends first: what is written meanwhile has none to be passed over by.
        ends = self.end_offsets()
        with translated("looking for a moment", self._who):
            asked = {_tp(partition): timestamp_ms for partition in ends}
            found = self._consumer.offsets_for_times(asked, timeout_ms=self._limit_ms) if asked else {}
        at = {_partition(tp): each.offset for tp, each in found.items() if each is not None}
        return {partition: min(at.get(partition, end), end) for partition, end in ends.items()}

    def seek(self, positions: Mapping[Partition, int]) -> None:
        for partition, offset in positions.items():
            self._consumer.seek(_tp(partition), offset)

    def topic_ids(self) -> Mapping[str, str]:
        known = self._consumer._cluster.topic_id
        return {topic: str(known(topic) or "") for topic in self._topics}

    def close(self) -> None:
        with translated("closing", self._who):
            self._consumer.close(autocommit=False, timeout_ms=min(self._limit_ms, 2000))

    # ------------------------------------------------------------------
    def _assigned(self) -> set[TopicPartition]:
        return set(self._consumer.assignment())

    def _assign_everything(self) -> None:
        with translated("looking up partitions", self._who):
            known = {topic: self._consumer.partitions_for_topic(topic) or () for topic in self._topics}
            partitions = [TopicPartition(topic, n) for topic, numbers in known.items() for n in sorted(numbers)]
            missing = [topic for topic, numbers in known.items() if not numbers]
            if missing:
                forbidden = self._forbidden(missing)
                self._consumer.close(autocommit=False)
                if forbidden:
                    raise errors.TopicAuthorizationFailedError(forbidden)
                raise RetryableError(f"no topic {', '.join(missing)}: create it first (towpath topics --create)")
            self._consumer.assign(partitions)
            if self._begin == "latest":
                # A reader's place is where it began, not where its first poll finds the end.
                ends = self._consumer.end_offsets(partitions, timeout_ms=self._limit_ms)
                for partition, offset in ends.items():
                    self._consumer.seek(partition, offset)

    def _forbidden(self, topics: Sequence[str]) -> set[str]:
        """Which of `topics` may not be seen: asked for by name, Kafka says so; among all, it leaves them out."""
        inner = self._consumer
        with contextlib.suppress(errors.UnknownTopicOrPartitionError):
            inner._net.run(inner._manager.wait_for, inner._cluster.set_topics(topics), self._limit_ms)
        return set(inner._cluster.unauthorized_topics)

    @staticmethod
    def _identity(member: Any) -> tuple[Any, ...]:
        return (member.group_id, member.generation_id, member.member_id)


def _tp(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)


def _partition(tp: TopicPartition) -> Partition:
    return Partition(tp.topic, tp.partition)


def _record(row: Any) -> Record:
    return Record(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        key=row.key,
        value=row.value,
        headers=tuple((name, value if value is not None else b"") for name, value in row.headers or ()),
        timestamp_ms=row.timestamp,
    )
