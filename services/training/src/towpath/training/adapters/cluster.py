"""The few things that training asks of Kubernetes, in its own namespace, by the official client.

What they need: create, get, list and delete on jobs, get and list on pods, get on pods/log.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from towpath.core.errors import ConflictError, NotFoundError, RejectedError, RetryableError

__all__ = ["Cluster"]

Json = dict[str, Any]
# Answers are taken as JSON: the client's classes refuse what a newer API server leaves out.
_OPTIONS: Json = {"_preload_content": False, "_request_timeout": (5.0, 20.0)}
_LOG_TIMEOUTS_S = (5.0, 60.0)
_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class Cluster:
    """Threads may share it.

    Every method raises RetryableError when the API server is away, RejectedError when it refuses.
    """

    def __init__(self, api_client: Any, namespace: str) -> None:
        # Its import takes a second, and the other runners do without.
        from kubernetes import client

        self.namespace = namespace
        self._batch, self._core = client.BatchV1Api(api_client), client.CoreV1Api(api_client)

    @classmethod
    def around(cls) -> Cluster:
        """The cluster that this pod runs in, by its service account.

        Raises:
            RejectedError: this is no pod, or one without a service account's token.
        """
        from kubernetes import client, config

        settings = client.Configuration()
        try:
            config.load_incluster_config(settings)
            namespace = _NAMESPACE.read_text().strip()
        except (config.ConfigException, OSError) as error:
            raise RejectedError(
                f"the runner 'job' needs a pod with a service account's token ({error}): set TOWPATH_TRAINING_RUNNER "
                "to direct or kfp-local outside of Kubernetes"
            ) from error
        return cls(client.ApiClient(settings), namespace)

    def create_job(self, manifest: Json) -> None:
        """Raises ConflictError when there is one of this name."""
        with _told(f"creating the Job {manifest['metadata']['name']}"):
            _json(self._batch.create_namespaced_job(self.namespace, manifest, **_OPTIONS))

    def job(self, name: str) -> Json:
        """Raises NotFoundError."""
        with _told(f"reading the Job {name}"):
            return _json(self._batch.read_namespaced_job(name, self.namespace, **_OPTIONS))

    def jobs(self, selector: str) -> list[Json]:
        with _told("listing Jobs"):
            return _items(self._batch.list_namespaced_job(self.namespace, label_selector=selector, **_OPTIONS))

    def delete_job(self, name: str) -> None:
        """With its pods; one that is gone is what was wanted."""
        try:
            with _told(f"deleting the Job {name}"):
                gone = self._batch.delete_namespaced_job(
                    name, self.namespace, propagation_policy="Background", **_OPTIONS
                )
                _json(gone)
        except NotFoundError:
            return

    def pods(self, job: str) -> list[Json]:
        with _told(f"listing the pods of {job}"):
            selector = f"batch.kubernetes.io/job-name={job}"
            return _items(self._core.list_namespaced_pod(self.namespace, label_selector=selector, **_OPTIONS))

    def own_pod(self) -> Json | None:
        """The pod that this process runs in, None where its name is not the host's."""
        try:
            with _told("reading this pod"):
                name = socket.gethostname()
                return _json(self._core.read_namespaced_pod(name, self.namespace, **_OPTIONS))
        except NotFoundError:
            return None

    @contextmanager
    def log(self, pod: str, *, follow: bool) -> Iterator[Iterator[bytes]]:
        """The pod's log from its beginning, each line led by its time; with `follow` as it grows."""
        with _told(f"reading the log of {pod}"):
            response = self._core.read_namespaced_pod_log(
                pod,
                self.namespace,
                follow=follow,
                timestamps=True,
                _preload_content=False,
                _request_timeout=_LOG_TIMEOUTS_S,
            )
            try:
                yield response.stream(decode_content=True)
            finally:
                response.close()
                response.release_conn()


def _json(response: Any) -> Json:
    try:
        answer: Json = json.loads(response.data)
    finally:
        response.release_conn()
    return answer


def _items(response: Any) -> list[Json]:
    items: list[Json] = _json(response)["items"]
    return items


@contextmanager
def _told(doing: str) -> Iterator[None]:
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _translated(doing, error.status, f"{error.reason}: {str(error.body or '')[:500]}") from error
    except (HTTPError, OSError, ValueError) as error:
        raise RetryableError(f"Kubernetes does not answer while {doing}: {error}") from error


def _translated(doing: str, status: int, said: str) -> RejectedError | RetryableError:
    if status == 404:
        return NotFoundError(f"Kubernetes has no such thing while {doing}")
    if status == 409:
        return ConflictError(f"Kubernetes has one already while {doing}")
    if status in (401, 403):
        return RejectedError(f"Kubernetes forbids {doing}: check the Role of training's service account: {said}")
    if 400 <= status < 500 and status != 429:
        return RejectedError(f"Kubernetes refuses {doing}: {said}")
    return RetryableError(f"Kubernetes failed while {doing}: {status} {said}")
