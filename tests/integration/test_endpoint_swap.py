"""Releases that take over on a running endpoint under load: nobody is refused, no answer is of the wrong model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.waiting import until
from towpath.cli.local import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.core.stream import Codec, KafkaBroker, Registry
from towpath.model import Model, manifest_sha256, release_id_of
from towpath.model.build.tiny import build_tiny_bundle
from towpath.v1 import ModelRelease

pytestmark = pytest.mark.kafka
TEXTS = [f"text number {n}" for n in range(8)]


def released(home: Path, seed: int) -> tuple[ModelRelease, list[float]]:
    """A release of a bundle below `home`, and the costs that it expects of TEXTS."""
    built = build_tiny_bundle(home / "bundles" / f"build-{seed}", seed=seed)
    sha256 = manifest_sha256(built)
    folder = built.rename(built.with_name(release_id_of(sha256)))
    release = ModelRelease(
        release_id=folder.name, model_name="tweet-sentiment", bundle_uri=folder.as_uri(), bundle_sha256=sha256
    )
    return release, [each.expected_cost for each in Model.load(folder).predict(TEXTS)]


class Caller(threading.Thread):
    """Asks again as soon as it is answered, by version 2 and 1 in turn."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._url, self._stop_asking = url, stop
        self.answers: list[tuple[list[str], list[float]]] = []
        self.refused: list[str] = []

    def run(self) -> None:
        tensor = {"name": "text", "shape": [len(TEXTS)], "datatype": "BYTES", "data": TEXTS}
        model = f"{self._url}/v%d/models/tweet-sentiment"
        with httpx.Client(timeout=60) as client:
            while not self._stop_asking.is_set():
                new = client.post(model % 2 + "/infer", json={"inputs": [tensor]})
                old = client.post(model % 1 + ":predict", json={"instances": TEXTS})
                if new.status_code != 200 or old.status_code != 200:
                    self.refused += [new.text, old.text]
                    continue
                said = {each["name"]: each["data"] for each in new.json()["outputs"]}
                self.answers.append((said["release"], said["expected_cost"]))
                told = old.json()["predictions"]
                self.answers.append(([each["release"] for each in told], [each["expected_cost"] for each in told]))

    def seen(self) -> set[str]:
        return {release for releases, _ in list(self.answers) for release in releases}


@contextmanager
def load(url: str, callers: int = 4) -> Iterator[list[Caller]]:
    stop = threading.Event()
    made = [Caller(url, stop) for _ in range(callers)]
    for each in made:
        each.start()
    try:
        yield made
    finally:
        stop.set()
        for each in made:
            each.join(60)


Endpoint = Callable[[], Any]
Announce = Callable[[ModelRelease], None]


@pytest.fixture
def announce(broker: KafkaBroker, topics: Registry) -> Announce:
    def to_models(release: ModelRelease) -> None:
        with broker.producer(client_id="test") as producer:
            message = Codec().encode(release, topic=topics.full_name("models"), key=release.model_name)
            producer.send([message], timeout_s=30)

    return to_models


@pytest.fixture
def start_endpoint(kafka: LocalKafka, prefix: str, tmp_path: Path, start_service: Callable[..., Any]) -> Endpoint:
    def start() -> Any:
        started = start_service(
            "serving",
            TOWPATH_SERVING_MODE="endpoint",
            TOWPATH_SERVING_GRPC_PORT=str(choose_port()),
            TOWPATH_HOME=str(tmp_path),
            TOWPATH_TOPIC_PREFIX=prefix,
            TOWPATH_KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        )
        started.until("/readyz", 200)
        return started

    return start


def test_a_release_takes_over_under_load(tmp_path: Path, announce: Announce, start_endpoint: Endpoint) -> None:
    made = [released(tmp_path, seed) for seed in (1, 2)]
    (first, second), costs = [each for each, _ in made], {each.release_id: cost for each, cost in made}
    assert costs[first.release_id] != pytest.approx(costs[second.release_id], abs=1e-3)
    announce(first)
    with load(f"http://127.0.0.1:{start_endpoint().port}") as callers:
        until(lambda: all(each.seen() == {first.release_id} for each in callers))
        announce(second)
        until(lambda: all(second.release_id in each.seen() for each in callers))
    for caller in callers:
        assert not caller.refused
        order = [releases[0] for releases, _ in caller.answers]
        assert order == sorted(order, key=[first.release_id, second.release_id].index), "none goes back"
        for releases, expected in caller.answers:
            assert len(set(releases)) == 1, "one request, one release"
            assert expected == pytest.approx(costs[releases[0]], abs=1e-4), "and its own answer"
