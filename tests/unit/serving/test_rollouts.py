"""Following rollouts: the challenger comes and goes beside the champion, and never costs it anything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry

from support.waiting import until
from towpath.core.errors import RetryableError
from towpath.core.service import Backoff
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.model import BundleError
from towpath.serving.adapters.alarms import Alarms
from towpath.serving.adapters.releases import ReleaseFollower
from towpath.serving.adapters.rollouts import Challengers
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import ModelSlot, Serving
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Alert, ModelRelease, Rollout, RolloutMode

REGISTRY = Registry.load("test.")
SHADOW, CANARY, ENDED = (
    RolloutMode.ROLLOUT_MODE_SHADOW,
    RolloutMode.ROLLOUT_MODE_CANARY,
    RolloutMode.ROLLOUT_MODE_ENDED,
)


class NoModel:
    def predict(self, texts: object) -> list[object]:  # type: ignore[empty-body]
        raise AssertionError


class Followed:
    """A follower in a thread; `broken` says what loading a release raises, by its id."""

    def __init__(self, broker: MemoryBroker | None = None) -> None:
        self.broker, self.codec, self.slot = broker or MemoryBroker(), Codec(), ModelSlot()
        self.broker.create_topics(REGISTRY.specs())
        self.broken: dict[str, Exception] = {}
        self.loaded: list[str] = []
        self.metrics, self.stop = ServingMetrics(CollectorRegistry()), threading.Event()
        alarms = Alarms(self.broker, self.codec, REGISTRY)
        self.follower = ReleaseFollower(
            self.broker, self.codec, REGISTRY, self._load, self.slot, self.metrics, alarm=alarms.refused
        )
        self.thread = threading.Thread(target=self.follower.run, args=(self.stop,))

    def _load(self, release: ModelRelease) -> Serving:
        if release.release_id in self.broken:
            raise self.broken[release.release_id]
        self.loaded.append(release.release_id)
        return Serving(NoModel(), Released(release.model_name, release.release_id, ""))  # type: ignore[arg-type]

    def release(self, release_id: str) -> None:
        self._send("models", ModelRelease(release_id=release_id, model_name="m"), "m")

    def rollout(self, release_id: str, mode: int, share: float = 0.0, *, name: str = "m", rollout: str = "rol") -> None:
        challenger = ModelRelease(release_id=release_id, model_name=name)
        message = Rollout(rollout_id=rollout, model_name=name, challenger=challenger, mode=mode, share=share)  # type: ignore[arg-type]
        self._send("rollouts", message, name)

    def _send(self, topic: str, message: ModelRelease | Rollout, key: str) -> None:
        with self.broker.producer(client_id="test") as producer:
            producer.send([self.codec.encode(message, topic=REGISTRY.full_name(topic), key=key)], timeout_s=5)

    @property
    def state(self) -> tuple[str, ...]:
        """Champion, challenger, mode, share."""
        serving = self.slot.get()
        if serving is None:
            return ()
        each = serving.challenger
        return (
            (serving.release.release_id,)
            if each is None
            else (serving.release.release_id, each.release.release_id, each.mode, f"{each.share:g}")
        )

    def becomes(self, *state: str) -> None:
        until(lambda: self.state == state, limit_s=10)

    def alerts(self) -> list[Alert]:
        with self.broker.consumer([REGISTRY.full_name("alerts")], group=None) as reader:
            return [self.codec.decode(each, Alert).message for each in reader.poll(timeout_s=0).records]


@pytest.fixture
def start() -> Iterator[Callable[[Followed], Followed]]:
    started: list[Followed] = []

    def begin(followed: Followed) -> Followed:
        followed.thread.start()
        started.append(followed)
        return followed

    yield begin
    for each in started:
        each.stop.set()
        each.thread.join(10)


Start = Callable[[Followed], Followed]


def test_a_challenger_goes_from_shadow_through_canary_to_reigning_and_is_loaded_once(start: Start) -> None:
    it = start(Followed())
    it.release("old")
    it.becomes("old")
    it.rollout("new", SHADOW)
    it.becomes("old", "new", "shadow", "0")
    it.rollout("new", CANARY, 0.1)
    it.becomes("old", "new", "canary", "0.1")
    it.rollout("new", CANARY, 0.5)
    it.becomes("old", "new", "canary", "0.5")
    it.release("new")
    it.becomes("new")
    it.rollout("new", ENDED)
    it.release("old")
    it.becomes("old")
    assert it.loaded == ["old", "new", "old"]


def test_an_ended_rollout_leaves_the_champion_alone(start: Start) -> None:
    it = start(Followed())
    it.release("old")
    it.rollout("new", SHADOW)
    it.becomes("old", "new", "shadow", "0")
    it.rollout("new", ENDED)
    it.becomes("old")
    assert list(it.metrics.rollout.collect()[0].samples) == []


def test_a_worker_that_starts_in_the_middle_knows_both(start: Start) -> None:
    first = Followed()
    first.rollout("new", CANARY, 0.3)
    first.release("old")
    start(Followed(first.broker)).becomes("old", "new", "canary", "0.3")


def test_a_worker_serves_nothing_before_it_knows_of_the_canary(start: Start) -> None:
    first = Followed()
    first.release("old")
    first.rollout("new", CANARY, 0.3)
    second = Followed(first.broker)
    put, seen = second.slot.put, []

    def noted(serving: Serving) -> None:
        put(serving)
        seen.append(second.state)

    second.slot.put = noted  # type: ignore[method-assign]
    start(second).becomes("old", "new", "canary", "0.3")
    assert seen == [("old", "new", "canary", "0.3")]


def test_a_rollout_of_another_model_is_none_of_ours(start: Start) -> None:
    it = start(Followed())
    it.rollout("theirs", SHADOW, name="other")
    it.rollout("ours", SHADOW)
    it.release("old")
    it.becomes("old", "ours", "shadow", "0")


def test_a_new_champion_comes_under_a_running_rollout(start: Start) -> None:
    it = start(Followed())
    it.release("old")
    it.rollout("new", SHADOW)
    it.becomes("old", "new", "shadow", "0")
    it.release("hotfix")
    it.becomes("hotfix", "new", "shadow", "0")
    assert it.loaded == ["old", "new", "hotfix"]


@pytest.mark.parametrize("error", [BundleError("tampered"), KeyError("k"), MemoryError()])
def test_a_challenger_that_cannot_be_loaded_is_told_once_and_the_champion_serves_alone(
    start: Start, error: Exception
) -> None:
    it = Followed()
    it.broken["bad"] = error
    start(it)
    it.release("old")
    it.rollout("bad", SHADOW)
    it.rollout("bad", CANARY, 0.5)
    until(lambda: it.alerts(), limit_s=10)
    it.rollout("good", CANARY, 0.5)
    it.becomes("old", "good", "canary", "0.5")
    (alert,) = it.alerts()
    assert (alert.monitor, alert.objective, alert.release_id) == ("release-refused", "m", "bad")
    assert "what served before serves on" in alert.summary


def test_a_store_that_is_away_holds_up_the_challenger_and_nobody_else(start: Start) -> None:
    it = Followed()
    it.broken["new"] = RetryableError("the store is away")
    start(it)
    it.release("old")
    it.rollout("new", SHADOW)
    it.becomes("old")
    until(lambda: it.metrics.waiting._value.get() == 1, limit_s=10)
    it.release("hotfix")
    it.becomes("hotfix")
    del it.broken["new"]
    it.becomes("hotfix", "new", "shadow", "0")


def test_a_challenger_that_is_tried_again_in_an_hour_does_not_hold_up_a_champion() -> None:
    it, now = Followed(), [0.0]
    serving = Serving(NoModel(), Released("m", "old", ""))  # type: ignore[arg-type]
    it.slot.put(serving)
    hourly = Backoff(base_s=3600, cap_s=3600, seed=1)
    challengers = Challengers(it._load, it.slot, it.metrics, lambda _, __: None, hourly, clock=lambda: now[0])
    it.broken["new"] = RetryableError("the store is away")
    challengers.note(Rollout(model_name="m", challenger=ModelRelease(release_id="new", model_name="m"), mode=SHADOW))
    assert not challengers.settle()
    it.broken.clear()
    assert not challengers.settle()
    assert it.loaded == []
    now[0] = 3600.0
    assert challengers.settle()
    assert it.state == ("old", "new", "shadow", "0")


def test_the_challenger_of_a_rollout_before_does_not_answer_while_the_next_one_is_fetched(start: Start) -> None:
    it = Followed()
    it.broken["second"] = RetryableError("the store is away")
    start(it)
    it.release("old")
    it.rollout("first", CANARY, 0.5)
    it.becomes("old", "first", "canary", "0.5")
    it.rollout("second", CANARY, 0.5, rollout="rol-2")
    it.becomes("old")
    assert list(it.metrics.rollout.collect()[0].samples) == []
    del it.broken["second"]
    it.becomes("old", "second", "canary", "0.5")


def test_a_refused_release_is_an_alert_whose_id_is_the_same_for_every_worker(start: Start) -> None:
    it = Followed()
    it.broken["bad"] = BundleError("model.onnx: content does not match")
    it.release("bad")
    start(it)
    until(lambda: it.alerts(), limit_s=10)
    second = Followed(it.broker)
    second.broken = it.broken
    start(second)
    until(lambda: len(it.alerts()) == 2, limit_s=10)
    first, again = it.alerts()
    assert first.alert_id == again.alert_id
    assert first.runbook_url.startswith("docs/runbooks.md#")


def test_an_alarm_that_cannot_be_sent_holds_up_nothing() -> None:
    broker = MemoryBroker()
    broker.create_topics(REGISTRY.specs())
    broker.away = True
    Alarms(broker, Codec(), REGISTRY).flood("g", "too many")
    Alarms(MemoryBroker(), Codec(), REGISTRY).flood("g", "no topic")
