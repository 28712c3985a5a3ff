"""`helm uninstall` leaves the volumes, and nothing else."""

from __future__ import annotations

import json

from e2e.conftest import Installation
from e2e.support.cluster import eventually, run

_LABEL = "app.kubernetes.io/instance=towpath"


def left(installation: Installation) -> set[str]:
    """Kinds of what is labelled as the installation's, of every kind that the API server knows."""
    kinds = run(["kubectl", "api-resources", "--namespaced", "--verbs=list", "-o", "name"]).split()
    # Endpoints and events are the control plane's own, and go when it pleases.
    asked = [each for each in kinds if not each.startswith(("events", "endpoints", "pods.metrics"))]
    found = json.loads(installation.namespace.kubectl("get", ",".join(asked), "-l", _LABEL, "-o", "json"))
    return {f"{each['kind']}/{each['metadata']['name']}" for each in found["items"]}


def test_the_volumes_stay_and_nothing_else(installation: Installation) -> None:
    installation.namespace.helm("uninstall", "towpath", "--wait", "--timeout=5m")
    # The models lie in S3; MLflow has its runs on the volume.
    volumes = {"PersistentVolumeClaim/data-towpath-kafka-0", "PersistentVolumeClaim/towpath-store"}
    eventually(lambda: left(installation), lambda found: found == volumes, limit_s=120, every_s=2)
