"""`python -m towpath.core.strimzi topics|users`: the registry as Strimzi's resources, where Strimzi owns Kafka.

    python -m towpath.core.strimzi topics --prefix acme. > topics.yaml

The repository's own are in k8s/strimzi (`make k8s`); another prefix or another cluster's name makes others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Any, TextIO

from ruamel.yaml import YAML

from towpath.core.stream import Registry
from towpath.core.stream.acls import Acl, acls_of

__all__ = ["CREDENTIALS", "main", "topics", "users"]

CREDENTIALS = "towpath-kafka-credentials"
"""The Secret with a password a principal, which the chart reads as well (kafka.sasl.existingSecret)."""

Resource = dict[str, Any]
_API = "kafka.strimzi.io/v1"
_HEADER = "# Written by `make k8s` from proto/topics: change it there.\n"


def topics(registry: Registry, cluster: str) -> list[Resource]:
    """KafkaTopics. Replicas are the cluster's default, so that one file does for one broker and for three."""
    return [
        _resource("KafkaTopic", _kubernetes_name(topic.full_name), cluster)
        | {"spec": {"topicName": topic.full_name, "partitions": topic.partitions, "config": dict(topic.config)}}
        for topic in registry
    ]


def users(registry: Registry, cluster: str) -> list[Resource]:
    """KafkaUsers: what each principal may do, and `admin`, who may do everything (superUsers in kafka.yaml)."""
    admin = _resource("KafkaUser", "admin", cluster) | {"spec": {"authentication": _password("admin")}}
    return [admin, *(_user(name, list(acls), cluster) for name, acls in groupby(acls_of(registry), _principal))]


def _principal(acl: Acl) -> str:
    return acl.principal


def _user(name: str, acls: Sequence[Acl], cluster: str) -> Resource:
    rules = [_rule(list(same)) for _, same in groupby(acls, lambda acl: (acl.resource, acl.name, acl.prefixed))]
    authorization = {"type": "simple", "acls": rules}
    return _resource("KafkaUser", name, cluster) | {
        "spec": {"authentication": _password(name), "authorization": authorization}
    }


def _rule(acls: Sequence[Acl]) -> Resource:
    resource = {
        "type": _camel(acls[0].resource),
        "name": acls[0].name,
        "patternType": "prefix" if acls[0].prefixed else "literal",
    }
    return {"resource": resource, "operations": [_camel(each.operation, first=True) for each in acls]}


def _password(name: str) -> Resource:
    reference = {"secretKeyRef": {"name": CREDENTIALS, "key": name}}
    return {"type": "scram-sha-512", "password": {"valueFrom": reference}}


def _resource(kind: str, name: str, cluster: str) -> Resource:
    labels = {"strimzi.io/cluster": cluster, "app.kubernetes.io/part-of": "towpath"}
    return {"apiVersion": _API, "kind": kind, "metadata": {"name": name, "labels": labels}}


def _kubernetes_name(topic: str) -> str:
    return topic.lower().replace("_", "-").strip("-.")


def _camel(words: str, *, first: bool = False) -> str:
    """read → Read, transactional_id → transactionalId."""
    joined = words.title().replace("_", "")
    return joined if first else joined[0].lower() + joined[1:]


def _write(resources: Sequence[Resource], out: TextIO) -> None:
    yaml = YAML()
    yaml.explicit_start = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    out.write(_HEADER)
    yaml.dump_all(resources, out)


def main(arguments: list[str] | None = None, out: TextIO = sys.stdout) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m towpath.core.strimzi", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["topics", "users"])
    parser.add_argument("--prefix", default="towpath.", help="of the topics' names")
    parser.add_argument("--cluster", default="towpath", help="name of the Kafka resource that they belong to")
    given = parser.parse_args(arguments)
    make = topics if given.what == "topics" else users
    _write(make(Registry.load(given.prefix), given.cluster), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
