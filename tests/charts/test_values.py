"""The chart's values: a mistake is refused by name, and every key is known to the schema and explained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

OWN_KAFKA = "kafka.bootstrapServers=kafka:9092"
# What is set, and where in the values the refusal must say that it is.
MISTAKES = {
    "imagee.tag=1": "imagee",
    "image.tagg=1": "tagg",
    "kafka.sasl.existingsecret=x": "existingsecret",
    "kafka.embedded.storage.sizes=1Gi": "sizes",
    "services.ingestion.replica=2": "replica",
    "services.scoring.enabled=true": "scoring",
    "services.serving.autoscaling.minimum=2": "minimum",
    "services.serving.resources.limit.memory=1Gi": "limit",
    "services.mlflow.ports.https=443": "https",
    "services.ingestion.ports.http=70000": "/services/ingestion/ports/http",
    "services.endpoint.ports.grpc=0": "/services/endpoint/ports/grpc",
    "networkPolicy.kafkaPorts={0}": "/networkPolicy/kafkaPorts/0",
    "networkPolicy.enabled=yes": "/networkPolicy/enabled",
    "networkPolicy.clientLabel=": "/networkPolicy/clientLabel",
    "services.ingestion.replicas=many": "/services/ingestion/replicas",
    "services.ingestion.replicas=-1": "/services/ingestion/replicas",
    "services.ingestion.env.log-level=DEBUG": "log-level",
    "services.ingestion.probePath=health": "/services/ingestion/probePath",
    "services.serving.autoscaling.mode=lag": "/services/serving/autoscaling/mode",
    "services.endpoint.kserve=maybe": "/services/endpoint/kserve",
    "kafka.bootstrapServers=kafka": "/kafka/bootstrapServers",
    "kafka.securityProtocol=TLS": "/kafka/securityProtocol",
    "kafka.sasl.mechanism=GSSAPI": "/kafka/sasl/mechanism",
    "kafka.sasl.existingSecret=My_Secret": "/kafka/sasl/existingSecret",
    "kafka.topicPrefix=a b": "/kafka/topicPrefix",
    "kafka.topics.replication=99": "/kafka/topics/replication",
    "kafka.topics.minInsync=-1": "/kafka/topics/minInsync",
    "kafka.embedded.heap=512Mi": "/kafka/embedded/heap",
    "store.url=bucket": "/store/url",
    "store.volume.size=large": "/store/volume/size",
    "store.volume.accessModes={ReadOnlyMany}": "/store/volume/accessModes/0",
    "image.pullPolicy=Sometimes": "/image/pullPolicy",
    "training.runner=cron": "/training/runner",
    "training.kfp.endpoint=ml-pipeline": "/training/kfp/endpoint",
    "training.job.activeDeadlineSeconds=1": "/training/job/activeDeadlineSeconds",
    "monitoring.labels=prometheus": "/monitoring/labels",
    "pods.tolerations=all": "/pods/tolerations",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_by_name(mistake: str, helm: Any) -> None:
    done = helm.run("template", "towpath", "charts/towpath", "--set", mistake)
    assert done.returncode != 0
    assert "don't meet the specifications of the schema" in done.stderr
    assert MISTAKES[mistake] in done.stderr.replace(".", "/")


REFUSALS = {
    "a network without policy or keys": (
        ["networkPolicy.enabled=false"],
        "networkPolicy.enabled=false lets every pod call the services without a key: set auth.existingSecret",
    ),
    "TLS with the Kafka inside": (
        ["kafka.tls.existingSecret=ca"],
        "kafka.tls is for a Kafka of your own (kafka.bootstrapServers): the one inside speaks no TLS",
    ),
    "Kubeflow Pipelines, nowhere": (
        ["training.runner=kfp"],
        "training.runner=kfp needs training.kfp.endpoint, the address of the Kubeflow Pipelines API",
    ),
    "a shutdown that cuts transactions off": (
        ["services.serving.graceSeconds=20"],
        "services.serving.graceSeconds (20) must be longer than its transactionTimeoutSeconds (20)",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_must_not_be_installed_is_refused_in_words(case: str, helm: Any) -> None:
    settings, words = REFUSALS[case]
    done = helm.run("template", "towpath", "charts/towpath", *(f"--set={each}" for each in settings))
    assert done.returncode != 0
    assert words in done.stderr


@pytest.mark.parametrize(
    "settings",
    [
        ["networkPolicy.enabled=false", "auth.existingSecret=keys"],
        [OWN_KAFKA, "kafka.tls.existingSecret=ca"],
        ["training.runner=kfp", "training.kfp.endpoint=http://ml-pipeline.kubeflow:8888"],
        ["services.serving.graceSeconds=21"],
        ["networkPolicy.kedaNamespaces=null", "services.serving.autoscaling.mode=keda"],
    ],
)
def test_what_the_refusals_ask_for_is_taken(settings: list[str], helm: Any) -> None:
    assert helm("template", "towpath", "charts/towpath", *(f"--set={each}" for each in settings))


@pytest.fixture(scope="module")
def values(root: Path) -> str:
    return (root / "charts/towpath/values.yaml").read_text()


@pytest.fixture(scope="module")
def schema(root: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((root / "charts/towpath/values.schema.json").read_text())
    return read


def paths_of(values: Any, path: str = "") -> Iterator[str]:
    if isinstance(values, dict):
        for key, inner in values.items():
            yield f"{path}.{key}"
            yield from paths_of(inner, f"{path}.{key}")


def paths_of_schema(schema: dict[str, Any], node: dict[str, Any], path: str = "") -> Iterator[str]:
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    for key, inner in node.get("properties", {}).items():
        yield f"{path}.{key}"
        yield from paths_of_schema(schema, inner, f"{path}.{key}")


def test_schema_and_values_know_the_same_keys(values: str, schema: dict[str, Any]) -> None:
    free = r"\.(requests|limits|env)\..*"  # keys there are the user's
    given = {path for path in paths_of(yaml.safe_load(values)) if not re.search(free, path)}
    known = set(paths_of_schema(schema, schema))
    assert given - known == set()
    # By key: a service has not all that a service may have. Helm itself gives every chart `global`.
    in_a_service = {path.rsplit(".", 1)[1] for path in given if path.startswith(".services.")}
    for path in sorted(known - given - {".global"}):
        user = re.fullmatch(r"\.(image\.overrides|kafka\.sasl\.usernames)\.[a-z]+", path)
        assert user or (path.startswith(".services.") and path.rsplit(".", 1)[1] in in_a_service), path


def test_every_object_of_the_schema_is_closed(schema: dict[str, Any]) -> None:
    def walk(node: Any, path: str) -> Iterator[str]:
        if isinstance(node, dict):
            if node.get("type") == "object" and "additionalProperties" not in node:
                yield path
            for key, inner in node.items():
                yield from walk(inner, f"{path}/{key}")

    # Helm's own, and Kubernetes' own.
    assert set(walk(schema, "")) == {"/properties/global", "/properties/pods/properties/tolerations/items"}


def explained(values: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """(path, whether a comment stands above it or beside it) of each line with a key."""
    path: list[str] = []
    above = False
    for line in values.splitlines():
        found = re.match(r"( *)([A-Za-z]+):", line)
        if found:
            path = [*path[: len(found.group(1)) // 2], found.group(2)]
            yield tuple(path), above or " #" in line
        above = line.lstrip().startswith("#")


def test_every_value_is_explained(values: str) -> None:
    """By a comment at itself, or at what it is a part of; those of a service by the list above the services."""
    told = dict(explained(values))
    of_kubernetes = ("resources", "requests", "limits")
    above_services = values[: values.index("\nservices:")].rsplit("\n\n", 1)[1]
    for path in told:
        if path[0] == "services":
            assert len(path) < 3 or re.search(rf"\b{path[2]}\b", above_services), path
        else:
            assert path[-1] in of_kubernetes or told[path] or told.get(path[:-1]), path
