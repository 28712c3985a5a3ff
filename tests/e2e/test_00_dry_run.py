"""The API server's own judgement of every rendered example, custom resources included, before anything is installed."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
# What an example names and a cluster has to have.
PRIORITY_CLASS = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "nlp"},
    "value": 1,
}


def kubectl(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", *arguments], input=stdin, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    name = f"dry-run-{uuid.uuid4().hex[:8]}"
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
    for each in (made, PRIORITY_CLASS):
        done = kubectl("apply", "-f", "-", stdin=json.dumps(each))
        assert done.returncode == 0, done.stderr
    # Pods are admitted only when their ServiceAccount is there.
    waited = kubectl("wait", "--for=create", "serviceaccount/default", "-n", name, "--timeout=60s")
    assert waited.returncode == 0, waited.stderr
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
    kubectl("delete", "priorityclass", "nlp", "--ignore-not-found")


@pytest.fixture(scope="module")
def rendered(namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    subprocess.run([ROOT / "scripts" / "render", folder, namespace], check=True, timeout=60)
    return folder


def with_its_job(text: str) -> str:
    """The render, and the Job that a training run will create from it, where it is to be a Job."""
    objects = [each for each in yaml.safe_load_all(text) if each]
    jobs = [yaml.safe_load(each["data"]["job.yaml"]) for each in objects if "job.yaml" in (each.get("data") or {})]
    return yaml.safe_dump_all([*objects, *jobs])


@pytest.mark.parametrize("example", ["minimal", "full", "external", "production"])
def test_the_api_server_takes_all_of_it_without_a_warning(example: str, rendered: Path, namespace: str) -> None:
    text = with_its_job((rendered / f"{example}.yaml").read_text())
    done = kubectl("apply", "--dry-run=server", "--namespace", namespace, "-f", "-", stdin=text)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    kinds = [each["kind"] for each in yaml.safe_load_all(text)]
    assert len(done.stdout.splitlines()) == len(kinds)
    assert ("towpath-run" in text) == (example != "external")  # Kubeflow Pipelines runs it there
    if example == "full":
        assert {"InferenceService", "ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"} <= set(
            kinds
        )


def test_a_pod_that_may_do_too_much_is_refused_there(namespace: str) -> None:
    """The namespace enforces what the test above relies on."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}}
    spec = {"containers": [{"name": "root", "image": "docker.io/library/busybox:latest"}]}
    done = kubectl("apply", "--dry-run=server", "-n", namespace, "-f", "-", stdin=json.dumps({**pod, "spec": spec}))
    assert done.returncode != 0
    assert 'violates PodSecurity "restricted' in done.stderr
