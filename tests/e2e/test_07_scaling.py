"""KEDA takes the workers from 1 to 3 as lag grows, and back."""

from __future__ import annotations

from e2e.conftest import Installation
from e2e.support.cluster import eventually


def test_workers_follow_the_lag(installation: Installation) -> None:
    space, client = installation.namespace, installation.client

    def wanted() -> int:
        return int(space.get("deployment", "towpath-serving")["spec"]["replicas"])

    assert wanted() == 1
    installation.upgrade("services.serving.autoscaling.lagPerReplica=500")
    text = "one of many documents that come at once, long enough to keep a worker busy for a moment " * 8
    rows = [{"documentId": f"backlog-{n}", "text": f"{n} {text}"} for n in range(6000)]
    answer = client.posted("documents", rows, installation.ingestion, installation.key)
    assert answer["accepted"] == len(rows)
    eventually(wanted, lambda count: count == 3, limit_s=120)
    ids = {row["documentId"] for row in rows}
    found = [each["documentId"] for each in client.settled(ids, limit_s=420) if each["documentId"] in ids]
    assert len(found) == len(ids), "a rebalance predicted documents twice"
    eventually(wanted, lambda count: count == 1, limit_s=240)
    space.kubectl("rollout", "status", "deployment/towpath-serving", "--timeout=120s")
