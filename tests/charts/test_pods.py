"""Each pod that comes of the chart satisfies the restricted Pod Security Standard, and what an operator expects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from towpath.pipelines.scoring import __main__ as scoring

ALLOWED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}
SECRET_NAME = re.compile(r"PASSWORD|SECRET|API_KEYS?$|ACCESS_KEY|TOKEN")
ENDS_BY_ITSELF = ("Job/", "CronJob/", "Pod/")
# Only this one talks to the API server.
WITH_TOKEN = {"Deployment/towpath-training"}


def containers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from spec.get("initContainers", [])
    yield from spec["containers"]


def long_running(example: Any) -> dict[str, dict[str, Any]]:
    return {name: pod["spec"] for name, pod in example.pods.items() if not name.startswith(ENDS_BY_ITSELF)}


def test_there_are_all_the_pods(examples: dict[str, Any]) -> None:
    """What the tests below look at."""
    services = {"ingestion", "serving", "monitoring", "training"}
    deployments = {f"Deployment/towpath-{name}" for name in services}
    jobs = {"Job/towpath-run", "Pod/towpath-test"}
    minimal, full = set(examples["minimal"].pods), set(examples["full"].pods)
    assert minimal >= deployments | jobs | {"Deployment/towpath-endpoint", "StatefulSet/towpath-kafka"}
    assert full >= deployments | jobs | {"InferenceService/towpath-endpoint", "Deployment/towpath-mlflow"}
    assert "CronJob/towpath-batch" in full - minimal
    assert "Job/towpath-run" not in examples["external"].pods  # Kubeflow Pipelines has its own
    assert all(any(name.startswith("Job/towpath-topics-") for name in found) for found in (minimal, full))


def test_each_pod_is_restricted(example: Any) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards, all of "restricted"."""
    for name, pod in example.pods.items():
        spec = pod["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["runAsUser"] > 0, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & spec.keys(), name
        for volume in spec["volumes"]:
            assert volume.keys() - {"name"} <= ALLOWED_VOLUMES | {"secret"}, (name, volume)
        for container in containers(spec):
            inner = container["securityContext"]
            assert inner["allowPrivilegeEscalation"] is False, name
            assert inner["capabilities"] == {"drop": ["ALL"]}, name
            assert not {"privileged", "procMount", "seLinuxOptions"} & inner.keys(), name
            assert inner.get("runAsNonRoot", True) is True, name
            assert inner.get("runAsUser", 1) > 0, name
            assert all("hostPort" not in port for port in container.get("ports", [])), name


def test_no_container_writes_but_to_volumes_with_a_bound(example: Any) -> None:
    for name, pod in example.pods.items():
        for container in containers(pod["spec"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["requests"].keys(), name
            assert {"memory", "ephemeral-storage"} <= container["resources"]["limits"].keys(), name
        for volume in pod["spec"]["volumes"]:
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""}), (name, volume)


def test_every_mount_has_its_volume(example: Any) -> None:
    claimed = {"data"}  # of the StatefulSet
    for name, pod in example.pods.items():
        there = {volume["name"] for volume in pod["spec"]["volumes"]} | claimed
        for container in containers(pod["spec"]):
            assert {mount["name"] for mount in container["volumeMounts"]} <= there, name


def test_only_training_its_runs_and_the_batch_write_to_the_volume_of_models(examples: dict[str, Any]) -> None:
    """Where the store is a bucket (full, production) its own rights decide."""
    writers = {"Deployment/towpath-training", "Job/towpath-run", "CronJob/towpath-batch"}
    for example in (examples["minimal"], examples["external"]):
        for name, pod in example.pods.items():
            claims = {volume["name"] for volume in pod["spec"]["volumes"] if "persistentVolumeClaim" in volume}
            mounts = [mount for container in containers(pod["spec"]) for mount in container["volumeMounts"]]
            assert name in writers or all(mount.get("readOnly") for mount in mounts if mount["name"] in claims), name


def test_images_are_named_by_a_version(example: Any) -> None:
    for name, pod in example.pods.items():
        for container in containers(pod["spec"]):
            assert re.search(r"[^/]:(?!latest)[^:/]+$|@sha256:[0-9a-f]{64}$", container["image"]), name


def test_what_runs_for_long_is_probed(example: Any) -> None:
    for name, spec in long_running(example).items():
        (container,) = spec["containers"]
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asks = container[probe].get("httpGet") or container[probe]["tcpSocket"]
            assert asks["port"] in ports, (name, probe)
        paths = [container[probe].get("httpGet", {}).get("path") for probe in ("livenessProbe", "readinessProbe")]
        assert paths in (["/livez", "/readyz"], ["/health", "/health"], [None, None]), name
        assert spec.get("topologySpreadConstraints") or name.startswith("StatefulSet/"), name


def test_a_pod_may_finish_what_it_began(example: Any) -> None:
    """Grace is longer than the pause before the end, and than the longest transaction after it."""
    for name, spec in long_running(example).items():
        (container,) = spec["containers"]
        env = {each["name"]: each.get("value") for each in container["env"]}
        lifecycle = container.get("lifecycle", {"preStop": {"exec": {"command": ["sleep", "0"]}}})
        pause = int(lifecycle["preStop"]["exec"]["command"][1])
        transaction = int(env.get("TOWPATH_SERVING_TRANSACTION_TIMEOUT_S") or 0)
        assert spec["terminationGracePeriodSeconds"] > pause + transaction, name
    worker = example.pods["Deployment/towpath-serving"]["spec"]["containers"][0]["env"]
    assert any(each["name"] == "TOWPATH_SERVING_TRANSACTION_TIMEOUT_S" for each in worker)


def test_secrets_come_by_reference_only(example: Any) -> None:
    assert example.all("Secret") == {}
    for name, pod in example.pods.items():
        for container in containers(pod["spec"]):
            for each in container["env"]:
                if SECRET_NAME.search(each["name"]):
                    assert "secretKeyRef" in each.get("valueFrom", {}), (name, each["name"])


def test_a_variable_is_said_once(example: Any) -> None:
    for name, pod in example.pods.items():
        for container in containers(pod["spec"]):
            names = [each["name"] for each in container["env"]]
            assert len(set(names)) == len(names), name


def test_accounts_have_no_token_but_where_it_is_used(example: Any) -> None:
    for account in example.all("ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False
    with_token = {name for name, pod in example.pods.items() if pod["spec"]["automountServiceAccountToken"]}
    assert with_token <= WITH_TOKEN
    (role,) = example.all("Role").values() or [{"rules": []}]
    may = {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}
    assert not {verb for _, verb in may} & {"*", "update", "patch", "deletecollection", "escalate", "bind"}
    assert {resource for resource, verb in may if verb in ("create", "delete")} <= {"jobs"}
    assert example.all("ClusterRole") == {}


def test_the_batch_is_called_as_it_wants_to_be(examples: dict[str, Any]) -> None:
    for name, model in (("full", "tweet-sentiment"), ("external", None)):
        (container,) = examples[name].pods["CronJob/towpath-batch"]["spec"]["containers"]
        assert container["command"] == ["python", "-m", scoring.__package__]
        assert scoring._parser().parse_args(container["args"]).model == model
        job = next(iter(examples[name].all("CronJob").values()))["spec"]
        assert job["concurrencyPolicy"] == "Forbid"


def test_a_change_of_settings_rolls_the_pods(examples: dict[str, Any]) -> None:
    """Files that are mounted do not: their checksum is in the pod's annotations."""
    for example in examples.values():
        for name, spec in long_running(example).items():
            mounted = {volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume}
            annotations = example.pods[name]["metadata"].get("annotations", {})
            files = {each.removeprefix("towpath-") for each in mounted}
            assert {f"checksum/{file}" for file in files} <= annotations.keys() or name.startswith("StatefulSet/"), name
