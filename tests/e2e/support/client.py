"""A consumer's pod beside the installation: scripts of `pods/` run in it, with nothing of the test's own machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.support.cluster import FailedError, Namespace, eventually

SCRIPTS = Path(__file__).parent / "pods"
LABEL = {"towpath.io/client": "true"}
_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod(
    name: str,
    image: str,
    *,
    labels: Mapping[str, str] = LABEL,
    env: Iterable[Mapping[str, Any]] = (),
    user: int = 65532,
) -> dict[str, Any]:
    """A pod that waits to be told what to run."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": True, "runAsUser": user, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "client",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sleep", "86400"],
                    "securityContext": _RESTRICTED,
                    "env": [{"name": "HOME", "value": "/tmp"}, {"name": "LOG_DIR", "value": "/tmp"}, *env],
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        },
    }


def kafka_env(secret: str, user: str) -> list[dict[str, Any]]:
    """What Kafka's clients are told: `user` of `secret`."""
    return [
        {"name": "KAFKA_SERVERS", "value": "towpath-kafka:9092"},
        {"name": "KAFKA_USER", "value": user},
        {"name": "KAFKA_PASSWORD", "valueFrom": {"secretKeyRef": {"name": secret, "key": user}}},
    ]


@dataclass(frozen=True)
class Client:
    """A running pod."""

    namespace: Namespace
    name: str

    def ready(self) -> Client:
        self.namespace.kubectl("wait", "--for=condition=Ready", f"pod/{self.name}", "--timeout=120s")
        return self

    def exec(self, *command: str, data: str | None = None, limit_s: float = 300.0) -> str:
        flags = ("-i",) if data is not None else ()
        return self.namespace.kubectl("exec", *flags, self.name, "--", *command, data=data, limit_s=limit_s)

    def script(self, name: str, *arguments: str, data: str | None = None, limit_s: float = 300.0) -> Any:
        """Run `pods/NAME.py` there; what its last line says, as JSON."""
        out = self.exec("python", "-c", _source(name), *arguments, data=data, limit_s=limit_s)
        return json.loads(out.strip().splitlines()[-1])

    def start(self, name: str, *arguments: str) -> Background:
        """Run `pods/NAME.py` there until it is told to end."""
        command = ["kubectl", "-n", self.namespace.name, "exec", "-i", self.name, "--", "python", "-c", _source(name)]
        process = subprocess.Popen(
            [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        return Background(process)

    def reaches(self, host: str, port: int) -> bool:
        """Whether a connection to that port is taken."""
        return bool(self.script("reach", host, str(port))["open"])

    def posted(self, kind: str, rows: Iterable[Mapping[str, Any]], url: str, key: str) -> dict[str, Any]:
        """What ingestion answers to a stream of `rows`."""
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        answer: dict[str, Any] = self.script("post", url, kind, key, data=lines)
        return answer

    def predictions(self) -> list[dict[str, Any]]:
        """All that kafka-python reads from the topic under read_committed, with where each lay."""
        found: list[dict[str, Any]] = self.script("read", "towpath.predictions")
        return found

    def settled(self, ids: set[str], *, limit_s: float) -> list[dict[str, Any]]:
        """The predictions, once each document of `ids` has one."""

        def all_there(found: list[dict[str, Any]]) -> bool:
            return ids <= {each["documentId"] for each in found}

        return eventually(self.predictions, all_there, limit_s=limit_s, every_s=2.0)


@dataclass(frozen=True)
class Background:
    """A script that runs on until its standard input is closed, and says what it did as it ends."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        """The next line it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, limit_s: float = 120.0) -> Any:
        out, errors = self.process.communicate(input="", timeout=limit_s)
        if self.process.returncode != 0:
            raise FailedError(errors[-3000:])
        return json.loads(out.strip().splitlines()[-1])


def _source(name: str) -> str:
    return (SCRIPTS / f"{name}.py").read_text()
