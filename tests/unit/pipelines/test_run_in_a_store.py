"""A whole run from URLs on a machine that has nothing, as a Job on a cluster does it, served from S3 afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from support.objective import CATS_OR_DOGS
from towpath.core.errors import RejectedError
from towpath.core.store import Store
from towpath.model import BundleError, manifest_sha256
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.remote import fetch_file
from towpath.serving.adapters.bundles import BundleStore
from towpath.serving.adapters.cache import BundleCache
from towpath.v1 import ModelRelease


class Cluster:
    """What training would put into the store, and Jobs that start from it with empty homes."""

    def __init__(self, s3: Any, tmp_path: Path) -> None:
        self.s3, self.folder = s3, tmp_path
        self.store: Store = s3.store("towpath")
        self.encoder = build_tiny_encoder(tmp_path / "encoder").path

    def feed(self, run_id: str, *, noise: bool) -> None:
        documents, annotations = [], []
        for n in range(300):
            kind = ("cat", "dog")[n % 2]
            words = "meow purr whiskers" if (kind == "cat") != (noise and n % 3 == 0) else "woof bark bone"
            documents.append({"documentId": f"doc-{n}", "text": f"{words} {n}"})
            annotations.append(
                {"annotationId": f"a-{n}", "documentId": f"doc-{n}", "raterId": "r", "classLabel": {"label": kind}}
            )
        self.put(run_id, "documents.ndjson", "".join(json.dumps(each) + "\n" for each in documents))
        self.put(run_id, "annotations.ndjson", "".join(json.dumps(each) + "\n" for each in annotations))
        self.put(run_id, "objective.yaml", CATS_OR_DOGS)

    def put(self, run_id: str, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return self.store.put_file(self.folder / name, f"runs/{run_id}/{name}")

    def job(self, run_id: str, *more: str, module: str = "towpath.pipelines") -> dict[str, Any]:
        """The last line that it says."""
        home = self.folder / f"home-of-{run_id}"
        home.mkdir()
        told = {"TOWPATH_STORE_ENDPOINT_URL": self.s3.url, "TOWPATH_STORE_REGION": "us-east-1"}
        command = [sys.executable, "-m", module, "--home", str(home), "--encoder", str(self.encoder), *more]
        command += ["--store", self.store.url.url]
        done = subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said

    def run(self, run_id: str, *more: str) -> dict[str, Any]:
        files = ("documents", "ndjson"), ("annotations", "ndjson"), ("objective", "yaml")
        urls = [(f"--{name}", self.store.url.of(f"runs/{run_id}/{name}.{ending}")) for name, ending in files]
        said = self.job(run_id, "--run-id", run_id, *(part for pair in urls for part in pair), *more)
        assert "result" in said, said
        result: dict[str, Any] = said["result"]
        return result

    def bundles(self) -> BundleStore:
        root = self.folder / "worker" / "bundles"
        return BundleStore(root, 1, BundleCache(self.store, root / "cache"))


@pytest.fixture
def cluster(s3: Any, tmp_path: Path) -> Cluster:
    return Cluster(s3, tmp_path)


def test_a_run_from_urls_gives_a_release_that_is_served_from_the_store_and_beaten_or_not(cluster: Cluster) -> None:
    cluster.feed("run-1", noise=True)
    first = cluster.run("run-1")
    assert first["outcome"] == "pass", first
    release = json_format.ParseDict(first["release"], ModelRelease())
    assert release.bundle_uri == cluster.store.url.of(f"bundles/{release.release_id}")
    serving = cluster.bundles().load(release)
    assert serving.release.release_id == release.release_id
    assert len(serving.model.predict(["meow purr"])) == 1
    assert release.reference.documents == release.metrics["test_documents"] > 30

    assert first["report"] == cluster.store.url.of("runs/run-1/report.html")
    assert {"report.html", "report.md", "metrics.json", "gate.json", "inputs.json", "reference.json"} <= set(
        cluster.store.names("runs/run-1")
    )
    (snapshot,) = cluster.store.names("snapshots")
    assert "a-7\n" in cluster.store.read(f"snapshots/{snapshot}/annotations.txt", max_bytes=10_000).decode()

    cluster.feed("run-2", noise=True)
    reigning = cluster.put("run-2", "reigning.json", json.dumps(first["release"]))
    second = cluster.run("run-2", "--reigning", reigning)
    assert second["outcome"] == "fail", second
    assert f"the reigning {release.release_id}" in second["explanation"]
    assert second["snapshot_id"] == first["snapshot_id"]

    # The reigning bundle with one byte flipped is no measure of anything.
    data = bytearray(cluster.store.read(f"bundles/{release.release_id}/model.onnx", max_bytes=10**8))
    data[len(data) // 2] ^= 1
    (cluster.folder / "flipped").write_bytes(data)
    cluster.store.put_file(cluster.folder / "flipped", f"bundles/{release.release_id}/model.onnx")
    cluster.feed("run-3", noise=True)
    with pytest.raises(AssertionError, match="does not match the manifest's sha256"):
        cluster.run("run-3", "--reigning", reigning)
    (cluster.folder / "worker").rename(cluster.folder / "old-worker")
    with pytest.raises(BundleError, match="does not match the manifest's sha256"):
        cluster.bundles().load(release)


def test_a_cold_start_is_in_the_store(cluster: Cluster) -> None:
    (cluster.folder / "objective.yaml").write_text(CATS_OR_DOGS)
    said = cluster.job("cold", "--objective", str(cluster.folder / "objective.yaml"),
                       module="towpath.pipelines.cold_start")  # fmt: skip
    release = json_format.ParseDict(said["result"]["release"], ModelRelease())
    assert release.bundle_uri == cluster.store.url.of(f"bundles/{release.release_id}")
    assert not release.HasField("reference")  # nothing was judged
    folder = cluster.folder / "home-of-cold" / "bundles" / release.release_id
    assert manifest_sha256(folder) == release.bundle_sha256
    assert cluster.bundles().load(release).release.release_id == release.release_id


@pytest.mark.parametrize(
    "url", ["s3://other/documents.ndjson", "http://169.254.169.254/x", "s3://{bucket}/towpath/../documents.ndjson"]
)
def test_a_run_reads_urls_of_its_store_only(s3: Any, tmp_path: Path, url: str) -> None:
    given = url.format(bucket=s3.bucket)
    with pytest.raises(RejectedError, match="in the store"):
        fetch_file(s3.store("towpath"), given, tmp_path / "x")
    with pytest.raises(RejectedError, match="--store"):
        fetch_file(None, given, tmp_path / "x")
    assert not (tmp_path / "x").exists()
