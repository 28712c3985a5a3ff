"""What kafka-python does wrong under transactions, row by row of decision 0003, and that our port does not.

Each test fails when its remedy in `towpath.core.stream.kafka` is taken out. Answers of the broker are changed where
only a broken broker would give them; everything else is a real Kafka.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from kafka import errors
from kafka.producer.sender import Sender
from kafka.producer.transaction_manager import EndTxnHandler

from support.streams import some
from support.waiting import until
from towpath.cli.local import LocalKafka
from towpath.core.errors import RetryableError, TransactionAbortedError
from towpath.core.service import KafkaSettings
from towpath.core.stream import Batch, KafkaBroker, Message, Partition, Progress, TopicSpec, read_until
from towpath.core.stream.kafka.consumer import KafkaPortConsumer
from towpath.core.stream.kafka.producer import TransactionalKafkaProducer

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


class Topics:
    """Documents in, copies out, and a group that copies."""

    def __init__(self, settings: KafkaSettings, prefix: str) -> None:
        self.broker, self.prefix = KafkaBroker(settings), prefix
        self.source, self.out, self.group = prefix + "in", prefix + "out", prefix + "g"
        self.broker.create_topics([TopicSpec(self.source, 2), TopicSpec(self.out, 2)])

    def feed(self, count: int) -> None:
        with self.broker.producer(client_id="test") as producer:
            producer.send(
                [Message(self.source, str(n).encode(), f"k{n}".encode(), partition=n % 2) for n in range(count)],
                timeout_s=20,
            )

    def consumer(self, settings: KafkaSettings | None = None) -> KafkaPortConsumer:
        return (KafkaBroker(settings) if settings else self.broker).consumer([self.source], group=self.group)

    def producer(self, timeout_s: float = 20.0) -> TransactionalKafkaProducer:
        return self.broker.transactional_producer(self.prefix + "t", transaction_timeout_s=timeout_s)

    def copies(self, batch: Batch) -> list[Message]:
        return [Message(self.out, each.value, each.key) for each in batch.records]

    def committed(self) -> dict[Partition, int]:
        """Where a new member of the group would begin."""
        with self.consumer() as member:
            until(lambda: member.poll(timeout_s=0.2) or member.assignment())
            member.rewind()
            return {each: member.position(each) for each in member.assignment()}

    def visible(self) -> Counter[bytes]:
        with self.broker.consumer([self.out], group=None) as reader:
            return Counter(each.value or b"" for each in read_until(reader, reader.end_offsets()))


@pytest.fixture
def topics(kafka: LocalKafka, prefix: str) -> Iterator[Topics]:
    made = Topics(kafka.settings, prefix)
    yield made
    made.broker.close()


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[errors.BrokerResponseError]], None]:
    """Let the next produce request be answered with an error, once; the records are on the broker nevertheless."""

    def arm(error: type[errors.BrokerResponseError]) -> None:
        real, left = Sender._complete_batch, [1]

        def completed(self: Sender, batch: object, response: object) -> object:
            if left and self.config["transactional_id"]:
                left.pop()
                response.error_code, response.log_start_offset = error.errno, -1  # type: ignore[attr-defined]
            return real(self, batch, response)

        monkeypatch.setattr(Sender, "_complete_batch", completed)

    return arm


def test_row_1_offsets_of_an_aborted_transaction_are_not_committed_with_the_next(topics: Topics) -> None:
    topics.feed(20)
    with topics.consumer() as left:
        stale = some(left)
    with topics.consumer() as member, topics.producer() as producer:
        fresh = some(member)
        with pytest.raises(TransactionAbortedError):
            producer.commit(topics.copies(stale), stale.progress, timeout_s=20)
        with pytest.raises(TransactionAbortedError, match="spent"):
            producer.commit([], Progress({}, fresh.progress.member), timeout_s=20)
    topics.producer().close()
    assert set(topics.committed().values()) == {0}
    assert topics.visible() == Counter()


@pytest.mark.parametrize(
    "error", [errors.OutOfOrderSequenceNumberError, errors.UnknownProducerIdError, errors.InvalidProducerEpochError]
)
def test_rows_2_and_3_a_batch_that_failed_fails_the_commit_and_the_next_producer_goes_on(
    topics: Topics, answer: Callable[[type[errors.BrokerResponseError]], None], error: type[errors.BrokerResponseError]
) -> None:
    topics.feed(20)
    with topics.consumer() as member:
        batch = some(member)
        answer(error)
        with topics.producer() as producer, pytest.raises(TransactionAbortedError):
            producer.commit(topics.copies(batch), batch.progress, timeout_s=20)
        with topics.producer() as second:
            assert topics.visible() == Counter(), "nothing of the first"
            member.rewind()
            done = 0
            while done < 20:
                again = some(member)
                second.commit(topics.copies(again), again.progress, timeout_s=20)
                done += len(again.records)
    assert topics.visible() == Counter(str(n).encode() for n in range(20))


def test_row_4_a_busy_coordinator_is_asked_again_within_20_milliseconds(topics: Topics) -> None:
    with topics.producer() as producer:
        assert 5 <= producer._producer.config["retry_backoff_ms"] <= 20
        assert producer._producer._transaction_manager.retry_backoff_ms <= 20


def test_row_5_offsets_of_a_transaction_under_way_are_waited_for(topics: Topics, kafka: LocalKafka) -> None:
    topics.feed(20)
    hasty = kafka.settings.model_copy(update={"request_timeout_s": 1.0})
    with topics.consumer(hasty) as member, topics.producer() as producer:
        batch = some(member)
        inner, under_way, go_on = producer._producer, threading.Event(), threading.Event()
        commit = inner.commit_transaction

        def slow() -> None:
            under_way.set()
            go_on.wait(30)
            commit()

        inner.commit_transaction = slow
        thread = threading.Thread(target=lambda: producer.commit(topics.copies(batch), batch.progress, timeout_s=40))
        thread.start()
        assert under_way.wait(20)
        with pytest.raises(RetryableError):
            member.rewind()  # the offsets of before would be read a second time
        go_on.set()
        thread.join(20)
        member.rewind()
        assert {each: member.position(each) for each in batch.progress.offsets} == batch.progress.offsets


def test_row_6_who_has_left_the_group_cannot_commit_for_it(topics: Topics) -> None:
    topics.feed(20)
    with topics.consumer() as zombie:
        batch = some(zombie)
    with topics.consumer() as successor, topics.producer() as producer:
        some(successor)
        with pytest.raises(TransactionAbortedError):
            producer.commit(topics.copies(batch), batch.progress, timeout_s=20)
    topics.producer().close()
    assert topics.visible() == Counter()


def test_row_7_records_are_not_paired_with_a_generation_that_came_while_they_were_fetched(topics: Topics) -> None:
    topics.feed(20)
    with topics.consumer() as member:
        first = some(member, most=5)
        inner, looks = member._consumer, [0]
        real = inner.group_metadata

        def moved_on() -> object:
            looks[0] += 1
            found = real()
            return found._replace(generation_id=found.generation_id + 1) if looks[0] == 2 else found

        inner.group_metadata = moved_on
        assert not member.poll(timeout_s=5), "whose they are is not known"
        inner.group_metadata = real
        seen = {(each.partition, each.offset) for each in first.records}
        again = {(each.partition, each.offset) for each in some(member).records}
        assert seen & again or not seen - again, "nothing was committed, so all come again"


@pytest.mark.timeout(240)
def test_rows_8_and_9_with_the_coordinator_killed_a_commit_ends_and_a_new_producer_takes_over(
    own_kafka: LocalKafka, prefix: str
) -> None:
    topics = Topics(own_kafka.settings, prefix)
    topics.feed(20)
    with topics.consumer() as member:
        batch = some(member)
        with topics.producer(timeout_s=3.0) as producer:
            commit = producer._producer.commit_transaction

            def killed_before() -> None:
                own_kafka.kill()
                commit()

            producer._producer.commit_transaction = killed_before
            begin = time.monotonic()
            with pytest.raises(TransactionAbortedError, match="no answer within 8 s"):
                producer.commit(topics.copies(batch), batch.progress, timeout_s=8)
            assert time.monotonic() - begin < 30, "the client itself waits for ever"
        own_kafka.start()
    with topics.consumer() as member, until(lambda: _made(topics), limit_s=60) as second:
        done = 0
        while done < 20:
            again = some(member)
            second.commit(topics.copies(again), again.progress, timeout_s=20)
            done += len(again.records)
    assert topics.visible() == Counter(str(n).encode() for n in range(20))
    topics.broker.close()


def _made(topics: Topics) -> TransactionalKafkaProducer | None:
    try:
        return topics.producer()
    except RetryableError:
        return None


def test_row_10_nothing_listens_on_the_thread_that_sends_heartbeats(topics: Topics) -> None:
    with topics.consumer() as member:
        assert member._consumer._subscription.rebalance_listener is None


def test_row_11_after_an_abort_the_same_records_come_again(topics: Topics) -> None:
    topics.feed(20)
    with topics.consumer() as member:
        until(lambda: len(member.assignment()) == 2 or member.poll(timeout_s=0.2) is None)
        member.rewind()
        first = {(each.partition, each.offset) for each in some(member).records}
        member.rewind()
        found: set[tuple[int, int]] = set()
        while not first <= found:
            found |= {(each.partition, each.offset) for each in some(member).records}


def test_row_12_what_is_left_to_read_is_nothing_although_markers_take_offsets(topics: Topics) -> None:
    topics.feed(20)
    with topics.consumer() as member, topics.producer() as producer:
        done = 0
        while done < 20:
            batch = some(member, most=3)
            producer.commit(topics.copies(batch), batch.progress, timeout_s=20)
            done += len(batch.records)
    with topics.broker.consumer([topics.out], group=None) as reader:
        ends = reader.end_offsets()
        assert len(list(read_until(reader, ends))) == 20 < sum(ends.values())


def test_row_13_the_client_still_speaks_no_version_of_kip_890() -> None:
    """When this fails, the broker fences by itself what rows 1 to 3 are about: look at decision 0003 again."""
    assert "max_version=3" in inspect.getsource(EndTxnHandler)
