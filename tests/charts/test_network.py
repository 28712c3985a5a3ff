"""Who may reach whom, computed from the rendered NetworkPolicies as Kubernetes reads them, against tables to review."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

RELEASE = {"app.kubernetes.io/name": "towpath", "app.kubernetes.io/instance": "towpath"}
SERVICES = ("ingestion", "serving", "endpoint", "monitoring", "training")


@dataclass(frozen=True)
class Peer:
    """A pod as policies see it; one outside of the cluster has no namespace."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    namespace: str | None = "towpath"


def component(name: str) -> Peer:
    return Peer(name, {**RELEASE, "app.kubernetes.io/component": name})


CLIENT = {"towpath.io/client": "true"}
OURS = [component(name) for name in (*SERVICES, "kafka", "mlflow", "topics", "test", "training-job", "batch")]
OTHERS = [
    Peer("client", CLIENT),
    Peer("stranger", {"app": "stranger"}),
    Peer(
        "another-release", {**RELEASE, "app.kubernetes.io/instance": "other", "app.kubernetes.io/component": "serving"}
    ),
    Peer("shop", CLIENT, "shop"),
    Peer("shop-without-label", {}, "shop"),
    Peer("elsewhere", CLIENT, "elsewhere"),
    Peer("monitoring-namespace", {}, "monitoring"),
    Peer("observability-namespace", {}, "observability"),
    Peer("keda-namespace", {}, "keda"),
    Peer("scaling-namespace", {}, "scaling"),
    Peer("world", {}, None),
]
BY_NAME = {peer.name: peer for peer in [*OURS, *OTHERS]}


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    for each in selector.get("matchExpressions", []):
        assert each["operator"] == "In"
        equal = equal and labels.get(each["key"]) in each["values"]
    return equal


def is_peer(rule: dict[str, Any], peer: Peer) -> bool:
    assert rule.keys() <= {"podSelector", "namespaceSelector"}
    if peer.namespace is None:
        return False
    if "namespaceSelector" in rule:
        there = selects(rule["namespaceSelector"], {"kubernetes.io/metadata.name": peer.namespace})
    else:
        there = peer.namespace == "towpath"
    return there and selects(rule.get("podSelector", {}), peer.labels)


def allows(rule: dict[str, Any], side: str, other: Peer, port: int) -> bool:
    """No `from` or `to` means everybody, no `ports` all of them."""
    everybody, all_ports = not rule.get(side), not rule.get("ports")
    return (everybody or any(is_peer(each, other) for each in rule[side])) and (
        all_ports or any(each["port"] == port and each["protocol"] == "TCP" for each in rule["ports"])
    )


def may(policies: list[dict[str, Any]], source: Peer, target: Peer, port: int) -> bool:
    """Both sides must let it pass; a side that no policy selects lets everything pass."""
    return all(
        _side(policies, here, there, port, direction, side)
        for here, there, direction, side in ((source, target, "Egress", "to"), (target, source, "Ingress", "from"))
    )


def _side(policies: list[dict[str, Any]], here: Peer, there: Peer, port: int, direction: str, side: str) -> bool:
    if here.namespace != "towpath":
        return True
    mine = [
        policy["spec"]
        for policy in policies
        if selects(policy["spec"]["podSelector"], here.labels) and direction in policy["spec"]["policyTypes"]
    ]
    rules = [rule for spec in mine for rule in spec.get(direction.lower(), [])]
    return not mine or any(allows(rule, side, there, port) for rule in rules)


def graph(example: Any, target: str, port: int) -> set[str]:
    """Who reaches `target` on `port`."""
    policies = list(example.all("NetworkPolicy").values())
    return {
        peer.name for peer in BY_NAME.values() if peer.name != target and may(policies, peer, BY_NAME[target], port)
    }


# (target, port): who reaches it. Nobody else does.
MINIMAL = {
    ("ingestion", 8080): {"client", "test"},
    ("ingestion", 9090): {"monitoring-namespace", "test"},
    ("serving", 8080): set(),
    ("serving", 9090): {"monitoring-namespace", "test"},
    ("endpoint", 8080): {"client"},
    ("endpoint", 9000): {"client"},
    ("endpoint", 9090): {"monitoring-namespace", "test"},
    ("monitoring", 8080): {"client"},
    ("monitoring", 9090): {"monitoring-namespace", "test"},
    ("training", 8080): {"client"},
    ("training", 9090): {"monitoring-namespace", "test"},
    ("kafka", 9092): {"client", "test", "topics", *SERVICES},
    ("kafka", 9093): set(),
    ("kafka", 9094): set(),
    ("test", 8080): set(),
    ("topics", 8080): set(),
    ("training-job", 8080): set(),
}
FULL = {
    ("ingestion", 8080): {"client", "shop", "test"},
    ("ingestion", 9090): {"observability-namespace", "test"},
    ("serving", 8080): set(),
    ("serving", 9090): {"observability-namespace", "test"},
    ("endpoint", 8080): {"client", "shop"},
    ("endpoint", 9000): {"client", "shop"},
    ("kafka", 9092): {"client", "shop", "test", "topics", "scaling-namespace", "batch", *SERVICES},
    ("batch", 8080): set(),
    ("mlflow", 5000): {"client", "shop", "training", "training-job"},
    ("training", 8080): {"client", "shop"},
}


@pytest.mark.parametrize(("target", "port"), MINIMAL)
def test_who_reaches_what(target: str, port: int, examples: dict[str, Any]) -> None:
    assert graph(examples["minimal"], target, port) == MINIMAL[(target, port)]


@pytest.mark.parametrize(("target", "port"), FULL)
def test_who_reaches_what_with_everything_on(target: str, port: int, examples: dict[str, Any]) -> None:
    assert graph(examples["full"], target, port) == FULL[(target, port)]


# Ports of the world outside that a pod may reach, of those that something of ours might want.
WORLD = (53, 80, 443, 6443, 8888, 9000, 9092, 9093, 9094)
OUT = {
    "minimal": {"training": {443, 6443}},
    "full": {
        "serving": {9000},
        "endpoint": {9000},
        "monitoring": {443, 9093},
        "training": {443, 6443, 9000},
        "training-job": {9000},
        "batch": {9000},
    },
    "external": {
        **{name: {9094} for name in (*SERVICES, "topics", "test", "batch")},
        "training": {443, 8888, 9094},
    },
    "production": {
        **{name: {9093} for name in ("ingestion", "monitoring", "test")},
        **{name: {443, 9093} for name in ("serving", "endpoint")},
        "training": {443, 6443, 9093},
        "training-job": {443},
    },
}


def test_what_is_reached_outside(example: Any) -> None:
    policies = list(example.all("NetworkPolicy").values())
    there = {component_of for pod in example.pods.values() if (component_of := _component(pod))}
    for peer in OURS:
        if peer.name in there:
            reached = {port for port in WORLD if may(policies, peer, BY_NAME["world"], port)}
            assert reached - {53} == OUT[example.name].get(peer.name, set()), peer.name


def test_every_pod_is_denied_what_is_not_granted(example: Any) -> None:
    """Pods that no rule is written for, too."""
    policies = list(example.all("NetworkPolicy").values())
    unknown = component("not-thought-of")
    for port in (53, 80, 443, 8080, 9090, 9092):
        assert not any(may(policies, peer, unknown, port) for peer in BY_NAME.values())
        assert not any(may(policies, unknown, peer, port) for peer in OURS)
        assert not may(policies, unknown, BY_NAME["world"], port)


def _component(pod: dict[str, Any]) -> str:
    labels = pod["metadata"]["labels"]
    assert labels.items() >= RELEASE.items()  # or the first policy would not select it
    return str(labels["app.kubernetes.io/component"])
