"""Training and monitoring as processes: Kafka's absence is told and survived, SIGTERM is obeyed in every state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.waiting import until
from towpath.cli.local import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.core.stream import KafkaBroker, Registry

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
StartService = Callable[..., Any]
OBJECTIVE = str(Path(__file__).parents[2] / "objective.yaml")
SERVICES = ("training", "monitoring")


def test_kafka_may_go_and_come_back(start_service: StartService, own_kafka: LocalKafka, prefix: str) -> None:
    with KafkaBroker(own_kafka.settings) as broker:
        broker.create_topics(Registry.load(prefix).specs())
    address = {"TOWPATH_KAFKA_BOOTSTRAP_SERVERS": own_kafka.bootstrap_servers, "TOWPATH_TOPIC_PREFIX": prefix}
    services = [start_service(name, TOWPATH_OBJECTIVE=OBJECTIVE, **address) for name in SERVICES]
    for service in services:
        service.until("/readyz", 200)
    own_kafka.kill()
    for service in services:
        service.until("/readyz", 503)
        assert service.status("/livez") == 200
        assert service.status("/metrics") == 200
    own_kafka.start()
    for service in services:
        service.until("/readyz", 200)
    for service in services:
        service.end()


@pytest.mark.parametrize("name", SERVICES)
def test_where_no_kafka_was_ever_seen_it_waits_and_ends_when_told(start_service: StartService, name: str) -> None:
    # A connection is tried for less long than the shutdown may take.
    nobody = {"TOWPATH_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{choose_port()}", "TOWPATH_KAFKA_REQUEST_TIMEOUT_S": "3"}
    service = start_service(name, TOWPATH_OBJECTIVE=OBJECTIVE, **nobody)
    service.until("/livez", 200)
    service.until("/readyz", 503)
    service.end()


def test_sigterm_in_mid_run_ends_the_run_and_says_so(
    start_service: StartService, kafka: LocalKafka, topics: Registry
) -> None:
    service = start_service(
        "training",
        TOWPATH_OBJECTIVE=OBJECTIVE,
        TOWPATH_KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        TOWPATH_TOPIC_PREFIX=topics.prefix,
    )
    service.until("/readyz", 200)
    run_id = service.client.post("/v1/runs").json()["runId"]
    service.end()
    (record,) = service.log.parent.glob(f"runs/{run_id}/run.json")
    run = json.loads(record.read_text())
    assert run["status"] in ("failed", "queued"), run
    again = start_service("training", TOWPATH_OBJECTIVE=OBJECTIVE, TOWPATH_HOME=str(service.log.parent))
    again.until("/livez", 200)
    until(lambda: again.client.get(f"/v1/runs/{run_id}").json()["status"] != "queued")
    stored = again.client.get(f"/v1/runs/{run_id}").json()
    assert stored["status"] == "failed"
    assert "interrupted" in stored["error"]
