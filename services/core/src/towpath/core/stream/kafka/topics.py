"""Topics in the admin client's words: what creates them, what came of it, and how they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient, errors
from kafka.admin import ConfigResource, ConfigResourceType

from towpath.core.errors import RejectedError
from towpath.core.stream.port import TopicSpec

__all__ = ["check_created", "described", "options"]


def options(spec: TopicSpec) -> dict[str, Any]:
    """For create_topics."""
    return {
        "num_partitions": spec.partitions,
        "replication_factor": spec.replication or -1,
        "configs": dict(spec.config),
    }


def check_created(answer: Mapping[str, Any]) -> None:
    """Raises RejectedError when a topic was neither created nor there."""
    for topic in answer["topics"]:
        error = errors.for_code(topic["error_code"])
        # Another process may create the same ones meanwhile: existing is what was wanted.
        if error not in (errors.NoError, errors.TopicAlreadyExistsError):
            said = topic.get("error_message") or error.__name__
            raise RejectedError(f"Kafka does not create it: {said}", where=topic["name"])


def described(admin: KafkaAdminClient, names: Sequence[str]) -> Mapping[str, TopicSpec]:
    """Those of `names` that exist. Raises kafka-python's errors."""
    rows = list(_present(admin.describe_topics(list(names)) if names else []))
    if not rows:
        return {}
    wanted = [ConfigResource(ConfigResourceType.TOPIC, row["name"]) for row in rows]
    configs = admin.describe_configs(wanted, config_filter="all")["topic"]
    return {row["name"]: _spec(row, configs[row["name"]]) for row in rows}


def _present(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        error = errors.for_code(row["error_code"])
        if error is errors.TopicAuthorizationFailedError:
            raise error({row["name"]})
        if error is not errors.UnknownTopicOrPartitionError:
            yield row


def _spec(row: Mapping[str, Any], config: Mapping[str, Mapping[str, Any]]) -> TopicSpec:
    if not config:
        # kafka-python drops the error of each resource; only a refusal leaves a topic without any configuration.
        raise errors.TopicAuthorizationFailedError({row["name"]})
    values = {name: str(entry["value"]) for name, entry in config.items()}
    partitions = row["partitions"]
    replication = min((len(each["replica_nodes"]) for each in partitions), default=None)
    return TopicSpec(row["name"], len(partitions), values, replication)
