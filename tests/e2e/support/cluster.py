"""kubectl and helm, as a user would type them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

CHART = Path(__file__).parents[3] / "charts" / "towpath"
T = TypeVar("T")


class FailedError(AssertionError):
    """A command that ended with another code than 0."""


def run(command: Sequence[str], *, data: str | None = None, limit_s: float = 300.0) -> str:
    done = subprocess.run(command, input=data, capture_output=True, text=True, check=False, timeout=limit_s)
    if done.returncode != 0:
        raise FailedError(f"{' '.join(command)[:300]}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def eventually(look: Callable[[], T], wanted: Callable[[T], bool], *, limit_s: float, every_s: float = 0.5) -> T:
    """The first answer of `look` that is `wanted`; what came last is told when none was in time."""
    deadline = time.monotonic() + limit_s
    last: Any = None
    while time.monotonic() < deadline:
        try:
            last = look()
            if wanted(last):
                return last
        except FailedError as failure:
            last = failure
        time.sleep(every_s)
    raise AssertionError(f"not within {limit_s:g} s; the last was: {last}")


@dataclass(frozen=True)
class Namespace:
    """A namespace that enforces the restricted Pod Security Standard."""

    name: str

    def kubectl(self, *arguments: str, data: str | None = None, limit_s: float = 300.0) -> str:
        return run(["kubectl", "-n", self.name, *arguments], data=data, limit_s=limit_s)

    def helm(self, *arguments: str, limit_s: float = 600.0) -> str:
        return run(["helm", "-n", self.name, *arguments], limit_s=limit_s)

    def get(self, *what: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", *what, "-o", "json"))
        return found

    def items(self, *what: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(*what)["items"]
        return found

    def apply(self, *resources: Mapping[str, Any]) -> None:
        document = {"apiVersion": "v1", "kind": "List", "items": list(resources)}
        self.kubectl("apply", "-f", "-", data=json.dumps(document))

    def secret(self, name: str, **values: str) -> None:
        self.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values})

    def pods(self, component: str) -> list[dict[str, Any]]:
        """Those that are not on their way out."""
        found = self.items("pods", "-l", f"app.kubernetes.io/component={component}")
        return [each for each in found if "deletionTimestamp" not in each["metadata"]]

    def restarts(self) -> dict[str, int]:
        """Of containers, by pod; those that never restarted are left out."""
        found = {
            pod["metadata"]["name"]: sum(each["restartCount"] for each in pod["status"].get("containerStatuses", ()))
            for pod in self.items("pods")
        }
        return {name: count for name, count in found.items() if count}

    def told(self) -> str:
        """What one would look at first when something went wrong: pods, what became of them, what the unready say."""
        events = self.kubectl("get", "events", "--sort-by=.lastTimestamp")
        parts = [self.kubectl("get", "pods", "-o", "wide"), events[-5000:]]
        for pod in self.items("pods"):
            ready = {each["type"]: each["status"] for each in pod["status"].get("conditions", ())}.get("Ready")
            if ready != "True" and pod["status"].get("phase") != "Succeeded":
                parts.append(f"{pod['metadata']['name']}:\n{self._log(pod['metadata']['name'])[-2000:]}")
        nodes = run(["kubectl", "describe", "nodes"])
        parts.append(nodes[nodes.find("Conditions:") :][:2500])
        return "\n".join(parts)

    def _log(self, pod: str) -> str:
        try:
            return self.kubectl("logs", pod, "--all-containers", "--prefix", "--tail=30")
        except FailedError as failure:
            return str(failure)  # it never started: the events say why


@contextmanager
def namespace(name: str) -> Iterator[Namespace]:
    """A new namespace of that name, deleted at the end (not waited for)."""
    run(["kubectl", "delete", "namespace", name, "--ignore-not-found", "--wait=true"], limit_s=180)
    document = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    run(["kubectl", "apply", "-f", "-"], data=json.dumps(document))
    try:
        yield Namespace(name)
    finally:
        run(["kubectl", "delete", "namespace", name, "--wait=false"])
