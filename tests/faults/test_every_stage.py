"""Faults 1, 2, 3 and 5: a signal at each step of the worker's loop, real processes on a real Kafka.

After each: ids in and out are equal under read_committed, each once, in order by key, by a release that was live.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from support.dying import STEPS
from support.waiting import until
from towpath.core.stream import Codec, KafkaBroker, Message, Record
from towpath.v1 import Document, Prediction

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(280)]
KEYS = 16
# `make faults` says more: a hundred thousand documents, two minutes.
MANY = int(os.environ.get("TOWPATH_TEST_DOCUMENTS", "6000"))
CHURN_S = float(os.environ.get("TOWPATH_TEST_CHURN_S", "20"))


def documents(deployment, numbers: Sequence[int]) -> list[Message]:  # type: ignore[no-untyped-def]
    """Of few keys, so that order within a key says something."""
    topic, made = deployment.registry.full_name("documents"), []
    for n in numbers:
        document = Document(document_id=f"doc-{n}", text=f"text number {n} is {'good' if n % 2 else 'bad'}")
        document.created_at.GetCurrentTime()
        made.append(Codec().encode(document, topic=topic, key=f"key-{n % KEYS}"))
    return made


def assert_the_criterion(records: Sequence[Record], count: int, live: set[str]) -> None:
    predictions = [Codec().decode(each, Prediction).message for each in records]
    times = Counter(each.document_id for each in predictions)
    wanted = {f"doc-{n}" for n in range(count)}
    assert (len(wanted - set(times)), len(set(times) - wanted)) == (0, 0), "lost, or out of nowhere"
    assert [name for name, often in times.items() if often > 1] == []
    assert {each.release_id for each in predictions} <= live
    by_key: dict[bytes | None, list[int]] = defaultdict(list)
    for record, each in zip(records, predictions, strict=True):
        by_key[record.key].append(int(each.document_id.removeprefix("doc-")))
    assert set(by_key) == {f"key-{n}".encode() for n in range(min(KEYS, count))}, "the input's keys"
    assert all(found == sorted(found) for found in by_key.values())


def test_a_worker_killed_at_every_step_of_its_loop(deployment) -> None:  # type: ignore[no-untyped-def]
    first, second = deployment.bundle(0), deployment.bundle(1)
    deployment.publish(first)
    sent = 0
    for step in STEPS:
        deployment.send(documents(deployment, range(sent, sent + 250)))
        sent += 250
        if step == "swapped":
            worker = deployment.start_worker(dying=(step, 2, "SIGKILL"))
            until(lambda: deployment.ready() == 200)
            deployment.publish(second)
        else:
            worker = deployment.start_worker(dying=(step, 2, "SIGKILL"))
        assert worker.wait(60) == -signal.SIGKILL, f"it came to the step {step!r}"
    deployment.send(documents(deployment, range(sent, sent + 250)))
    deployment.start_worker()
    records = deployment.read("predictions", sent + 250, limit_s=90)
    assert_the_criterion(records, sent + 250, {first.release_id, second.release_id})


@pytest.mark.parametrize("step", ["sent", "offsets sent"])
def test_a_worker_that_stalls_past_its_transaction_is_fenced_by_its_successor(deployment, step: str) -> None:  # type: ignore[no-untyped-def]
    """Faults 2 and 3: it goes on and ends its transaction after Kafka has thrown that away."""
    release = deployment.bundle(0)
    deployment.publish(release)
    deployment.send(documents(deployment, range(1_000)))
    stalled = deployment.start_worker("one", dying=(step, 3, "SIGSTOP"), transaction_timeout_s=6)
    until(lambda: _state(stalled.pid) == "T")
    assert isinstance(deployment.broker, KafkaBroker)
    topics = [each.full_name for each in deployment.registry]
    deployment.start_worker("two", transaction_timeout_s=6)
    until(lambda: not deployment.broker.open_transactions(topics), limit_s=60)
    deployment.send(documents(deployment, range(1_000, 1_200)))
    stalled.send_signal(signal.SIGCONT)
    assert_the_criterion(deployment.read("predictions", 1_200, limit_s=120), 1_200, {release.release_id})
    assert stalled.poll() is None, "it is a member again, or will be"


def _state(pid: int) -> str:
    from pathlib import Path

    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_workers_that_join_and_leave_all_the_time(deployment) -> None:  # type: ignore[no-untyped-def]
    """Fault 5: 1→2, 2→1, 1→3, 3→1 and so on, half of them killed, the model swapped underneath."""
    releases = [deployment.bundle(n) for n in range(3)]
    deployment.publish(releases[0])
    chance, sent, turn = random.Random(7), 0, 0
    running = [deployment.start_worker("w0")]
    end = time.monotonic() + CHURN_S
    while time.monotonic() < end or turn < 2:
        step = max(1, MANY // max(1, int(CHURN_S / 2)))
        deployment.send(documents(deployment, range(sent, sent + step)))
        sent += step
        turn += 1
        while len(running) < chance.choice([2, 3]):
            running.append(deployment.start_worker(f"w{turn}-{len(running)}"))
        before = deployment.count_predicted()
        until(lambda before=before: deployment.count_predicted() > before, limit_s=90)
        while len(running) > 1:
            leaving = running.pop(chance.randrange(len(running)))
            leaving.send_signal(chance.choice([signal.SIGTERM, signal.SIGKILL]))
        deployment.publish(releases[turn % 3])
    for each in running:
        each.send_signal(signal.SIGTERM)
    deployment.start_worker("last")
    records = deployment.read("predictions", sent, limit_s=120 + MANY / 200)
    assert_the_criterion(records, sent, {each.release_id for each in releases})
