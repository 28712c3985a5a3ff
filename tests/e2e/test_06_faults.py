"""Under a steady load: killed, upgraded, rolled back. Nothing acknowledged is lost, and nothing comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from e2e.conftest import Installation
from e2e.support.cluster import eventually

RATE = 20


def kill_a_worker(installation: Installation) -> None:
    pod = installation.namespace.pods("serving")[0]["metadata"]["name"]
    installation.namespace.kubectl("delete", "pod", pod, "--grace-period=0", "--force")
    installation.namespace.kubectl("rollout", "status", "deployment/towpath-serving", "--timeout=180s")


def kill_kafka(installation: Installation) -> None:
    installation.namespace.kubectl("delete", "pod", "towpath-kafka-0", "--grace-period=0", "--force")
    installation.namespace.kubectl("rollout", "status", "statefulset/towpath-kafka", "--timeout=180s")


def upgrade(installation: Installation) -> None:
    before = {
        each["metadata"]["uid"] for service in ("ingestion", "serving") for each in installation.namespace.pods(service)
    }
    installation.upgrade(
        "services.serving.env.TOWPATH_SERVING_BATCH_DOCUMENTS=100", "services.ingestion.env.TOWPATH_LOG_LEVEL=WARNING"
    )
    after = {
        each["metadata"]["uid"] for service in ("ingestion", "serving") for each in installation.namespace.pods(service)
    }
    assert not before & after, "a changed setting must roll the pods"


def roll_back(installation: Installation) -> None:
    installation.namespace.helm("rollback", "towpath", "--wait", "--timeout=10m")


@pytest.mark.parametrize(
    ("fault", "refused_is_fine"),
    [(kill_a_worker, False), (kill_kafka, True), (upgrade, False), (roll_back, False)],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_nothing_is_lost_and_nothing_comes_twice(
    installation: Installation,
    fault: Callable[[Installation], None],
    refused_is_fine: bool,
    report: dict[str, object],
) -> None:
    name, client = fault.__name__, installation.client
    load = client.start("load", installation.ingestion, installation.key, str(RATE), name)
    assert load.line().strip() == "started"
    eventually(lambda: len(mine(installation, name)), lambda count: count >= RATE * 3, limit_s=60)
    fault(installation)
    reached = len(mine(installation, name))
    # Progress after the fault, not only the end of what was on its way.
    eventually(lambda: len(mine(installation, name)), lambda count: count >= reached + RATE * 3, limit_s=90)
    done = load.end()
    acknowledged = done["acknowledged"]
    client.settled(set(acknowledged), limit_s=120)
    count = Counter(mine(installation, name))
    assert set(count) == set(acknowledged)
    assert [each for each, times in count.items() if times != 1] == []
    if not refused_is_fine:
        assert done["others"] == {}, "an upgrade or a worker's end is no business of those who post"
    report[f"load/{name}"] = {
        "acknowledged": len(acknowledged),
        "answers_not_202": done["others"],
        "longest_wait_s": round(done["longest"], 1),
    }


def mine(installation: Installation, prefix: str) -> list[str]:
    """Documents of this load that have a prediction, each as often as it has one."""
    return [
        each["documentId"] for each in installation.client.predictions() if each["documentId"].startswith(f"{prefix}-")
    ]
