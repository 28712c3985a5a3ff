"""Each service with its own credentials on a Kafka with an authorizer: what it needs works, and nothing else does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.waiting import until
from towpath.core.errors import ForbiddenError, RejectedError, TransactionAbortedError
from towpath.core.stream import Codec, KafkaBroker, Message, Progress, Registry, acls_of, read_history
from towpath.model import manifest_sha256, release_id_of
from towpath.model.build.tiny import build_tiny_bundle
from towpath.v1 import DeadLetter, Document, ModelRelease, Prediction

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
StartService = Callable[..., Any]
OBJECTIVE = str(Path(__file__).parents[2] / "objective.yaml")
PREFIX = "acls."
REGISTRY = Registry.load(PREFIX)


def run_module(module: str, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    told = {**os.environ, **environment}
    return subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=60)


def create_topics(
    kafka: Any, principal: str, *arguments: str, prefix: str = PREFIX, **more: str
) -> subprocess.CompletedProcess[str]:
    told = {**kafka.environment_of(principal), "TOWPATH_TOPIC_PREFIX": prefix, **more}
    return run_module("towpath.core.topics", told, *arguments)


@pytest.fixture(scope="module")
def granted(secured_kafka: Any) -> Any:
    """Topics and ACLs, created twice as at an upgrade."""
    for _ in range(2):
        done = create_topics(secured_kafka, "admin", "--acls", "--min-insync", "1")
        assert done.returncode == 0, done.stderr
    return secured_kafka


@pytest.fixture
def as_principal(granted: Any) -> Iterator[Callable[[str], KafkaBroker]]:
    brokers: list[KafkaBroker] = []

    def connected(principal: str) -> KafkaBroker:
        brokers.append(KafkaBroker(granted.settings_of(principal)))
        return brokers[-1]

    yield connected
    for broker in brokers:
        broker.close()


AsPrincipal = Callable[[str], KafkaBroker]


def test_every_service_does_its_work_with_its_own_credentials(
    start_service: StartService, as_principal: AsPrincipal, granted: Any, tmp_path: Path
) -> None:
    def start(name: str, **more: str) -> Any:
        told = {**granted.environment_of(name), "TOWPATH_TOPIC_PREFIX": PREFIX, "TOWPATH_OBJECTIVE": OBJECTIVE}
        return start_service(name, **told, **more)

    release = bundled(tmp_path)
    services = {name: start(name) for name in ("ingestion", "monitoring", "training")}
    services["serving"] = start("serving", TOWPATH_HOME=str(tmp_path))
    # As the training service does when a run has passed its gate, and reads back at the next run.
    training, client = as_principal("training"), as_principal("client")
    send(training, "models", release)
    assert [each.release_id for each in history(training, "models", ModelRelease)] == [release.release_id]
    for service in services.values():
        service.until("/readyz", 200)

    posted = services["ingestion"].client.post("/v1/documents", json={"documentId": "doc-1", "text": "good"})
    assert posted.status_code == 202, posted.text
    with as_principal("admin").producer(client_id="test") as producer:
        producer.send([Message(REGISTRY.full_name("documents"), b"poison", b"p")], timeout_s=20)
    predictions = until(lambda: history(client, "predictions", Prediction))
    assert [each.document_id for each in predictions] == ["doc-1"]
    letters = until(lambda: history(as_principal("admin"), "dead-letters", DeadLetter))
    assert [each.service for each in letters] == ["serving"]

    told = {"documentId": "doc-1", "source": "agent", "classLabel": {"label": "positive"}}
    assert services["ingestion"].client.post("/v1/feedback", json=told).status_code == 202
    watched = services["monitoring"].client
    counted = re.compile(r"^towpath_monitoring_\w*feedback\w*total\{.*\} 1.0", re.MULTILINE)
    until(lambda: counted.search(watched.get("/metrics").text))
    run_id = services["training"].client.post("/v1/runs").json()["runId"]
    # What comes after it reads files, and nothing of Kafka.
    collect = until(lambda: collected(services["training"].client, run_id), 120)
    assert collect["status"] == "succeeded", collect
    assert "1 documents" in collect["detail"]
    check_with_the_doctor(granted, services)


def check_with_the_doctor(kafka: Any, services: dict[str, Any]) -> None:
    """It needs no more rights than a client's, and tells a worker that is gone from one that does not work."""
    told = kafka.environment_of("client") | {
        "TOWPATH_TOPIC_PREFIX": PREFIX,
        "TOWPATH_DOCTOR_INGESTION_URL": str(services["ingestion"].client.base_url),
        "TOWPATH_DOCTOR_SERVICES": ",".join(f"{name}={each.client.base_url}" for name, each in services.items()),
    }
    well = run_module("towpath.core.doctor", told)
    assert well.returncode == 0, well.stdout + well.stderr
    assert re.search(r"^ok +total: \d+ ms from posting to reading the prediction$", well.stdout, re.MULTILINE)
    assert "warning" not in well.stdout

    services["serving"].process.send_signal(signal.SIGSTOP)
    stopped = run_module("towpath.core.doctor", told, "--wait", "2")
    assert stopped.returncode == 1
    assert "serving is ready: no answer" in stopped.stdout
    assert "not tried  prediction: serving is not ready" in stopped.stdout
    silent = run_module("towpath.core.doctor", told, "--wait", "1", "--services", "")
    assert silent.returncode == 1
    assert re.search(r"^failed +prediction: no prediction within 1 s -> workers", silent.stdout, re.MULTILINE)
    services["serving"].process.send_signal(signal.SIGCONT)

    stranger = run_module("towpath.core.doctor", told | kafka.environment_of("stranger"), "--services", "")
    assert stranger.returncode == 1
    assert "Kafka forbids User:stranger to use topic" in stranger.stdout
    intruder = run_module("towpath.core.doctor", told | kafka.environment_of("client", "wrong"), "--services", "")
    assert "failed     kafka: Kafka does not know User:client by this password" in intruder.stdout


def collected(client: Any, run_id: str) -> Any:
    """The run's first step, once it has ended."""
    first = next(iter(client.get(f"/v1/runs/{run_id}").json()["steps"]), None)
    return first if first and first["step"] == "collect" and first["status"] != "running" else None


def bundled(home: Path) -> ModelRelease:
    built = build_tiny_bundle(home / "bundles" / "build")
    sha256 = manifest_sha256(built)
    folder = built.rename(built.with_name(release_id_of(sha256)))
    return ModelRelease(
        release_id=folder.name, model_name="tweet-sentiment", bundle_uri=folder.as_uri(), bundle_sha256=sha256
    )


def send(broker: KafkaBroker, topic: str, message: Any) -> None:
    with broker.producer(client_id="test") as producer:
        producer.send([Codec().encode(message, topic=REGISTRY.full_name(topic), key="key")], timeout_s=20)


def history(broker: KafkaBroker, topic: str, kind: type[Any]) -> list[Any]:
    return list(read_history(broker, Codec(), REGISTRY.full_name(topic), kind, client_id="test"))


WRITES = {(each.principal, each.name.removeprefix(PREFIX)) for each in acls_of(REGISTRY) if each.operation == "write"}
READS = {
    (each.principal, each.name.removeprefix(PREFIX))
    for each in acls_of(REGISTRY)
    if each.operation == "read" and each.resource == "topic"
}


@pytest.mark.parametrize("principal", ["client", "ingestion", "monitoring", "serving", "stranger", "training"])
def test_nobody_writes_anothers_topic_or_reads_what_it_does_not_need(as_principal: AsPrincipal, principal: str) -> None:
    broker = as_principal(principal)
    for topic in REGISTRY:
        if (principal, topic.name) not in WRITES:
            with pytest.raises(ForbiddenError, match=f"User:{principal} to use topic {topic.full_name}"):
                send(broker, topic.name, Document(document_id="doc-x", text="x"))
        if (principal, topic.name) not in READS:
            with (
                pytest.raises(ForbiddenError, match=f"User:{principal} to use topic {topic.full_name}"),
                broker.consumer([topic.full_name], group=None) as reader,
            ):
                until(lambda reader=reader: reader.poll(timeout_s=0.5))


def test_anothers_transactional_ids_and_groups_are_closed(as_principal: AsPrincipal) -> None:
    for principal in ("training", "client"):
        with pytest.raises(ForbiddenError, match=f"User:{principal} to use transactional id"):
            as_principal(principal).transactional_producer(f"{PREFIX}towpath.serving.one")
    with (
        pytest.raises(ForbiddenError, match="User:training to use group"),
        as_principal("training").consumer([REGISTRY.full_name("documents")], group=f"{PREFIX}towpath.serving") as one,
    ):
        until(lambda: one.poll(timeout_s=0.5))


def test_a_transaction_that_touches_anothers_topic_says_so(as_principal: AsPrincipal) -> None:
    with closing(as_principal("serving").transactional_producer(f"{PREFIX}towpath.serving.two")) as producer:
        message = Message(REGISTRY.full_name("annotations"), b"{}", b"k")
        with pytest.raises(TransactionAbortedError, match=f"User:serving to use topic {PREFIX}annotations"):
            producer.commit([message], Progress({}), timeout_s=30)


def test_a_client_of_ones_own_reads_predictions_in_a_group(as_principal: AsPrincipal) -> None:
    topics = [REGISTRY.full_name("predictions")]
    with as_principal("client").consumer(topics, group=f"{PREFIX}client.mine") as reader:
        until(lambda: reader.poll(timeout_s=0.5) or reader.assignment())


def test_a_wrong_password_is_told_as_such(granted: Any) -> None:
    with (
        KafkaBroker(granted.settings_of("ingestion", "wrong")) as broker,
        pytest.raises(ForbiddenError, match="does not know User:ingestion by this password"),
    ):
        broker.ping()


def test_topics_are_compared_by_who_may_not_create_them(granted: Any) -> None:
    same = create_topics(granted, "client", "--no-create")
    assert same.returncode == 0, same.stderr
    differing = create_topics(granted, "client", "--no-create", "--replication", "3", "--min-insync", "2")
    assert differing.returncode == 1
    assert f"{PREFIX}documents: replication is 1, not 3" in differing.stderr
    assert "min.insync.replicas is 1, not 2" in differing.stderr
    refused = create_topics(granted, "training", "--acls", "--no-create", "--wait", "0")
    assert refused.returncode == 1
    assert "User:training" in refused.stderr


def test_where_nobody_asks_who_you_are_acls_are_refused_in_words(broker: KafkaBroker) -> None:
    with pytest.raises(RejectedError, match=r"authorizer\.class\.name"):
        broker.grant(acls_of(REGISTRY))


def test_services_that_started_before_their_rights_wait_for_them(
    start_service: StartService, secured_kafka: Any, prefix: str
) -> None:
    """As in an installation, where nothing orders them. The user of ingestion has a name of its own here."""
    told = {**secured_kafka.environment_of("stranger"), "TOWPATH_TOPIC_PREFIX": prefix}
    ingestion = start_service("ingestion", **told)
    told |= secured_kafka.environment_of("monitoring")
    monitoring = start_service("monitoring", TOWPATH_OBJECTIVE=OBJECTIVE, **told)
    for service in (ingestion, monitoring):
        service.until("/livez", 200)
        service.until("/readyz", 503)
    names = '{"ingestion": "stranger"}'
    done = create_topics(secured_kafka, "admin", "--acls", prefix=prefix, TOWPATH_KAFKA_USERNAMES=names)
    assert done.returncode == 0, done.stderr
    for service in (ingestion, monitoring):
        service.until("/readyz", 200)
    assert ingestion.client.post("/v1/documents", json={"text": "late"}).status_code == 202
