"""Faults that serving must survive: every document predicted exactly once under read_committed."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter, defaultdict

import pytest

from towpath.cli.local import LocalKafka
from towpath.core.stream import Codec, Message
from towpath.v1 import DeadLetter, Document

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


def until(condition, *, limit_s, what):  # type: ignore[no-untyped-def]
    """Wait for a condition; fail with what was waited for."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: {what}"
        time.sleep(0.05)


def assert_exactly_once(predictions, numbers) -> None:  # type: ignore[no-untyped-def]
    counts = Counter(each.document_id for each in predictions)
    wanted = {f"doc-{n}" for n in numbers}
    missing, twice = wanted - set(counts), {name for name, count in counts.items() if count > 1}
    assert (len(missing), len(twice), set(counts) - wanted) == (0, 0, set())


def test_ten_thousand_documents_and_a_worker_killed_at_random_moments(deployment) -> None:  # type: ignore[no-untyped-def]
    """Fault 1. A kill hits whatever step the loop is in; the restarted worker goes on from Kafka alone."""
    chance, numbers = random.Random(4), range(10_000)
    deployment.publish(deployment.bundle(0))
    deployment.send(deployment.documents(numbers))
    worker, kills = deployment.start_worker(), 0
    while kills < 6:
        # Between kills the worker gets somewhere; when within that the kill comes is chance.
        before = deployment.count_predicted()
        until(lambda before=before: deployment.count_predicted() > before, limit_s=60, what="progress")
        if deployment.count_predicted() >= 11_000:
            break
        time.sleep(chance.uniform(0.0, 0.4))  # the moment of the fault, not a wait for anything
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        kills += 1
        worker = deployment.start_worker()
    predictions = deployment.predictions(10_000, limit_s=120)
    assert kills >= 5
    assert_exactly_once(predictions, numbers)
    assert all(each.prediction_id and each.release_id for each in predictions)


def test_poison_among_good_ones_goes_to_dead_letters_once_and_holds_nobody_up(deployment) -> None:  # type: ignore[no-untyped-def]
    """Input 9: not JSON, another message, blank text, NaN, nothing at all, no protobuf."""
    topic = deployment.registry.full_name("documents")
    blank = Codec().encode(Document(document_id="doc-blank", text="  "), topic=topic, key="k")
    poison = [
        Message(topic, b"\xff\xfe not JSON", b"k"),
        Message(topic, b'{"documentId": NaN}', b"k"),
        Message(topic, b"[" * 100_000, b"k"),
        Message(topic, None, b"k"),
        blank,
        Message(topic, b"\xff" * 1_000_000, b"k"),  # the largest there can be
        Message(topic, b"\x0a\xff\xff\xff", b"k", (("content-type", b"application/protobuf"),)),
    ]
    good = deployment.documents(range(70))
    deployment.publish(deployment.bundle(0))
    deployment.send([each for n in range(70) for each in ([good[n], poison[n // 10]] if n % 10 == 0 else [good[n]])])
    deployment.start_worker()
    assert_exactly_once(deployment.predictions(70), range(70))
    letters = [Codec().decode(r, DeadLetter).message for r in deployment.read("dead-letters", 7, limit_s=30)]
    assert len({each.dead_letter_id for each in letters}) == len(letters) == 7
    assert {each.value for each in letters} == {each.value or b"" for each in poison}
    assert all(each.reason and each.service == "serving" for each in letters)


def test_a_broker_killed_in_mid_stream_and_started_again(own_deployment, own_kafka: LocalKafka) -> None:  # type: ignore[no-untyped-def]
    """Fault 4: nothing lost or twice, progress within 60 s; readiness tells the truth meanwhile (fault 7)."""
    numbers = range(3_000)
    own_deployment.publish(own_deployment.bundle(0))
    own_deployment.send(own_deployment.documents(range(1_500)))
    worker = own_deployment.start_worker()
    until(lambda: own_deployment.count_predicted() > 100, limit_s=60, what="the first predictions")
    own_kafka.kill()
    until(lambda: own_deployment.ready() == 503, limit_s=20, what="not ready while Kafka is away")
    own_kafka.start()
    until(lambda: own_deployment.ready() == 200, limit_s=60, what="ready again")
    own_deployment.send(own_deployment.documents(range(1_500, 3_000)))
    own_deployment.end_hanging_transactions(once_predicted=3_000, limit_s=90)
    assert_exactly_once(own_deployment.predictions(3_000, limit_s=30), numbers)
    assert worker.poll() is None, "the same process went on"


def test_a_model_swapped_in_mid_stream_loses_and_repeats_nothing(deployment) -> None:  # type: ignore[no-untyped-def]
    first, second = deployment.bundle(0), deployment.bundle(1)
    deployment.publish(first)
    deployment.send(deployment.documents(range(2_000)))
    deployment.start_worker()
    until(lambda: deployment.count_predicted() > 100, limit_s=60, what="the first predictions")
    deployment.publish(second)
    until(lambda: second.release_id in deployment.get("/metrics")[1], limit_s=30, what="the second release")
    deployment.send(deployment.documents(range(2_000, 2_200)))
    predictions = deployment.predictions(2_200)
    assert_exactly_once(predictions, range(2_200))
    by_release = defaultdict(set)
    for each in predictions:
        by_release[each.release_id].add(each.document_id)
    assert set(by_release) == {first.release_id, second.release_id}
    assert {f"doc-{n}" for n in range(2_000, 2_200)} <= by_release[second.release_id]


def test_a_tampered_bundle_is_refused_and_the_previous_one_serves_on(deployment) -> None:  # type: ignore[no-untyped-def]
    """Inputs 1 and 4: one byte flipped; a URI that leads outside."""
    good, tampered, outside = deployment.bundle(0), deployment.bundle(1), deployment.bundle(2)
    graph = deployment.home / "bundles" / tampered.release_id / "model.onnx"
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.write_bytes(data)
    outside.bundle_uri = outside.bundle_uri.replace("/bundles/", "/bundles/../../etc/")
    deployment.publish(good)
    deployment.start_worker()
    until(lambda: deployment.ready() == 200, limit_s=60, what="ready")
    for refused, count in ((tampered, 1), (outside, 2)):
        deployment.publish(refused)
        metric = f"towpath_serving_bundles_refused_total {count}.0"
        until(lambda metric=metric: metric in deployment.get("/metrics")[1], limit_s=30, what=metric)
    deployment.send(deployment.documents(range(50)))
    predictions = deployment.predictions(50)
    assert {each.release_id for each in predictions} == {good.release_id}
    assert deployment.ready() == 200
    reasons = " ".join(str(r.get("reason")) for r in deployment.log() if r["event"] == "serving.release_refused")
    assert "does not match the manifest's sha256" in reasons
    assert "is not below" in reasons


def test_sigterm_ends_the_worker_within_ten_seconds_and_loses_nothing(deployment) -> None:  # type: ignore[no-untyped-def]
    deployment.publish(deployment.bundle(0))
    deployment.send(deployment.documents(range(4_000)))
    worker = deployment.start_worker()
    until(lambda: deployment.count_predicted() > 100, limit_s=60, what="the first predictions")
    begin = time.monotonic()
    worker.terminate()
    assert worker.wait(15) == 0
    assert time.monotonic() - begin < 10
    deployment.start_worker()
    assert_exactly_once(deployment.predictions(4_000), range(4_000))


def test_two_workers_share_the_work_and_one_leaves(deployment) -> None:  # type: ignore[no-untyped-def]
    deployment.publish(deployment.bundle(0))
    deployment.send(deployment.documents(range(3_000)))
    first = deployment.start_worker("one")
    deployment.start_worker("two")
    until(lambda: deployment.count_predicted() > 500, limit_s=60, what="progress")
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    assert_exactly_once(deployment.predictions(3_000, limit_s=90), range(3_000))
