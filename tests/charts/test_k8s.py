"""k8s/: what the chart must not own agrees with the registry, with its makers' schemas and with the chart."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from towpath.core import strimzi
from towpath.core.stream import Registry

Tool = Callable[..., str]
Objects = list[dict[str, Any]]
OVERLAYS = ("kind", "production")


@pytest.fixture(scope="module")
def build(kubectl: Tool, root: Path) -> Callable[[str], Objects]:
    """What `kubectl apply -k k8s/…` would send."""
    return lambda folder: list(yaml.safe_load_all(kubectl("kustomize", root / "k8s" / folder)))


@pytest.fixture(scope="module")
def overlays(build: Callable[[str], Objects]) -> dict[str, Objects]:
    return {name: build(f"overlays/{name}") for name in OVERLAYS}


@pytest.fixture(scope="module")
def values(root: Path) -> dict[str, Any]:
    return {name: yaml.safe_load((root / f"k8s/overlays/{name}/values.yaml").read_text()) for name in OVERLAYS}


def only(objects: Objects, kind: str, name: str) -> dict[str, Any]:
    return next(each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name)


@pytest.mark.parametrize("what", ["topics", "users"])
def test_committed_resources_are_what_the_registry_says(what: str, root: Path) -> None:
    made = io.StringIO()
    strimzi.main([what], made)
    assert (root / f"k8s/strimzi/{what}.yaml").read_text() == made.getvalue(), "run `make k8s`"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_strimzi_would_take_the_resources(overlay: str, overlays: dict[str, Objects], root: Path) -> None:
    schemas = json.loads((root / "tests/charts/schemas/strimzi-v1.json").read_text())
    ours = [each for each in overlays[overlay] if each["apiVersion"].startswith("kafka.strimzi.io")]
    assert {each["apiVersion"] for each in ours} == {"kafka.strimzi.io/v1"}
    for each in ours:
        jsonschema.validate(each["spec"], schemas[each["kind"]])
    kinds = Counter(each["kind"] for each in ours)
    assert kinds["KafkaTopic"] == len(list(Registry.load()))


def test_the_schemas_refuse_a_slip(root: Path) -> None:
    schemas = json.loads((root / "tests/charts/schemas/strimzi-v1.json").read_text())
    with pytest.raises(jsonschema.ValidationError, match="partition"):
        jsonschema.validate({"partition": 3}, schemas["KafkaTopic"])


def test_production_keeps_everything_three_times_and_needs_two(overlays: dict[str, Objects]) -> None:
    objects = overlays["production"]
    config = only(objects, "Kafka", "towpath")["spec"]["kafka"]["config"]
    assert [config[key] for key in config if key.endswith("replication.factor")] == [3, 3, 3]
    assert config["min.insync.replicas"] == config["transaction.state.log.min.isr"] == 2
    for topic in (each for each in objects if each["kind"] == "KafkaTopic"):
        assert topic["spec"]["replicas"] == 3, topic["metadata"]["name"]
        assert topic["spec"]["config"]["min.insync.replicas"] == "2", topic["metadata"]["name"]
    for pool in ("brokers", "controllers"):
        spec = only(objects, "KafkaNodePool", pool)["spec"]
        assert spec["replicas"] == 3
        apart = spec["template"]["pod"]["affinity"]["podAntiAffinity"]
        assert apart["requiredDuringSchedulingIgnoredDuringExecution"][0]["topologyKey"] == "kubernetes.io/hostname"
        assert spec["storage"] | {"size": ""} == {"type": "persistent-claim", "size": "", "deleteClaim": False}


def test_kind_fits_one_node(overlays: dict[str, Objects]) -> None:
    pools = [each for each in overlays["kind"] if each["kind"] == "KafkaNodePool"]
    assert [(each["spec"]["replicas"], each["spec"]["roles"]) for each in pools] == [(1, ["controller", "broker"])]
    kafka = only(overlays["kind"], "Kafka", "towpath")["spec"]["kafka"]
    assert {value for key, value in kafka["config"].items() if "replic" in key or "isr" in key} == {1}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_chart_finds_the_overlays_kafka(overlay: str, overlays: dict[str, Objects], values: dict[str, Any]) -> None:
    objects, kafka = overlays[overlay], values[overlay]["kafka"]
    cluster = next(each for each in objects if each["kind"] == "Kafka")
    name, listener = cluster["metadata"]["name"], cluster["spec"]["kafka"]["listeners"][0]
    address = f"{name}-kafka-bootstrap.{cluster['metadata']['namespace']}.svc:{listener['port']}"
    assert kafka["bootstrapServers"] == address
    assert kafka["tls"]["existingSecret"] == f"{name}-cluster-ca-cert"
    assert kafka["sasl"]["existingSecret"] == strimzi.CREDENTIALS
    assert values[overlay]["networkPolicy"]["kafkaPorts"] == [listener["port"]]
    assert not kafka["topics"]["create"]
    users = {each["metadata"]["name"] for each in objects if each["kind"] == "KafkaUser"}
    assert users == {"admin", "client", "ingestion", "serving", "monitoring", "training"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_chart_takes_the_overlays_values(overlay: str, helm: Tool, root: Path) -> None:
    file = root / f"k8s/overlays/{overlay}/values.yaml"
    extra = ["--api-versions", "keda.sh/v1alpha1", "--api-versions", "monitoring.coreos.com/v1"]
    text = helm("template", "towpath", root / "charts/towpath", "--namespace", "towpath", "-f", file, *extra)
    objects = [each for each in yaml.safe_load_all(text) if each]
    assert not [each for each in objects if each["metadata"]["name"] == "towpath-kafka"], "Kafka inside, too"
    assert [each for each in objects if each["kind"] == "Deployment"]


def test_the_runtime_serves_bundles_restricted(build: Callable[[str], Objects]) -> None:
    runtime = only(build("kserve"), "ClusterServingRuntime", "towpath")["spec"]
    container = runtime["containers"][0]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment["TOWPATH_SERVING_MODE"] == "endpoint"
    assert environment["TOWPATH_SERVING_BUNDLE"] == "/mnt/models"
    security = container["securityContext"]
    assert security["runAsNonRoot"]
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_example_uses_the_runtime(build: Callable[[str], Objects]) -> None:
    model = only(build("kserve/example"), "InferenceService", "tweet-sentiment")["spec"]["predictor"]["model"]
    runtime = only(build("kserve"), "ClusterServingRuntime", "towpath")["spec"]
    assert model["modelFormat"]["name"] in {each["name"] for each in runtime["supportedModelFormats"]}
    assert model["protocolVersion"] in runtime["protocolVersions"]
    assert model["storageUri"].startswith("pvc://towpath-store/bundles/")


def test_the_runtimes_image_is_the_charts(build: Callable[[str], Objects], root: Path) -> None:
    version = yaml.safe_load((root / "charts/towpath/Chart.yaml").read_text())["appVersion"]
    runtime = only(build("kserve"), "ClusterServingRuntime", "towpath")["spec"]
    assert runtime["containers"][0]["image"] == f"docker.io/towpath/serving:{version}"
