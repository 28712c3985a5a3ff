"""skaffold.yaml: valid, builds what the Dockerfile can build, and deploys what the chart can be told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

SERVICES = {"ingestion", "serving", "monitoring", "training"}


@pytest.fixture(scope="module")
def config(root: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((root / "skaffold.yaml").read_text())
    return read


@pytest.fixture(scope="module")
def artifacts(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Of the file and of every profile."""
    return [each for part in (config, *config["profiles"]) for each in part["build"]["artifacts"]]


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> str:
    return (root / "services/Dockerfile").read_text()


def test_it_is_valid(config: dict[str, Any], root: Path) -> None:
    schema = json.loads((root / f"tests/charts/schemas/{config['apiVersion'].replace('/', '-')}.json").read_text())
    jsonschema.validate(config, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config | {"bild": {}}, schema)


def test_every_artifact_can_be_built(artifacts: list[dict[str, Any]], dockerfile: str, root: Path) -> None:
    arguments = set(re.findall(r"^ARG (\w+)", dockerfile, re.MULTILINE))
    stages = set(re.findall(r"^FROM \S+ AS (\w+)", dockerfile, re.MULTILINE))
    for each in artifacts:
        docker = each["docker"]
        assert (root / each["context"] / docker["dockerfile"]).is_file()
        assert docker["buildArgs"].keys() <= arguments
        assert (root / "services" / docker["buildArgs"]["SERVICE"] / "pyproject.toml").is_file()
        assert (root / "requirements" / f"{docker['buildArgs']['SERVICE']}.txt").is_file()
        assert docker.get("target", "runtime") in stages


def test_the_usual_target_is_not_the_dev_one(dockerfile: str) -> None:
    last = dockerfile.rsplit("\nFROM ", 1)[1].split("\n")
    assert last[0] == "runtime"
    assert last[1] == 'ENTRYPOINT ["/opt/towpath/bin/service"]'


def test_each_image_is_one_of_the_charts(config: dict[str, Any], helm: Callable[..., str], root: Path) -> None:
    images = [each["image"] for each in config["build"]["artifacts"]]
    assert set(images) == {f"towpath/{service}" for service in SERVICES}
    rendered = helm("template", "towpath", root / "charts/towpath")
    used = set(re.findall(r"image: docker\.io/(towpath/\w+):", rendered))
    assert used == set(images)


def test_the_chart_runs_what_was_built(config: dict[str, Any], helm: Callable[..., str], root: Path) -> None:
    release = config["deploy"]["helm"]["releases"][0]
    built = {f"IMAGE_FULLY_QUALIFIED_{each['image'].replace('/', '_')}" for each in config["build"]["artifacts"]}
    told = release["setValueTemplates"]
    assert {text.strip("{}.") for text in told.values()} == built
    # As Skaffold would: every template becomes an image of this build.
    values = [f"--set={key}=built/{key.rsplit('.', 1)[1]}:tag" for key in told]
    rendered = helm("template", release["name"], root / release["chartPath"], *values)
    images = set(re.findall(r"image: (\S+)", rendered))
    assert {each for each in images if "apache/kafka" not in each} == {f"built/{each}:tag" for each in SERVICES}


def test_forwarded_ports_are_there(config: dict[str, Any], helm: Callable[..., str], root: Path) -> None:
    objects = [each for each in yaml.safe_load_all(helm("template", "towpath", root / "charts/towpath")) if each]
    services = {each["metadata"]["name"]: each for each in objects if each["kind"] == "Service"}
    for forward in config["portForward"]:
        ports = services[forward["resourceName"]]["spec"]["ports"]
        assert forward["port"] in {each["port"] for each in ports}


def test_dev_syncs_the_sources_of_each_service(artifacts: list[dict[str, Any]], root: Path) -> None:
    synced = {each["docker"]["buildArgs"]["SERVICE"]: each["sync"] for each in artifacts if "sync" in each}
    assert synced.keys() == SERVICES
    for service, sync in synced.items():
        sources = {rule["src"] for rule in sync["manual"]}
        assert {f"services/{service}/src/**/*.py", "services/core/src/**/*.py"} <= sources
        for rule in sync["manual"]:
            assert (root / rule["strip"] / "towpath").is_dir()
            assert rule["src"].startswith(rule["strip"])
            assert rule["dest"] == "/tmp/src"


def test_synced_code_is_what_runs(root: Path) -> None:
    script = (root / "services/dev-entrypoint").read_text()
    assert "PYTHONPATH=/tmp/src" in script
    assert "/tmp/service.pid" in script
    assert "/tmp/service.pid" in (root / "skaffold.yaml").read_text()
