"""The chart's examples: what they install is reviewed as text, and is what the schemas of Kubernetes allow."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Protocol

import kubernetes_validate
import pytest

KUBERNETES = "1.34"
# The real API server judges these: tests/e2e/test_00_dry_run.py.
CUSTOM = {"InferenceService", "PrometheusRule", "ScaledObject", "ServiceMonitor", "TriggerAuthentication"}
VALUES = sorted(Path(__file__).parents[2].glob("charts/towpath/ci/*-values.yaml"))
PRODUCTION = Path(__file__).parents[2] / "k8s/overlays/production/values.yaml"


class Example(Protocol):
    name: str
    text: str
    objects: list[dict[str, Any]]
    jobs: list[dict[str, Any]]

    def all(self, kind: str) -> dict[str, dict[str, Any]]: ...


def test_committed_examples_are_what_the_chart_renders(rendered: Path, root: Path) -> None:
    committed = {path.name: path.read_text() for path in (root / "tests/charts/rendered").glob("*.yaml")}
    now = {path.name: path.read_text() for path in rendered.glob("*.yaml")}
    differ = sorted(name for name in committed.keys() | now.keys() if committed.get(name) != now.get(name))
    assert differ == [], "look at what changed: `make render`, then git diff tests/charts/rendered"


def test_rendering_twice_gives_the_same(rendered: Path, root: Path, tmp_path: Path) -> None:
    subprocess.run([root / "scripts/render", tmp_path], check=True)
    for path in rendered.iterdir():
        assert (tmp_path / path.name).read_text() == path.read_text()


@pytest.mark.parametrize("values", [*VALUES, PRODUCTION], ids=lambda path: path.parent.name + "/" + path.stem)
def test_helm_lint_has_nothing_to_say(values: Path, helm: Any) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", "charts/towpath", "--values", values)


def test_each_resource_fits_its_schema(example: Example) -> None:
    seen = 0
    for each in [*example.objects, *example.jobs]:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)
            seen += 1
    assert seen > 20


def test_the_schemas_refuse_what_is_wrong(example: Example) -> None:
    """The test above would notice."""
    deployment = example.all("Deployment")["towpath-ingestion"]
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_names_are_said_once_and_in_the_namespace(example: Example) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in example.objects]
    assert len(set(names)) == len(names)
    assert {each["metadata"]["namespace"] for each in [*example.objects, *example.jobs]} == {"towpath"}


def test_what_is_referred_to_is_there(example: Example) -> None:
    """ConfigMaps, claims and ServiceAccounts are the chart's own, or named by the values."""
    there = {(each["kind"], each["metadata"]["name"]) for each in example.objects}
    given = {("ServiceAccount", "default"), ("PersistentVolumeClaim", "models")}
    for made in _specs(example):
        assert ("ServiceAccount", made["serviceAccountName"]) in there | given
        for volume in made["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in there
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in there | given


def _specs(example: Any) -> list[dict[str, Any]]:
    return [pod["spec"] for pod in example.pods.values()]


def test_the_full_example_has_everything_optional(examples: dict[str, Example]) -> None:
    assert {each["kind"] for each in examples["full"].objects} >= CUSTOM
    assert examples["external"].all("HorizontalPodAutoscaler")
    assert not {each["kind"] for each in examples["minimal"].objects} & CUSTOM


def test_the_objective_in_the_chart_is_the_running_example(root: Path) -> None:
    assert (root / "charts/towpath/files/objective.yaml").read_text() == (root / "objective.yaml").read_text()
