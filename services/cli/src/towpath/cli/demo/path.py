"""The stages of the demo. Each takes what the one before left in `Walk`, and leaves its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from towpath.cli.demo import http, tweets
from towpath.cli.demo.board import Stage
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.loop import Loop
from towpath.cli.demo.preparation import Preparation, prepare
from towpath.cli.demo.reader import PredictionReader, Seen
from towpath.cli.demo.tweets import Tweet
from towpath.cli.local.kafka import USUAL_PORT, LocalKafka
from towpath.cli.local.services import ENDPOINT, SERVICES, Installation, Services
from towpath.cli.local.state import Started, Up
from towpath.core.errors import ConflictError, TowpathError
from towpath.core.objective import Objective, load_objective
from towpath.core.service import KafkaSettings
from towpath.core.stream import KafkaBroker, Registry

__all__ = [
    "SILENCE_LIMIT_S",
    "STAGES",
    "TRAINING_LIMIT_S",
    "Options",
    "Walk",
    "tell_truths",
    "there",
    "until",
    "write_down",
]

_PACED_PER_SECOND = 40.0
_PACED_SHARE = 0.25
TRAINING_LIMIT_S = 420.0
SILENCE_LIMIT_S = 60.0


@dataclass(frozen=True)
class Options:
    """What the demo was asked for. `documents`: how many tweets, all when None."""

    home: Path
    objective: Path
    documents: int | None = None
    endpoint: bool = False
    learn_share: float = 0.6
    seed: int = 0


@dataclass
class Walk:
    """What is known so far. `stack` holds what must be stopped, the last first."""

    options: Options
    objective: Objective
    stack: ExitStack
    registry: Registry
    learn: Sequence[Tweet] = ()
    unseen: Sequence[Tweet] = ()
    preparation: Preparation | None = None
    kafka: LocalKafka | None = None
    broker: KafkaBroker | None = None
    services: Services | None = None
    client: httpx.Client | None = None
    reader: PredictionReader | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    paced: frozenset[str] = frozenset()
    speed: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    monitoring: dict[str, float] = field(default_factory=dict)
    loop: Loop = field(default_factory=Loop)

    @classmethod
    def begin(cls, options: Options, stack: ExitStack) -> Walk:
        """Raises TowpathError: the objective has mistakes, or something runs in this home already."""
        before = Up.load(options.home)
        if before is not None and before.alive:
            raise ConflictError(f"{options.home} is in use by {', '.join(each.name for each in before.alive)}")
        prefix = os.environ.get("TOWPATH_TOPIC_PREFIX", "towpath.")
        return cls(options, load_objective(options.objective), stack, Registry.load(prefix))

    @property
    def bootstrap_servers(self) -> str:
        given = os.environ.get("TOWPATH_KAFKA_BOOTSTRAP_SERVERS")
        servers: str = given or there(self.kafka).bootstrap_servers
        return servers

    def url(self, service: str) -> str:
        url: str = there(self.services)[service].url
        return url


def there(thing: Any) -> Any:
    if thing is None:
        raise TowpathError("an earlier stage has not left what this one needs")
    return thing


def start_kafka(walk: Walk, stage: Stage) -> None:
    if not os.environ.get("TOWPATH_KAFKA_BOOTSTRAP_SERVERS"):
        walk.kafka = LocalKafka(walk.options.home / "kafka", preferred_port=USUAL_PORT, tell=stage.say)
        walk.stack.callback(walk.kafka.stop)
        walk.kafka.start()
    walk.broker = KafkaBroker(KafkaSettings(bootstrap_servers=walk.bootstrap_servers))
    walk.stack.callback(walk.broker.close)
    walk.broker.ping(timeout_s=10.0)
    stage.say(f"Apache Kafka at {walk.bootstrap_servers}")


def create_topics(walk: Walk, stage: Stage) -> None:
    created = there(walk.broker).create_topics(walk.registry.specs())
    stage.say(f"{len(created)} created, {len(list(walk.registry)) - len(created)} there already")


def start_services(walk: Walk, stage: Stage) -> None:
    options = walk.options
    installation = Installation(options.home, walk.bootstrap_servers, walk.registry.prefix, options.objective)
    walk.services = Services(installation)
    walk.stack.callback(walk.services.stop)
    specs = [*SERVICES, ENDPOINT] if options.endpoint else list(SERVICES)
    # The demo says itself when to train.
    walk.services.start(specs, {"TOWPATH_TRAINING_AUTO": "false"})
    live: list[str] = []
    stage.expect(len(SERVICES), "services")

    def progress(name: str) -> None:
        live.append(name)
        stage.count(len(live))
        stage.say(", ".join(live))

    walk.services.wait_live(progress)
    write_down(walk)
    walk.client = walk.stack.enter_context(httpx.Client(timeout=httpx.Timeout(60.0)))


def write_down(walk: Walk) -> None:
    """So that the other commands find the demo while it runs, by TOWPATH_HOME."""
    home, kafka = walk.options.home, walk.kafka
    processes = [] if kafka is None else [Started.of("kafka", kafka.pid, kafka.log)]
    processes += there(walk.services).started()
    up = Up(bootstrap_servers=walk.bootstrap_servers, topic_prefix=walk.registry.prefix, processes=processes)
    up.save(home)
    walk.stack.callback(Up.path(home).unlink, missing_ok=True)


def get_data(walk: Walk, stage: Stage) -> None:
    stage.say("4,200 tweets of Hutto & Gilbert (ICWSM 2014), from the source archive of vaderSentiment")
    every = tweets.read_sdist(sdist())
    chosen = every if walk.options.documents is None else every[: walk.options.documents]
    walk.learn, walk.unseen = tweets.split(chosen, walk.options.learn_share, walk.options.seed)
    ratings = sum(len(each.ratings) for each in chosen)
    walk.counts |= {"tweets": len(chosen), "learned_from": len(walk.learn), "streamed": len(walk.unseen)}
    stage.say(f"{len(chosen):,} tweets with {ratings:,} ratings: {len(walk.learn):,} to learn from")


def prepare_objective(walk: Walk, stage: Stage) -> None:
    """What a team should know before it trains anything."""
    walk.preparation = prepare([*walk.learn, *walk.unseen], walk.objective)
    stage.say("\n".join(walk.preparation.lines(walk.objective)))


def collect(walk: Walk, stage: Stage) -> None:
    walk.reader = PredictionReader(there(walk.broker), walk.registry.full_name("predictions"))
    walk.stack.enter_context(walk.reader)
    client, url, begin = there(walk.client), walk.url("ingestion"), time.monotonic()
    stage.expect(len(walk.learn), "documents")
    http.post_stream(client, f"{url}/v1/documents", map(http.document, walk.learn), stage.count)
    total = sum(len(each.ratings) for each in walk.learn)
    stage.expect(total, "annotations")
    rows = (row for tweet in walk.learn for row in http.ratings(tweet))
    walk.counts["annotations"] = http.post_stream(client, f"{url}/v1/annotations", rows, stage.count)
    walk.speed["ingested_per_second"] = (len(walk.learn) + total) / (time.monotonic() - begin)


def train(walk: Walk, stage: Stage) -> None:
    run = http.run_training(there(walk.client), walk.url("training"), stage.say, timeout_s=TRAINING_LIMIT_S)
    walk.run = run
    stage.say(f"gate: {run['outcome']} ({http.steps(run)})")


def release(walk: Walk, stage: Stage) -> None:
    """Serving follows the models topic, and predicts what has waited for a model."""
    begin = time.time()
    if walk.run["release"]:
        _picked_up(walk, walk.run["release"]["releaseId"])
        stage.say(f"{walk.run['release']['releaseId']} serves, without a restart")
    else:
        _reigns(walk)
        stage.say("the one that reigned serves on")
    stage.expect(len(walk.learn), "predictions")
    ids = [each.document_id for each in walk.learn]
    seen = there(walk.reader).wait(ids, timeout_s=SILENCE_LIMIT_S, progress=stage.count)
    last = max(each.at for each in seen.values())
    if min(each.at for each in seen.values()) > begin:
        walk.speed["backlog_documents_per_second"] = len(seen) / (last - begin)


def _picked_up(walk: Walk, release_id: str) -> None:
    until(
        lambda: http.metric(there(walk.client), walk.url("serving"), "towpath_serving_model", release=release_id),
        what=f"serving took no notice of {release_id}: see {walk.options.home / 'logs' / 'serving.log'}",
    )


def until(ask: Callable[[], float | None], *, what: str, limit_s: float = SILENCE_LIMIT_S) -> float:
    """The first answer that is neither None nor 0.

    Raises:
        TowpathError: none came in time; `what` is its message.
    """
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise TowpathError(what)


def _reigns(walk: Walk) -> None:
    with httpx.Client(timeout=5.0) as client:
        if client.get(f"{walk.url('serving')}/readyz").status_code != 200:
            raise TowpathError(f"no model was released ({walk.run['outcome']}): {walk.run['explanation']}")


def stream(walk: Walk, stage: Stage) -> None:
    """First all at once, for the rate; then at a steady pace, for the latency of live traffic."""
    client, url = there(walk.client), f"{walk.url('ingestion')}/v1/documents"
    paced_count = max(1, min(round(_PACED_SHARE * len(walk.unseen)), 600))
    burst, paced = walk.unseen[paced_count:], walk.unseen[:paced_count]
    stage.expect(len(burst), "predictions")
    stage.say("all at once")
    begin = time.time()
    http.post_stream(client, url, map(http.document, burst), lambda _: None)
    seen = _wait(walk, burst, stage)
    walk.speed["documents_per_second"] = len(burst) / (max(each.at for each in seen.values()) - begin)
    stage.expect(len(paced), "predictions")
    stage.say(f"{_PACED_PER_SECOND:g} a second, a request each")
    walk.speed["paced_documents_per_second"] = _PACED_PER_SECOND
    http.post_each(client, url, paced, per_second=_PACED_PER_SECOND, sent=stage.count)
    walk.seen = {**seen, **_wait(walk, paced, stage)}
    walk.paced = frozenset(each.document_id for each in paced)
    walk.counts["repeated_predictions"] = there(walk.reader).repeated(list(walk.seen))
    if walk.counts["repeated_predictions"]:
        raise TowpathError(f"{walk.counts['repeated_predictions']} documents were predicted more than once")
    stage.say("each document predicted exactly once")


def _wait(walk: Walk, sent: Sequence[Tweet], stage: Stage) -> dict[str, Seen]:
    ids = [each.document_id for each in sent]
    found: dict[str, Seen] = there(walk.reader).wait(ids, timeout_s=SILENCE_LIMIT_S, progress=stage.count)
    return found


def feed_back(walk: Walk, stage: Stage) -> None:
    """The truth about every other streamed tweet, from which monitoring learns what errors cost."""
    told = walk.unseen[::2]
    walk.counts["feedback"] = tell_truths(walk, stage, told)
    _realised(walk, {each.document_id for each in told}, stage)


def tell_truths(walk: Walk, stage: Stage, about: Sequence[Tweet]) -> int:
    """What raters think of each, as feedback; how many were accepted."""
    stage.expect(len(about), "truths")
    label = walk.objective.class_of_grade
    rows = (http.feedback(each, label(each.mean)) for each in about)
    return http.post_stream(there(walk.client), f"{walk.url('ingestion')}/v1/feedback", rows, stage.count)


def _realised(walk: Walk, told: set[str], stage: Stage) -> None:
    """Wait until monitoring has put truths and predictions together, and ask it for the cost."""
    client, url = there(walk.client), walk.url("monitoring")
    by = {"release": max(walk.seen.values(), key=lambda each: each.at).prediction.release_id}

    def all_joined() -> float | None:
        joined = http.metric(client, url, "towpath_monitoring_feedback_documents", **by) or 0.0
        stage.count(min(int(joined), len(told)))
        return joined if joined >= len(told) else None

    until(all_joined, what=f"monitoring did not put {len(told)} truths to predictions")
    for name in ("realised_cost", "predicted_cost", "accuracy_ratio"):
        value = http.metric(client, url, f"towpath_monitoring_{name}", **by)
        if value is not None:
            walk.monitoring[name] = value
    stage.say(f"monitoring: {walk.monitoring['realised_cost']:.3f} {walk.objective.unit} a document")


STAGES: tuple[tuple[str, Callable[[Walk, Stage], None]], ...] = (
    ("Get the data", get_data),
    ("Weigh the objective", prepare_objective),
    ("Start Kafka", start_kafka),
    ("Create topics", create_topics),
    ("Start services", start_services),
    ("Collect documents and ratings", collect),
    ("Train, evaluate, gate", train),
    ("Release", release),
    ("Stream unseen documents", stream),
    ("Feed back the truth", feed_back),
)
