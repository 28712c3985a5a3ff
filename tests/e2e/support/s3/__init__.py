"""An S3 server in a pod (moto), and the policy of who may reach it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from e2e.support.client import pod
from e2e.support.cluster import Namespace

IMAGE = "docker.io/towpath/s3-server:0.1.0"
_WHO = ["serving", "endpoint", "training", "training-job"]
_BUCKET = "import boto3; boto3.client('s3', endpoint_url='http://127.0.0.1:9000').create_bucket(Bucket='towpath')"


@dataclass(frozen=True)
class Server:
    """moto takes any key; the secret is there to be looked for in logs."""

    secret: str


@contextmanager
def server(space: Namespace) -> Iterator[Server]:
    """Reached as http://s3:9000 by the services that need it, with the bucket `towpath`."""
    secret = secrets.token_hex(12)
    space.apply(_pod(secret), _service(), _policy())
    space.kubectl("wait", "--for=condition=Ready", "pod/s3", "--timeout=120s")
    space.kubectl("exec", "s3", "--", "/opt/s3/bin/python", "-c", _BUCKET)
    yield Server(secret)


def _pod(secret: str) -> dict[str, Any]:
    names = {"AWS_ACCESS_KEY_ID": "towpath", "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1"}
    made = pod("s3", IMAGE, labels={"app": "s3"}, env=[{"name": k, "value": v} for k, v in names.items()])
    container = made["spec"]["containers"][0]
    del container["command"]
    container["readinessProbe"] = {"tcpSocket": {"port": 9000}, "periodSeconds": 1}
    return made


def _service() -> dict[str, Any]:
    spec = {"selector": {"app": "s3"}, "ports": [{"port": 9000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s3"}, "spec": spec}


def _policy() -> dict[str, Any]:
    who = [{"key": "app.kubernetes.io/component", "operator": "In", "values": _WHO}]
    peer = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "towpath"}, "matchExpressions": who}}
    spec = {
        "podSelector": {"matchLabels": {"app": "s3"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [peer], "ports": [{"port": 9000}]}],
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "s3"},
        "spec": spec,
    }
