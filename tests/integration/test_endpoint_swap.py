"""A challenger that takes over on a running endpoint under load: nobody is refused, no answer is of the wrong model."""

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
from towpath.serving.domain.routing import answers_by_challenger
from towpath.serving.entrypoints.questions import Question
from towpath.v1 import ModelRelease, Rollout, RolloutMode

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

    def seen(self, releases: list[str]) -> bool:
        return any(said == releases for said, _ in list(self.answers))


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
Announce = Callable[[ModelRelease | Rollout], None]


@pytest.fixture
def announce(broker: KafkaBroker, topics: Registry) -> Announce:
    def send(message: ModelRelease | Rollout) -> None:
        topic = topics.full_name("models" if isinstance(message, ModelRelease) else "rollouts")
        with broker.producer(client_id="test") as producer:
            producer.send([Codec().encode(message, topic=topic, key=message.model_name)], timeout_s=30)

    return send


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


def rollout(challenger: ModelRelease, mode: str) -> Rollout:
    told = {"rollout_id": "rol-1", "model_name": challenger.model_name, "share": 0.5}
    return Rollout(challenger=challenger, mode=RolloutMode.Value(f"ROLLOUT_MODE_{mode}"), **told)


def test_a_challenger_is_tried_and_takes_over_under_load(
    tmp_path: Path, announce: Announce, start_endpoint: Endpoint
) -> None:
    made = [released(tmp_path, seed) for seed in (1, 2)]
    (first, second), costs = [each for each, _ in made], {each.release_id: cost for each, cost in made}
    assert costs[first.release_id] != pytest.approx(costs[second.release_id], abs=1e-3)
    turns = [answers_by_challenger(name, "rol-1", 0.5) for name in Question(TEXTS).document_ids()]
    before, after = [first.release_id] * len(TEXTS), [second.release_id] * len(TEXTS)
    phases = [before, [new if turn else old for old, new, turn in zip(before, after, turns, strict=True)], after]
    announce(first)
    with load(f"http://127.0.0.1:{start_endpoint().port}") as callers:
        until(lambda: all(each.seen(before) for each in callers))
        announce(rollout(second, "CANARY"))
        until(lambda: all(each.seen(phases[1]) for each in callers))
        announce(second)
        announce(rollout(second, "ENDED"))
        until(lambda: all(each.seen(after) for each in callers))
    for caller in callers:
        assert not caller.refused
        order = [phases.index(releases) for releases, _ in caller.answers]
        assert order == sorted(order), "none goes back"
        for releases, expected in caller.answers:
            own = [costs[release][n] for n, release in enumerate(releases)]
            assert expected == pytest.approx(own, abs=1e-4), "each answer is its release's own"
