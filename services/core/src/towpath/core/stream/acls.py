"""What each principal may do on Kafka, as it follows from the topic registry. Nothing else is allowed.

A principal is the name of a service in the registry, or one of two more: `admin`, who creates topics and these
ACLs and needs none itself (`super.users`), and `client`, who reads what is for everybody and looks at all topics
(`towpath doctor`). Readers without a group need no rights on groups, and idempotent producers none on the cluster:
since Kafka 2.8 the right to write to a topic is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from towpath.core.stream.registry import Registry, Topic

__all__ = ["CLIENT", "Acl", "Operation", "Resource", "acls_of", "group_prefix"]

CLIENT = "client"
# Monitoring's say how far each receiver of its webhooks has been told.
_GROUPED = (CLIENT, "monitoring")
Operation = Literal["read", "write", "describe", "describe_configs"]
Resource = Literal["topic", "group", "transactional_id"]


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """`principal`, without "User:", may do `operation` on the resource of that name, or of all that begin with it."""

    principal: str
    resource: Resource
    name: str
    operation: Operation
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{self.principal}: {self.operation} {self.resource} {self.name}{'*' if self.prefixed else ''}"


def group_prefix(registry: Registry, principal: str) -> str:
    """What the names of a principal's groups and transactional ids begin with."""
    return registry.prefix + (CLIENT if principal == CLIENT else f"towpath.{principal}")


def acls_of(registry: Registry) -> list[Acl]:
    """All ACLs of an installation, sorted, each once."""
    found = {each for topic in registry for each in (*_of_services(registry, topic), *_of_client(topic))}
    return sorted({*found, *(each for name in _GROUPED for each in _in_groups(registry, name))})


def _of_services(registry: Registry, topic: Topic) -> Iterator[Acl]:
    for principal in topic.producers:
        yield Acl(principal, "topic", topic.full_name, "write")
        yield Acl(principal, "topic", topic.full_name, "describe")
        if topic.transactional:
            yield from _in_transactions(registry, principal)
    for principal in topic.consumers:
        yield Acl(principal, "topic", topic.full_name, "read")
        yield Acl(principal, "topic", topic.full_name, "describe")


def _of_client(topic: Topic) -> Iterator[Acl]:
    yield Acl(CLIENT, "topic", topic.full_name, "describe")
    yield Acl(CLIENT, "topic", topic.full_name, "describe_configs")


def _in_transactions(registry: Registry, principal: str) -> Iterator[Acl]:
    name = group_prefix(registry, principal)
    yield Acl(principal, "transactional_id", name, "write", prefixed=True)
    yield Acl(principal, "transactional_id", name, "describe", prefixed=True)
    yield from _in_groups(registry, principal)


def _in_groups(registry: Registry, principal: str) -> Iterator[Acl]:
    name = group_prefix(registry, principal)
    yield Acl(principal, "group", name, "read", prefixed=True)
    yield Acl(principal, "group", name, "describe", prefixed=True)
