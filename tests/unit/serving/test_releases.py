"""Following the models topic: the newest release that can be served serves, and no message ends the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from towpath.core.stream import Codec, MemoryBroker, Message, Registry
from towpath.model import BundleError, Prediction
from towpath.serving.adapters.releases import ReleaseFollower
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import ModelSlot, Serving
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import ModelRelease

REGISTRY = Registry.load("test.")
TOPIC = REGISTRY.full_name("models")


class NoModel:
    def predict(self, texts: object) -> list[Prediction]:
        raise AssertionError


class Follower:
    """A follower in a thread; `broken` says what loading a release raises, by its id."""

    def __init__(self, model_name: str | None = None) -> None:
        self.broken: dict[str, Exception] = {}
        self.loaded: list[str] = []
        self.metrics = ServingMetrics(CollectorRegistry())
        self.broker = MemoryBroker()
        self.broker.create_topics(REGISTRY.specs())
        self.slot = ModelSlot()
        self.codec = Codec()
        self.follower = ReleaseFollower(
            self.broker, self.codec, REGISTRY, self.load, self.slot, self.metrics, model_name=model_name
        )
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.follower.run, args=(self.stop,))

    def load(self, release: ModelRelease) -> Serving:
        if release.release_id in self.broken:
            raise self.broken[release.release_id]
        self.loaded.append(release.release_id)
        return Serving(NoModel(), Released(release.model_name, release.release_id, ""))

    def publish(self, *releases: str, name: str = "m") -> None:
        self.send(
            [
                self.codec.encode(ModelRelease(release_id=each, model_name=name), topic=TOPIC, key=name)
                for each in releases
            ]
        )

    def send(self, messages: list[Message]) -> None:
        with self.broker.producer(client_id="test") as producer:
            producer.send(messages, timeout_s=5)

    def serves(self) -> str | None:
        serving = self.slot.get()
        return serving.release.release_id if serving else None

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not true():
            assert time.monotonic() < deadline, (self.serves(), self.follower.refusal)
            assert self.thread.is_alive()
            time.sleep(0.005)

    def __enter__(self) -> Follower:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(10)


@pytest.mark.parametrize(
    "error", [BundleError("tampered"), ValueError("x"), OSError(36, "name too long"), KeyError("k"), MemoryError()]
)
def test_a_release_that_cannot_be_loaded_is_refused_and_the_last_good_one_serves_on(error: Exception) -> None:
    with Follower() as it:
        it.publish("good")
        it.until(lambda: it.serves() == "good")
        it.broken["bad"] = error
        it.publish("bad")
        it.until(lambda: it.follower.refusal is not None)
        assert it.serves() == "good"
        assert "release bad was refused" in str(it.follower.refusal)
        assert it.metrics.refused._value.get() == 1
        it.publish("better")
        it.until(lambda: it.serves() == "better")
        assert it.follower.refusal is None


def test_at_start_the_newest_that_can_be_loaded_serves() -> None:
    it = Follower()
    it.broken["third"] = BundleError("truncated")
    it.publish("first", "second", "third")
    with it:
        it.until(lambda: it.serves() == "second")
        assert it.loaded == ["second"], "the first would have been loaded for nothing"


def test_records_that_are_no_release_are_passed_over() -> None:
    it = Follower()
    it.send([Message(TOPIC, b"\xff{not json", b"m"), Message(TOPIC, None, b"m")])
    it.publish("good")
    with it:
        it.until(lambda: it.serves() == "good")


def test_only_the_named_model_is_followed() -> None:
    it = Follower(model_name="mine")
    it.publish("mine-1", name="mine")
    it.publish("other-1", name="other")
    with it:
        it.until(lambda: it.serves() == "mine-1")
        assert it.loaded == ["mine-1"]


def test_reading_again_after_an_outage_brings_no_old_release_back() -> None:
    it = Follower()
    it.publish("old", "new")
    with it:
        it.until(lambda: it.serves() == "new")
        it.broker.away = True
        it.until(lambda: it.follower.backoff.tries > 0)
        it.broker.away = False
        it.publish("newer")
        it.until(lambda: it.serves() == "newer")
        assert it.loaded == ["new", "newer"]
