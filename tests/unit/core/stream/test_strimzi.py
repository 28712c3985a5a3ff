"""Strimzi's resources of a registry with a name and a prefix of one's own."""

from __future__ import annotations

import io

import pytest
from ruamel.yaml import YAML

from towpath.core import strimzi
from towpath.core.stream import Registry
from towpath.core.stream.acls import acls_of


def test_names_that_kubernetes_refuses_are_only_the_topics_own() -> None:
    registry = Registry.load("Acme_NLP.")
    made = strimzi.topics(registry, "events")
    assert made[0]["metadata"]["name"] == "acme-nlp.alerts"
    assert made[0]["spec"]["topicName"] == "Acme_NLP.alerts"
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in made} == {"events"}


def test_users_may_do_what_the_registry_says_and_nothing_else() -> None:
    registry = Registry.load()
    granted = {
        (user["metadata"]["name"], rule["resource"]["type"], rule["resource"]["name"], operation)
        for user in strimzi.users(registry, "towpath")
        for rule in user["spec"].get("authorization", {"acls": []})["acls"]
        for operation in rule["operations"]
    }
    said = {(acl.principal, acl.resource, acl.name, acl.operation) for acl in acls_of(registry)}
    spelled = {"transactional_id": "transactionalId", "describe_configs": "DescribeConfigs"}
    assert granted == {
        (who, spelled.get(what, what), name, spelled.get(how, how.capitalize())) for who, what, name, how in said
    }


def test_prefixed_rights_stay_prefixed() -> None:
    registry = Registry.load()
    serving = next(each for each in strimzi.users(registry, "towpath") if each["metadata"]["name"] == "serving")
    kinds = {
        rule["resource"]["type"]: rule["resource"]["patternType"] for rule in serving["spec"]["authorization"]["acls"]
    }
    assert kinds == {"topic": "literal", "group": "prefix", "transactionalId": "prefix"}


def test_admin_is_no_ordinary_user() -> None:
    admin = strimzi.users(Registry.load(), "towpath")[0]
    assert admin["metadata"]["name"] == "admin"
    assert "authorization" not in admin["spec"], "superUsers in kafka.yaml"


@pytest.mark.parametrize("what", ["topics", "users"])
def test_what_is_written_can_be_read(what: str) -> None:
    out = io.StringIO()
    strimzi.main([what, "--prefix", "x."], out)
    read = list(YAML(typ="safe", pure=True).load_all(out.getvalue()))
    assert all(each["apiVersion"] == "kafka.strimzi.io/v1" for each in read)
    if what == "topics":
        assert all(each["spec"]["topicName"].startswith("x.") for each in read)
