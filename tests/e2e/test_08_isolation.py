"""With the policies on: strangers are refused everywhere, and credentials are good for their own topics only."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from e2e.conftest import Installation
from e2e.support.client import Client, kafka_env, pod
from e2e.support.cluster import namespace

DOORS = {
    "towpath-kafka": [9092],
    "towpath-ingestion": [8080, 9090],
    "towpath-serving": [9090],
    "towpath-endpoint": [8080, 9000, 9090],
    "towpath-monitoring": [8080, 9090],
    "towpath-training": [8080, 9090],
    "s3": [9000],
}
FOR_CLIENTS = {"towpath-kafka": [9092], "towpath-ingestion": [8080], "towpath-endpoint": [8080, 9000]}
FOR_CLIENTS |= {"towpath-monitoring": [8080], "towpath-training": [8080]}


def open_doors(client: Client) -> dict[str, list[int]]:
    found = {
        host: [port for port in ports if client.reaches(f"{host}.production.svc", port)]
        for host, ports in DOORS.items()
    }
    return {host: ports for host, ports in found.items() if ports}


@pytest.fixture
def stranger(installation: Installation) -> Iterator[Client]:
    """A pod of the same namespace without the label."""
    space = installation.namespace
    space.apply(pod("stranger", "docker.io/towpath/ingestion:0.1.0", labels={"app": "stranger"}))
    yield Client(space, "stranger").ready()
    space.kubectl("delete", "pod", "stranger")


def test_a_pod_without_the_label_reaches_nothing(stranger: Client) -> None:
    assert open_doors(stranger) == {}


def test_a_client_reaches_what_is_for_clients(installation: Installation) -> None:
    assert open_doors(installation.client) == FOR_CLIENTS


def test_the_label_is_worth_nothing_in_another_namespace() -> None:
    with namespace("elsewhere") as space:
        space.apply(pod("client", "docker.io/towpath/ingestion:0.1.0"))
        assert open_doors(Client(space, "client").ready()) == {}


@pytest.mark.parametrize(
    ("service", "closed"),
    [
        ("ingestion", [("s3", 9000), ("towpath-training", 8080)]),
        ("monitoring", [("s3", 9000), ("towpath-ingestion", 8080)]),
    ],
)
def test_a_service_reaches_no_more_than_it_needs(
    installation: Installation, service: str, closed: list[tuple[str, int]]
) -> None:
    name = installation.namespace.pods(service)[0]["metadata"]["name"]
    inside = Client(installation.namespace, name)
    assert inside.reaches("towpath-kafka", 9092)
    assert [where for where in closed if inside.reaches(*where)] == []


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("ingestion", "predictions"),
        ("serving", "documents"),
        ("monitoring", "models"),
        ("training", "predictions"),
        ("client", "documents"),
    ],
)
def test_credentials_do_not_write_the_topics_of_others(installation: Installation, user: str, topic: str) -> None:
    space = installation.namespace
    space.apply(pod(f"as-{user}", "docker.io/towpath/ingestion:0.1.0", env=kafka_env("towpath-kafka", user)))
    try:
        said = Client(space, f"as-{user}").ready().script("write", f"towpath.{topic}")
    finally:
        space.kubectl("delete", "pod", f"as-{user}", "--wait=false")
    # Who writes nothing at all is not even given a producer's id.
    assert "AuthorizationFailedError" in str(said["error"])


def test_wrong_credentials_are_refused(installation: Installation) -> None:
    said = installation.client.script("write", "towpath.documents", "wrong-password")
    assert said["error"] in ("SaslAuthenticationFailedError", "KafkaTimeoutError", "NoBrokersAvailable")


def test_no_secret_is_in_any_log(installation: Installation) -> None:
    space = installation.namespace
    secrets = [space.get("secret", name)["data"] for name in ("towpath-kafka", "towpath-keys", "towpath-s3")]
    logs = space.kubectl("logs", "-l", "app.kubernetes.io/instance=towpath", "--tail=-1", "--max-log-requests=40")
    assert logs
    values = [base64.b64decode(each).decode() for secret in secrets for each in secret.values()]
    assert [each for each in values if len(each) > 10 and each in logs] == []


@pytest.mark.parametrize("component", ["ingestion", "serving", "endpoint", "monitoring", "training"])
def test_a_container_has_no_tools_for_whoever_breaks_in(installation: Installation, component: str) -> None:
    pod_name = installation.namespace.pods(component)[0]["metadata"]["name"]
    said = Client(installation.namespace, pod_name).script("inside")
    token = component == "training"
    assert said == {"user": 65532, "writable": ["/tmp"], "programs": [], "modules": [], "token": token}
