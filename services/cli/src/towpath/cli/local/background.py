"""Starting an installation that stays when the command ends, and looking at it later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from towpath.cli.local.kafka import USUAL_PORT, LocalKafka
from towpath.cli.local.services import Installation, Services, ServiceSpec
from towpath.cli.local.state import Started, Up
from towpath.core.errors import ConflictError
from towpath.core.service import KafkaSettings
from towpath.core.stream import KafkaBroker, Registry

__all__ = ["TopicRow", "health", "lag", "start", "topics"]


@dataclass(frozen=True)
class TopicRow:
    """`offsets` in use by records and by transactions' markers."""

    name: str
    partitions: int
    offsets: int


def start(
    home: Path,
    objective: Path,
    prefix: str,
    servers: str | None,
    kafka_port: int | None,
    specs: Sequence[ServiceSpec],
    environment: Mapping[str, str],
    tell: Callable[[str], None],
) -> Up:
    """Kafka (unless `servers` names one), topics, services. What was started is stopped when any of it fails.

    Raises:
        ConflictError: something of this home is running already.
        TowpathError: something did not start.
    """
    before = Up.load(home)
    if before is not None and before.alive:
        raise ConflictError(f"{', '.join(each.name for each in before.alive)} run already: towpath down")
    with ExitStack() as undo:
        processes: list[Started] = []
        if servers is None:
            kafka = LocalKafka(home / "kafka", port=kafka_port, preferred_port=USUAL_PORT, detached=True, tell=tell)
            undo.callback(kafka.stop)
            kafka.start()
            servers = kafka.bootstrap_servers
            processes.append(Started.of("kafka", kafka.pid, kafka.log))
        with KafkaBroker(KafkaSettings(bootstrap_servers=servers)) as broker:
            broker.create_topics(Registry.load(prefix).specs())
        services = Services(Installation(home, servers, prefix, objective), detached=True)
        undo.callback(services.stop)
        services.start(specs, environment)
        services.wait_live(lambda name: tell(f"{name} is up"))
        up = Up(bootstrap_servers=servers, topic_prefix=prefix, processes=[*processes, *services.started()])
        up.save(home)
        undo.pop_all()
        return up


def health(process: Started) -> str:
    """`ready`, `running` (nothing more is known), `ended`, or why it is not ready."""
    if not process.alive:
        return f"ended; see {process.log}"
    if process.url is None:
        return "running"
    try:
        answer = httpx.get(f"{process.url}/readyz", timeout=5.0)
    except httpx.HTTPError as error:
        return f"no answer: {error}"
    if answer.status_code == 200:
        return "ready"
    try:
        return f"not ready: {answer.json()['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"not ready: HTTP {answer.status_code}"


def lag(process: Started) -> float | None:
    """Offsets that a service has still to read, by its own metrics; None when it does not say."""
    if process.url is None or not process.alive:
        return None
    try:
        families = list(text_string_to_metric_families(httpx.get(f"{process.url}/metrics", timeout=5.0).text))
    except (httpx.HTTPError, ValueError):
        return None
    found = [sample.value for each in families for sample in each.samples if sample.name.endswith("_lag_documents")]
    return float(sum(found)) if found else None


def topics(up: Up) -> list[TopicRow]:
    """Towpath's topics on the broker.

    Raises:
        RetryableError: the broker is away.
    """
    rows = []
    with KafkaBroker(KafkaSettings(bootstrap_servers=up.bootstrap_servers, request_timeout_s=5.0)) as broker:
        present = broker.topics()
        names = [topic.full_name for topic in Registry.load(up.topic_prefix) if topic.full_name in present]
        if not names:
            return []
        with broker.consumer(names, group=None) as reader:
            ends = reader.end_offsets()
        for name in names:
            used = sum(offset for partition, offset in ends.items() if partition.topic == name)
            rows.append(TopicRow(name, present[name], used))
    return rows
