"""Runs and models on an MLflow server: artefacts go where the server keeps them, never to a path of the run's pod."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from typer.testing import CliRunner

from support.objective import CATS_OR_DOGS
from towpath.cli.__main__ import app
from towpath.cli.local.ports import choose_port
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.tracking import CHALLENGER, CHAMPION, challenge, promote
from towpath.v1 import ModelRelease


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """`mlflow server` as the chart runs it; its artefacts lie in tmp_path/artefacts."""
    port, folder = choose_port(), tmp_path / "server"
    folder.mkdir()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    command += ["--serve-artifacts", "--artifacts-destination", str(tmp_path / "artefacts")]
    with (tmp_path / "server.log").open("wb") as log:
        # Its job runners are of no use here, and slow to start.
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 120
    try:
        while not answers(url):
            assert process.poll() is None, (tmp_path / "server.log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "server.log").read_text()
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, 9)
        process.wait(10)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def run_pipeline(folder: Path, server: str) -> dict[str, Any]:
    (folder / "objective.yaml").write_text(CATS_OR_DOGS)
    documents, annotations = [], []
    for n in range(300):
        kind, words = (("cat", "meow purr"), ("dog", "woof bark"))[n % 2]
        documents.append({"documentId": f"d{n}", "text": f"{words} {n}"})
        label = {"label": kind}
        annotations.append({"annotationId": f"a{n}", "documentId": f"d{n}", "raterId": "r", "classLabel": label})
    for name, rows in (("documents", documents), ("annotations", annotations)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-m", "towpath.pipelines", "--run-id", "run-1", "--home", str(folder / "home")]
    command += ["--encoder", str(build_tiny_encoder(folder / "encoder").path)]
    for name, file in (("objective", "objective.yaml"), ("documents", "documents"), ("annotations", "annotations")):
        command += [f"--{name}", str(folder / file)]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": server}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert "result" in said, (said, done.stderr[-3000:])
    result: dict[str, Any] = said["result"]
    return result


def test_artefacts_go_to_the_server_and_the_alias_moves(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    result = run_pipeline(tmp_path, server)
    release = json_format.ParseDict(result["release"], ModelRelease())
    assert {"mlruns", "mlflow.db"}.isdisjoint(each.name for each in (tmp_path / "home").iterdir())
    assert {"report.html", "model.onnx"} <= {each.name for each in (tmp_path / "artefacts").rglob("*")}

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    # Training has a home of its own: nothing of the run's is needed.
    promote(tmp_path / "another-home", release)
    version = MlflowClient(server, server).get_model_version_by_alias("cats-or-dogs", CHAMPION)
    assert version.tags["towpath.release_id"] == release.release_id
    assert version.source.startswith("mlflow-artifacts:")

    # It is tried, and no longer.
    name, client = "cats-or-dogs", MlflowClient(server, server)
    challenge(tmp_path / "another-home", name, release)
    assert client.get_model_version_by_alias(name, CHALLENGER).version == version.version
    for _ in range(2):
        challenge(tmp_path / "another-home", name, None)
    assert set(client.get_registered_model(name).aliases) == {CHAMPION}
    challenge(tmp_path / "another-home", "unheard-of", None)

    # The label report goes beside the runs.
    files = ["--documents", str(tmp_path / "documents"), "--annotations", str(tmp_path / "annotations")]
    told = ["--objective", str(tmp_path / "objective.yaml"), "-o", str(tmp_path / "labels.html"), "--mlflow"]
    done = CliRunner().invoke(app, ["labels", "report", *files, *told])
    assert done.exit_code == 0, done.output
    assert "labels.html" in {each.name for each in (tmp_path / "artefacts").rglob("*")}
    client = MlflowClient(server)
    experiments = [each.experiment_id for each in client.search_experiments()]
    (logged,) = client.search_runs(experiments, filter_string="tags.`towpath.report` = 'label-report'")
    assert logged.data.metrics["labels.documents"] == 300
    assert "labels.alpha" not in logged.data.metrics, "one rater each: there is none, and MLflow takes no NaN"


def test_without_a_server_nor_a_file_there_is_no_alias_to_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    promote(tmp_path, ModelRelease(release_id="rel-1", model_name="m", run_id="run-1"))
    assert list(tmp_path.iterdir()) == []
