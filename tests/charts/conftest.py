"""The programs that check the chart without a cluster, as fixtures: call `helm("lint", "--strict", path)`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = ("minimal", "full", "external", "production")


@dataclass(frozen=True)
class Tool:
    """A program that `scripts/tools` brings. Called, it runs in the repository's root and must succeed."""

    path: Path

    def __call__(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """What it printed. Fails the test with everything that it printed when it exits other than 0."""
        done = self.run(*arguments, stdin=stdin)
        if done.returncode != 0:
            pytest.fail(
                f"{self.path.name} {' '.join(map(str, arguments))}\n{done.stdout}\n{done.stderr}", pytrace=False
            )
        return done.stdout

    def run(self, *arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """For refusals: the caller looks at `returncode`, `stdout` and `stderr`."""
        return subprocess.run(
            [self.path, *arguments], input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=240, check=False
        )


def _tool(folder: str, name: str) -> Tool:
    path = ROOT / folder / name
    if not path.exists():
        pytest.fail(f"{path.relative_to(ROOT)} is not there: run `make tools`", pytrace=False)
    return Tool(path)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def helm() -> Tool:
    return _tool(".cache/tools/bin", "helm")


@pytest.fixture(scope="session")
def kubectl() -> Tool:
    return _tool(".cache/tools/bin", "kubectl")


@pytest.fixture(scope="session")
def kube_score() -> Tool:
    return _tool(".cache/tools/bin", "kube-score")


@pytest.fixture(scope="session")
def promtool() -> Tool:
    return _tool(".cache/tools/bin", "promtool")


@pytest.fixture(scope="session")
def checkov() -> Tool:
    return _tool(".cache/checkov/bin", "checkov")


@pytest.fixture(scope="session")
def hadolint() -> Tool:
    return _tool(".venv/bin", "hadolint")


@pytest.fixture(scope="session")
def kubernetes_validate() -> Tool:
    return _tool(".venv/bin", "kubernetes-validate")


@dataclass(frozen=True)
class Example:
    """What one of `scripts/render`'s examples installs."""

    name: str
    text: str

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        return [each for each in yaml.safe_load_all(self.text) if each]

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """By name. The Job that a training run becomes is counted, too."""
        return {each["metadata"]["name"]: each for each in [*self.objects, *self.jobs] if each["kind"] == kind}

    @cached_property
    def jobs(self) -> list[dict[str, Any]]:
        """What the training service will create: it lies in a ConfigMap."""
        maps = [each["data"] for each in self.objects if each["kind"] == "ConfigMap"]
        return [yaml.safe_load(data["job.yaml"]) for data in maps if "job.yaml" in data]

    @cached_property
    def pods(self) -> dict[str, dict[str, Any]]:
        """Each pod that comes of it, as {"metadata", "spec"}, by "Kind/name" of what makes it."""
        return {
            f"{each['kind']}/{each['metadata']['name']}": made
            for each in [*self.objects, *self.jobs]
            for made in _pods_of(each)
        }


def _pods_of(made_by: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match made_by:
        case {"kind": "Pod"}:
            yield made_by
        case {"kind": "InferenceService", "spec": {"predictor": predictor}}:
            metadata = {"labels": predictor["labels"], "annotations": predictor.get("annotations", {})}
            of_kserve = {"labels", "annotations", "minReplicas", "maxReplicas"}
            yield {"metadata": metadata, "spec": {key: predictor[key] for key in predictor.keys() - of_kserve}}
        case {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}}:
            yield template
        case {"spec": {"template": template}}:
            yield template


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the examples, rendered just now."""
    if not (ROOT / ".cache/tools/bin/helm").exists():
        pytest.fail("helm is not there: run `make tools`", pytrace=False)
    folder = tmp_path_factory.mktemp("rendered")
    subprocess.run([ROOT / "scripts/render", folder], check=True, timeout=60)
    return folder


@pytest.fixture(scope="session")
def examples(rendered: Path) -> dict[str, Example]:
    return {name: Example(name, (rendered / f"{name}.yaml").read_text()) for name in EXAMPLES}


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest, examples: dict[str, Example]) -> Example:
    return examples[request.param]
