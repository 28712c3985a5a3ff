"""checkov and kube-score on what the chart installs. What they find is mended, or explained in suppressions.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

Tool = Any
SUPPRESSIONS = yaml.safe_load((Path(__file__).parent / "suppressions.yaml").read_text())


class Finding(NamedTuple):
    tool: str
    id: str
    where: str


def suppresses(entry: dict[str, str], finding: Finding) -> bool:
    return (entry["tool"], entry["id"]) == finding[:2] and re.fullmatch(entry["where"], finding.where) is not None


def as_kubernetes_runs_it(example: Any) -> list[dict[str, Any]]:
    """The scanners know no custom resources: of an InferenceService they see the Deployment that KServe makes of it.
    The Job of a training run is there, too."""
    found = [each for each in example.objects if each["kind"] != "InferenceService"]
    for name, each in example.all("InferenceService").items():
        metadata = {**each["metadata"], "annotations": {}}
        pod, replicas = example.pods[f"InferenceService/{name}"], each["spec"]["predictor"]["minReplicas"]
        component = each["metadata"]["labels"]["app.kubernetes.io/component"]
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app.kubernetes.io/component": component}},
            "template": pod,
        }
        found.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    return [*found, *example.jobs]


def with_mistakes(example: Any) -> list[dict[str, Any]]:
    """That nothing is found says something only if something would be."""
    wrong = yaml.safe_load(yaml.safe_dump(example.all("Deployment")["towpath-ingestion"]))
    container = wrong["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] = {"privileged": True}
    del container["resources"]
    return [wrong]


def of_kube_score(tool: Tool, file: Path) -> Iterator[Finding]:
    optional = ("container-seccomp-profile", "container-ports-check")
    flags = [flag for each in optional for flag in ("--enable-optional-test", each)]
    done = tool.run("score", file, "--output-format", "json", "--kubernetes-version", "v1.34", *flags)
    for scored in json.loads(done.stdout):
        where = f"{scored['type_meta']['kind']}/{scored['object_meta']['name']}"
        for check in scored["checks"]:
            if not check["skipped"] and check["grade"] < 10:  # 10: nothing to say; 1 and 5: critical, warning
                yield Finding("kube-score", check["check"]["id"], where)


def of_checkov(tool: Tool, folder: Path) -> Iterator[tuple[str, Finding]]:
    """(example, finding) of all of them at once: most of its time is its start."""
    done = tool.run(
        "--framework", "kubernetes", "secrets", "--directory", folder, "--output", "json", "--skip-download"
    )
    reports = json.loads(done.stdout)
    for report in reports if isinstance(reports, list) else [reports]:
        assert report["summary"]["parsing_errors"] == 0
        for check in report["results"]["failed_checks"]:
            kind, _, name = check["resource"].split(".", 2) if report["check_type"] == "kubernetes" else ("", "", "?")
            yield Path(check["file_path"]).stem, Finding("checkov", check["check_id"], f"{kind}/{name}")


@pytest.fixture(scope="module")
def found(
    examples: dict[str, Any], kube_score: Tool, checkov: Tool, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Finding]]:
    """By example, and of "mistakes"."""
    folder = tmp_path_factory.mktemp("scanned")
    scanned = {name: as_kubernetes_runs_it(example) for name, example in examples.items()}
    scanned["mistakes"] = with_mistakes(examples["minimal"])
    answers = {}
    for name, objects in scanned.items():
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all(objects))
        answers[name] = list(of_kube_score(kube_score, file))
    for name, finding in of_checkov(checkov, folder):
        answers[name].append(finding)
    return answers


def test_nothing_is_found_but_what_is_explained(found: dict[str, list[Finding]]) -> None:
    unexplained = [
        (name, finding)
        for name, findings in found.items()
        for finding in findings
        if name != "mistakes" and not any(suppresses(entry, finding) for entry in SUPPRESSIONS)
    ]
    assert unexplained == []


@pytest.mark.parametrize("entry", SUPPRESSIONS, ids=lambda entry: f"{entry['id']} {entry['where']}")
def test_a_suppression_is_needed_and_says_why(entry: dict[str, str], found: dict[str, list[Finding]]) -> None:
    assert set(entry) == {"tool", "id", "where", "reason"}
    ours = [finding for name, findings in found.items() if name != "mistakes" for finding in findings]
    assert any(suppresses(entry, finding) for finding in ours), "take it out"


def test_the_scanners_see_what_is_wrong(found: dict[str, list[Finding]]) -> None:
    ids = {finding.id for finding in found["mistakes"]}
    assert ids >= {"container-security-context-privileged", "CKV_K8S_16", "CKV_K8S_13", "CKV_K8S_28"}
