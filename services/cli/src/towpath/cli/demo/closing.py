"""The stages of the second act: the world changes, and the loop closes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from towpath.cli.context import Installed
from towpath.cli.demo import http, tweets
from towpath.cli.demo.board import Stage
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.loop import asked_for, more
from towpath.cli.demo.path import SILENCE_LIMIT_S, TRAINING_LIMIT_S, Walk, tell_truths, there, until, write_down
from towpath.cli.demo.policy import for_minutes, write
from towpath.cli.demo.spark import climb
from towpath.cli.demo.tweets import Tweet
from towpath.cli.local.state import Up
from towpath.core.errors import TowpathError
from towpath.core.service import ServiceSettings

__all__ = ["SECOND_ACT"]

_TWEETS = 4200
# Of the films. So many are labelled that the gate can see what a film costs: its test has tweets and films.
_LABELLED, _KEPT = 0.4, 0.2
# Of the some twenty of a film: whose mean is nearly as good to learn from and to gate on, for a quarter of the grades.
_RATERS = 5
_PER_SECOND, _LOOK_S = 10.0, 0.2
_PATIENCE_S, _SAID_S = 15.0, 3.0
_BATCH = 250


def decide_by_itself(walk: Walk, stage: Stage) -> None:
    """Training gets an objective for a demo of minutes, and decides by it from now on."""
    loop = walk.loop
    every, _ = tweets.split(tweets.read_sdist(sdist(), "movies"), 1.0, walk.options.seed)
    loop.films = every[: round(len(every) * min(1.0, walk.counts["tweets"] / _TWEETS))]
    loop.wanted = round(_LABELLED * len(loop.films))
    objective, loop.changes = for_minutes(walk.objective, loop.wanted)
    file = walk.options.home / "objective-second-act.json"
    write(objective, file)
    there(walk.services).restart("training", {"TOWPATH_TRAINING_AUTO": "true", "TOWPATH_OBJECTIVE": str(file)})
    there(walk.services).wait_live(lambda _: None)
    write_down(walk)
    # Until it has read what there is, films may come: `answer` waits for it.
    stage.say(f"by the objective, but for a demo of minutes: {'; '.join(loop.changes)}")


def arrive(walk: Walk, stage: Stage) -> None:
    """Film snippets, one by one, until a monitor alarms."""
    loop, url = walk.loop, f"{walk.url('ingestion')}/v1/documents"
    loop.began, looked = time.time(), 0.0
    begin = time.monotonic()
    while not loop.alert:
        if loop.sent < loop.wanted // 2:
            wait = begin + loop.sent / _PER_SECOND - time.monotonic()
            if wait > 0:
                time.sleep(min(wait, _LOOK_S))
            else:
                http.post(there(walk.client), url, http.document(loop.next(1)[0]))
        else:
            time.sleep(_LOOK_S)
        if time.monotonic() - looked >= _LOOK_S:
            looked = time.monotonic()
            _look(walk, stage)
        if time.monotonic() > begin + loop.sent / _PER_SECOND + SILENCE_LIMIT_S:
            raise TowpathError(f"no monitor alarmed within {loop.sent} film snippets")
    loop.seconds["alarm"] = time.time() - loop.began
    _keep(walk, stage, loop.films[: loop.sent])
    fired = float(loop.alert["drift"]["firedAt"])
    loop.until_alarm = sum(_made_at(walk, each) <= fired for each in loop.films[: loop.sent])
    worth = f"{more(loop.alert, walk.objective.unit)} expected"
    stage.expect(0, "")
    stage.say(
        f"capital {climb(loop.capital)} alarm\n{loop.alert['cause']} after {loop.until_alarm} snippets: {worth}\n"
        f"{loop.alert['summary']}"
    )


def _look(walk: Walk, stage: Stage) -> None:
    loop = walk.loop
    watched = _asked(walk, "monitoring", "/v1/drift")["watched"]
    fresh = [each for each in watched if not each["alarm"] or each["alarm"]["firedAt"] >= loop.began]
    if not fresh:
        return
    most = max(fresh, key=lambda each: float(each["capital"]))
    loop.capital.append(float(most["capital"]))
    stage.say(f"{loop.sent} snippets; {most['name']} {climb(loop.capital)} {most['capital']:.1e}, 1 is an alarm")
    alarms = {f"drift/{each['name']}": each["alarm"] for each in fresh if each["alarm"]}
    told = [each for each in _alerts(walk) if each["cause"] in alarms]
    if told:
        # Of several, the one that costs most: it is what the policy goes by.
        chosen = max(told, key=lambda each: float(each["extraCostPerThousand"]))
        loop.alert = {**chosen, "drift": alarms[chosen["cause"]]}


def price(walk: Walk, stage: Stage) -> None:
    """More of them, all at once, and the truth about each: what the first release really costs on films."""
    loop = walk.loop
    films = loop.next(loop.wanted - loop.sent)
    _send(walk, stage, films)
    loop.before = loop.films[: loop.sent]
    joined = _joined(walk)
    tell_truths(walk, stage, loop.before)
    stage.say("monitoring puts truths to predictions")
    until(lambda: float(_joined(walk) >= joined + len(loop.before)), what="monitoring did not put all truths together")
    deadline = time.monotonic() + _SAID_S
    while not loop.priced and time.monotonic() < deadline:
        loop.priced = next((each for each in _alerts(walk) if each["cause"] == "performance/cost"), {})
        time.sleep(_LOOK_S)
    stage.say(str(loop.priced["summary"]) if loop.priced else "no alarm: what feedback shows may still be chance")


def answer(walk: Walk, stage: Stage) -> None:
    """Training asks for labels: real grades of these documents, by a few raters each.

    What decisions cost is told by the mean of all raters.
    """
    loop = walk.loop
    until(
        lambda: float(_asked(walk, "training", "/v1/retraining")["lookedAt"] is not None),
        what=f"training does not decide by itself: see {walk.options.home / 'logs' / 'training.log'}",
        limit_s=TRAINING_LIMIT_S,
    )

    def question() -> float:
        asked = [each for each in _alerts(walk) if each["cause"] == "retraining/labels"]
        loop.question = asked[0] if asked else {}
        return float(bool(asked))

    until(question, what="training asks for no labels: `towpath retraining` shows what it waits for")
    evidence = loop.question["evidence"]
    known = {each.document_id: each for each in (*walk.learn, *walk.unseen, *loop.films)}
    missing = round(evidence["wanted"] - evidence["have"])
    chosen = asked_for(missing, loop.question["documentIds"], loop.before, known)
    raters = max(_RATERS, walk.objective.contract.labels.min_raters_per_document)
    rows = [row for each in chosen for row in http.ratings(each, raters)]
    stage.expect(len(rows), "grades")
    url = f"{walk.url('ingestion')}/v1/annotations"
    loop.ratings = http.post_stream(there(walk.client), url, rows, stage.count)
    stage.say(f"{loop.question['summary']}\nanswered with {raters} raters' grades of {len(chosen):,} documents")


def train_by_itself(walk: Walk, stage: Stage) -> None:
    """The run that the alarm started, to its gate."""
    found: list[str] = []

    def started() -> float:
        made = _asked(walk, "training", "/v1/retraining")["decisions"]
        found[:] = [each["runId"] for each in made if each["runId"]]
        return float(bool(found))

    until(started, what="training started no run: `towpath retraining` shows what it waits for")
    client, url = there(walk.client), walk.url("training")
    walk.loop.run = run = http.follow(client, url, found[0], stage.say, timeout_s=TRAINING_LIMIT_S)
    stage.say(f"started by {', '.join(run['causes'])}; gate: {run['outcome']} ({http.steps(run)})")
    if run["outcome"] != "pass" or not run["release"]:
        raise TowpathError(f"the gate let no release through ({run['outcome']}): {run['explanation']}")


def try_it(walk: Walk, stage: Stage) -> None:
    """Canary: a share of the documents that come is answered by the new release, until what they cost decides."""
    loop, release = walk.loop, walk.loop.run["release"]["releaseId"]
    until(
        lambda: http.metric(there(walk.client), walk.url("serving"), "towpath_serving_rollout", release=release),
        limit_s=TRAINING_LIMIT_S,
        what=f"serving does not try {release}: see {walk.options.home / 'logs' / 'serving.log'}",
    )
    most, start = round((1 - _KEPT) * len(loop.films)), loop.sent
    while not _promoted(walk, release):
        films = loop.next(min(_BATCH, most - loop.sent))
        if not films:
            raise TowpathError(f"{loop.sent - start:,} documents did not decide it: {loop.evidence.get('explanation')}")
        _send(walk, stage, films)
        tell_truths(walk, stage, films)
        _weigh(walk, stage, loop.sent - start)
    loop.tried = loop.films[start : loop.sent]
    loop.promoted = time.time()
    loop.seconds["release"] = loop.promoted - loop.began
    until(
        lambda: http.metric(there(walk.client), walk.url("serving"), "towpath_serving_model", release=release),
        what=f"serving took no notice of {release}",
    )
    stage.expect(0, "")
    stage.say(f"{loop.rollout.get('reason', '')}\n{release} reigns")


def _weigh(walk: Walk, stage: Stage, told: int) -> None:
    """Until monitoring has counted all that it was told, or the rollout is over."""
    loop, deadline = walk.loop, time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        seen = _asked(walk, "monitoring", "/v1/rollouts")["rollouts"]
        if not seen:
            return
        loop.evidence = seen[0]
        stage.say(str(seen[0]["explanation"]))
        if seen[0]["documents"] >= told or seen[0]["verdict"] != "undecided":
            break
        time.sleep(_LOOK_S)
    # Training acts on a verdict within moments.
    while loop.evidence["verdict"] != "undecided" and time.monotonic() < deadline:
        if _asked(walk, "training", "/v1/releases")["rollout"] is None:
            return
        time.sleep(_LOOK_S)


def _promoted(walk: Walk, release: str) -> bool:
    """Raises TowpathError: it was taken back."""
    known = _asked(walk, "training", "/v1/releases")
    if known["rollout"] is not None:
        return False
    walk.loop.rollout = known["lastRollout"] or {}
    if known["reigning"]["releaseId"] != release:
        raise TowpathError(f"{release} was taken back: {walk.loop.rollout.get('reason')}")
    return True


def compare(walk: Walk, stage: Stage) -> None:
    """Fresh films by the release that reigns now; and what the first would have decided of each, by its bundle."""
    from towpath.cli.reigning import released
    from towpath.model import Model

    loop, home = walk.loop, walk.options.home
    loop.after = loop.next(round(_KEPT * len(loop.films)))
    _send(walk, stage, loop.after)
    tell_truths(walk, stage, loop.after)
    stage.say("what would the first release have cost?")
    here = Installed(home, ServiceSettings(), Up.load(home))
    champion = next(iter(loop.seen.values())).prediction.release_id
    films = [each for each in (*loop.tried, *loop.after) if _release_of(walk, each) != champion]
    stage.expect(len(films), "documents decided by the first release's bundle")
    model = Model.load(released(here, champion), side_by_side=True)
    decided: dict[str, tuple[str, bool]] = {}
    for start in range(0, len(films), _BATCH):
        part = films[start : start + _BATCH]
        for film, said in zip(part, model.predict([each.text for each in part]), strict=True):
            decided[film.document_id] = said.label, said.decision == "ask-person"
        stage.count(len(decided))
    loop.first_decisions = decided
    release = loop.run["release"]["releaseId"]
    loop.realised = http.metric(
        there(walk.client), walk.url("monitoring"), "towpath_monitoring_realised_cost", release=release
    )
    stage.say(f"monitoring: {loop.realised or float('nan'):.3f} {walk.objective.unit} a document")


def _joined(walk: Walk) -> float:
    """Documents of the release that answers the first film, with their truth."""
    release = _release_of(walk, walk.loop.films[0])
    name = "towpath_monitoring_feedback_documents"
    return http.metric(there(walk.client), walk.url("monitoring"), name, release=release) or 0.0


def _send(walk: Walk, stage: Stage, films: Sequence[Tweet]) -> None:
    stage.expect(len(films), "predictions")
    url = f"{walk.url('ingestion')}/v1/documents"
    http.post_stream(there(walk.client), url, map(http.document, films), lambda _: None)
    _keep(walk, stage, films)


def _keep(walk: Walk, stage: Stage, films: Sequence[Tweet]) -> None:
    stage.expect(len(films), "predictions")
    ids = [each.document_id for each in films]
    walk.loop.seen |= there(walk.reader).wait(ids, timeout_s=SILENCE_LIMIT_S, progress=stage.count)


def _asked(walk: Walk, service: str, path: str) -> dict[str, Any]:
    return http.ask(there(walk.client), f"{walk.url(service)}{path}")


def _alerts(walk: Walk) -> list[dict[str, Any]]:
    """Those that fired since the films began to come."""
    from datetime import datetime

    every = _asked(walk, "monitoring", "/v1/alerts?all=true")["alerts"]
    return [each for each in every if datetime.fromisoformat(each["firedAt"]).timestamp() >= walk.loop.began]


def _made_at(walk: Walk, film: Tweet) -> float:
    return float(walk.loop.seen[film.document_id].prediction.created_at.ToNanoseconds() / 1e9)


def _release_of(walk: Walk, film: Tweet) -> str:
    return str(walk.loop.seen[film.document_id].prediction.release_id)


SECOND_ACT: tuple[tuple[str, Callable[[Walk, Stage], None]], ...] = (
    ("Let training decide by itself", decide_by_itself),
    ("Film snippets arrive", arrive),
    ("Price them by feedback", price),
    ("Answer the question for labels", answer),
    ("Train, evaluate, gate: by itself", train_by_itself),
    ("Try the release as canary", try_it),
    ("Let it reign", compare),
)
