"""A training Job runs on what arrived, gates and releases; the workers go over to the release without a restart."""

from __future__ import annotations

from typing import Any

from e2e.conftest import Installation, Tweets
from e2e.support.cluster import eventually
from towpath.cli.demo.http import document, ratings


def test_a_job_trains_and_its_release_serves(
    installation: Installation, tweets: Tweets, report: dict[str, object]
) -> None:
    space, client = installation.namespace, installation.client
    workers = {each["metadata"]["uid"] for each in space.pods("serving")}
    more = [document(each) for each in tweets.learn[len(tweets.first) :]]
    assert client.posted("documents", more, installation.ingestion, installation.key)["accepted"] == len(more)
    rows = [row for tweet in tweets.learn for row in ratings(tweet)]
    answer = client.posted("annotations", rows, installation.ingestion, installation.key)
    assert (answer["accepted"], answer["rejected"]) == (len(rows), 0)

    run_id = installation.training("POST", "/v1/runs", {"reason": "end-to-end"})["runId"]
    jobs = eventually(lambda: space.items("jobs", "-l", f"towpath.io/run={run_id}"), bool, limit_s=60)
    assert jobs[0]["spec"]["template"]["spec"]["containers"][0]["image"].startswith("docker.io/towpath/training:")

    run = _ended(installation, str(run_id))
    assert run["status"] == "succeeded", run["error"]
    assert run["outcome"] == "pass", run["explanation"]
    assert [each["step"] for each in run["steps"]][-1] == "release"
    release = run["release"]["releaseId"]
    assert run["release"]["bundleUri"].startswith("s3://towpath/models/bundles/")
    report["training_run_s"] = {each["step"]: round(each["seconds"], 1) for each in run["steps"]}
    report["gate"] = run["explanation"]

    alias = "api/2.0/mlflow/registered-models/alias?name=tweet-sentiment&alias=champion"
    champion = client.script("call", "GET", f"http://towpath-mlflow:5000/{alias}", installation.key)["model_version"]
    assert {"key": "towpath.release_id", "value": release} in champion["tags"]

    fresh = tweets.fresh[:100]
    # A worker goes over to a release between two batches: what comes after a while is the new one's.
    found = eventually(
        lambda: _predicted(installation, fresh, release), lambda made: len(made) == len(fresh), limit_s=180, every_s=3
    )
    assert any(each["classDecision"]["decision"] == "DECISION_CLASS" for each in found)
    assert {each["metadata"]["uid"] for each in space.pods("serving")} == workers
    assert space.restarts() == {}


def _ended(installation: Installation, run_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        return dict(installation.training("GET", f"/v1/runs/{run_id}"))

    return eventually(look, lambda run: run["status"] in ("succeeded", "failed"), limit_s=900, every_s=3)


def _predicted(installation: Installation, tweets: list[Any], release: str) -> list[dict[str, Any]]:
    """Posts them under ids of their own each time, until the new release answers."""
    client = installation.client
    seen = len(client.predictions())
    rows = [{**document(each), "documentId": f"after-{seen}-{each.document_id}"} for each in tweets]
    client.posted("documents", rows, installation.ingestion, installation.key)
    ids = {row["documentId"] for row in rows}
    made = [each for each in client.settled(ids, limit_s=60) if each["documentId"] in ids]
    return [each for each in made if each["releaseId"] == release]
