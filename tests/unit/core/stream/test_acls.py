"""Who may do what follows from the registry, and is the least that the services' work needs."""

from __future__ import annotations

import pytest

from towpath.core.stream import Acl, Registry, TopicSpec, acls_of, differences

REGISTRY = Registry.load("t.")
ACLS = acls_of(REGISTRY)


def allowed(principal: str, operation: str, resource: str = "topic") -> set[str]:
    return {
        each.name.removeprefix("t.")
        for each in ACLS
        if (each.principal, each.operation, each.resource) == (principal, operation, resource)
    }


@pytest.mark.parametrize(
    ("principal", "writes", "reads"),
    [
        ("ingestion", {"documents", "annotations", "feedback", "dead-letters"}, {"documents", "annotations"}),
        ("serving", {"predictions", "dead-letters", "alerts"}, {"documents", "models", "rollouts"}),
        (
            "monitoring",
            {"alerts", "dead-letters"},
            {"documents", "predictions", "feedback", "models", "rollouts", "alerts"},
        ),
        (
            "training",
            {"models", "rollouts", "alerts"},
            {"documents", "annotations", "feedback", "models", "rollouts", "alerts", "predictions"},
        ),
        ("client", set(), {"predictions", "alerts"}),
    ],
)
def test_a_principal_writes_and_reads_what_the_registry_says(principal: str, writes: set[str], reads: set[str]) -> None:
    assert allowed(principal, "write") == writes
    assert allowed(principal, "read") == reads


def test_only_who_works_in_transactions_has_ids_and_a_group_for_them() -> None:
    ids = [each for each in ACLS if each.resource == "transactional_id"]
    assert {(each.principal, each.name, each.prefixed) for each in ids} == {("serving", "t.towpath.serving", True)}
    assert {each.principal for each in ACLS if each.resource == "group"} == {"serving", "client", "monitoring"}
    assert allowed("client", "read", "group") == {"client"}
    assert allowed("monitoring", "read", "group") == {"towpath.monitoring"}


def test_a_client_sees_every_topic_as_it_is() -> None:
    assert allowed("client", "describe") == allowed("client", "describe_configs") == {each.name for each in REGISTRY}


def test_each_is_told_in_a_line() -> None:
    assert str(Acl("serving", "group", "t.x", "read", prefixed=True)) == "serving: read group t.x*"
    assert len(set(ACLS)) == len(ACLS)


def test_a_topic_is_compared_in_what_the_registry_says_of_it() -> None:
    wanted = TopicSpec("t.a", 6, {"retention.ms": "-1"}, replication=3)
    assert differences(wanted, TopicSpec("t.a", 6, {"retention.ms": "-1", "segment.ms": "9"}, 3)) == []
    assert differences(wanted, None) == ["t.a is not there"]
    assert differences(wanted, TopicSpec("t.a", 1, {"retention.ms": "9"}, 3)) == [
        "t.a: partitions is 1, not 6",
        "t.a: retention.ms is 9, not -1",
    ]
