"""Models that change under load: swaps and a canary, while documents come at half of what the worker can."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.delivery.figures import Bar, Figure
from benchmarks.delivery.loading import Loaded, capacity, load, serving_worker
from benchmarks.delivery.place import Place
from benchmarks.delivery.rounds import Kept, Rounds, figure
from benchmarks.delivery.wire import Arrival
from towpath.core.stream import Codec, KafkaBroker, Registry
from towpath.model.bundle import manifest_sha256, release_id_of
from towpath.v1 import ModelRelease, Rollout, RolloutMode, RolloutOutcome

__all__ = ["Changes", "release_of"]

PREFIX = "changing."
_SHARE, _CANARY = 0.5, 0.3
# From a release's announcement on, a swap is done long before: loading takes about a second.
_WHILE_S = 2.0


def release_of(bundle: Path) -> ModelRelease:
    sha256 = manifest_sha256(bundle)
    name = release_id_of(sha256)
    made = ModelRelease(
        release_id=name, model_name="tweet-sentiment", bundle_uri=bundle.resolve().as_uri(), bundle_sha256=sha256
    )
    made.created_at.FromDatetime(datetime.now(UTC))
    return made


class Announcing:
    """Writes to `models` and `rollouts` what training would."""

    def __init__(self, place: Place, prefix: str) -> None:
        self._registry, self._codec = Registry.load(prefix), Codec("json", "bench")
        self._place = place
        self.champion, self.challenger = release_of(place.bundle), release_of(place.other_bundle)

    def release(self, what: ModelRelease) -> None:
        self._send("models", what)

    def rollout(self, mode: RolloutMode, number: int, outcome: RolloutOutcome | None = None) -> None:
        made = Rollout(
            rollout_id=f"bench-{number}", model_name="tweet-sentiment", challenger=self.challenger,
            champion_release_id=self.champion.release_id, mode=mode, share=_CANARY, actor="bench", outcome=outcome,
        )  # fmt: skip
        made.created_at.FromDatetime(datetime.now(UTC))
        made.updated_at.CopyFrom(made.created_at)
        self._send("rollouts", made)

    def _send(self, topic: str, message: ModelRelease | Rollout) -> None:
        made = self._codec.encode(message, topic=self._registry.full_name(topic), key="tweet-sentiment")
        with KafkaBroker(self._place.kafka.settings) as broker, broker.producer(client_id="bench") as producer:
            producer.send([made], timeout_s=10)


class Changes:
    key = "changes"
    _rate = 0.0

    def prepare(self, place: Place, kept: Kept) -> None:
        place.create_topics(PREFIX)
        self._rate = _SHARE * capacity(place, kept)

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        announcing = Announcing(place, PREFIX)
        announcing.release(announcing.champion)
        letters = _end(place, "dead-letters")
        with serving_worker(place, PREFIX, follow=True):
            events = self._events(announcing, number, place.scale.load_s)
            found = load(place, PREFIX, self._rate, number, events)
        values = rounds.begin()
        changing = _near(found, sorted(events))
        values["changing"], values["otherwise"] = 1000 * found.p99(changing), 1000 * found.p99(~changing)
        values |= {"lost": found.lost, "repeated": found.repeated, "failed": _end(place, "dead-letters") - letters}
        answered = [_release(each) for each in found.arrived]
        values["by challenger"] = sum(each == announcing.challenger.release_id for each in answered)
        place.tell(f"  p99 {values['changing']:.1f} ms while changing, {values['otherwise']:.1f} ms otherwise")

    @staticmethod
    def _events(announcing: Announcing, number: int, seconds: float) -> dict[float, Callable[[], object]]:
        """A swap, back again, a canary, its end."""
        ended, back = RolloutMode.ROLLOUT_MODE_ENDED, RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK
        canary = RolloutMode.ROLLOUT_MODE_CANARY
        calls: list[Callable[[], object]] = [
            lambda: announcing.release(announcing.challenger),
            lambda: announcing.release(announcing.champion),
            lambda: announcing.rollout(canary, number),
            lambda: announcing.rollout(ended, number, back),
        ]
        return {2.0 + seconds * (n + 0.5) / len(calls): call for n, call in enumerate(calls)}

    def figures(self, rounds: Rounds) -> list[Figure]:
        facts = {each: sum(rounds.all(each)) for each in ("failed", "lost", "repeated")}
        answered = sum(rounds.all("by challenger"))
        return figure(
            rounds, "changes", "p99 while a model is swapped or a canary begins ÷ p99 otherwise",
            ("changing", f"within {_WHILE_S:g} s of a change"), ("otherwise", "the rest of the time"), "ms",
            Bar("under", 2), facts=facts,
            notes=[f"two swaps, a canary of {_CANARY:.0%}, its end; the challenger answered {answered:g} times"],
        )  # fmt: skip


def _near(found: Loaded, moments: list[float]) -> np.ndarray:
    """Which documents were due while something changed. The load's clock begins with its first document."""
    begin = found.due[0] - 2.0
    after = [found.due - begin - each for each in moments]
    near: np.ndarray = np.logical_or.reduce([(each >= 0) & (each < _WHILE_S) for each in after])
    return near


def _release(each: Arrival) -> str:
    return str(json.loads(each.value).get("releaseId", ""))


def _end(place: Place, topic: str) -> int:
    name = Registry.load(PREFIX).full_name(topic)
    with KafkaBroker(place.kafka.settings) as broker, broker.consumer([name], group=None) as reader:
        reader.poll(timeout_s=1)
        return sum(reader.end_offsets().values())
