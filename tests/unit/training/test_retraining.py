"""Training by itself as a service: from an alert on Kafka to a release, whatever fails and whoever is killed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from google.protobuf import json_format
from typer.testing import CliRunner

from support.waiting import until
from towpath.cli.__main__ import app as cli
from towpath.cli.local.ports import choose_port
from towpath.core.errors import RetryableError, TowpathError
from towpath.core.service import HttpSettings
from towpath.core.service.servers import api_server
from towpath.core.store import Store
from towpath.core.stream import Codec, MemoryBroker, Registry, read_history, read_until, trace_id_of
from towpath.training.adapters.patience import limited
from towpath.training.adapters.store import RunStore
from towpath.training.bootstrap import build
from towpath.training.domain.runs import Run
from towpath.training.entrypoints.watch import Watcher
from towpath.training.handlers import longest_s
from towpath.training.settings import TrainingSettings
from towpath.v1 import (
    Alert,
    AlertState,
    Annotation,
    ClassDecision,
    ClassLabel,
    ClassProbability,
    Document,
    ModelRelease,
    Prediction,
)

OBJECTIVE = Path(__file__).parents[3] / "objective.yaml"
NAME = "tweet-sentiment"
TRACE = "0123456789abcdef" * 2
FIRING, ACKNOWLEDGED, RESOLVED = (
    AlertState.ALERT_STATE_FIRING,
    AlertState.ALERT_STATE_ACKNOWLEDGED,
    AlertState.ALERT_STATE_RESOLVED,
)
Launched = Callable[[threading.Event], dict[str, Any]]


def result(outcome: str, number: int = 1) -> dict[str, Any]:
    release = ModelRelease(release_id=f"rel-{number}", model_name=NAME, run_id=f"run-{number}", snapshot_id="sha256:a")
    told = json_format.MessageToDict(release) if outcome == "pass" else None
    return {"outcome": outcome, "explanation": "e", "metrics": {}, "comparisons": [], "snapshot_id": "sha256:a",
            "report": "r", "release": told}  # fmt: skip


def passes(_: threading.Event) -> dict[str, Any]:
    return result("pass")


def refuses(_: threading.Event) -> dict[str, Any]:
    return result("fail")


def loses_its_node(_: threading.Event) -> dict[str, Any]:
    raise TowpathError("the Job towpath-run-1 in team: it is gone")


def hangs(stop: threading.Event) -> dict[str, Any]:
    assert stop.wait(30)
    raise RetryableError("interrupted by a shutdown")


class Rig:
    """An installation in memory whose training can be killed and born again; a pipeline that does what is told."""

    def __init__(self, home: Path, launched: Launched = passes, **policy: Any) -> None:
        self.home, self.broker, self.registry, self.codec = home, MemoryBroker(), Registry.load(), Codec()
        self.broker.create_topics(self.registry.specs())
        data = yaml.safe_load(OBJECTIVE.read_text())
        data["contract"]["labels"]["minRatersPerDocument"] = 1
        data["contract"]["retraining"] |= {"minNewDocuments": 2, "newAnnotatedDocuments": 100} | policy
        (home / "objective.yaml").write_text(yaml.safe_dump(data))
        self.launched, self.more, self.ahead_s = launched, dict[str, Any](), 0.0
        self.patience: Callable[[Any], float] = longest_s
        self.trains = True

    def tries(self, start: str) -> None:
        """What becomes of a release that passed its gate."""
        file = self.home / "objective.yaml"
        data = yaml.safe_load(file.read_text())
        data["contract"]["delivery"]["rollout"] = {"start": start, "share": 0.5}
        file.write_text(yaml.safe_dump(data))

    @contextmanager
    def life(self) -> Iterator[Rig]:
        """Training runs; with `trains` False, what it starts is left queued, as by a process that is killed then."""
        file = self.home / "objective.yaml"
        settings = TrainingSettings(home=self.home, objective=file, training_auto=True, **self.more)
        service = build(settings, broker=self.broker, promote=lambda *_: None, launch=self._launch)
        loop: Any = service.loops[1]
        watcher: Watcher = loop.__self__
        real = watcher.retraining.now
        watcher.retraining.now = lambda: real() + self.ahead_s
        self.trainer = watcher.retraining.trainer
        self.trainer.patience = self.patience
        assert service.app is not None
        self.app, self.client, stop = service.app, TestClient(service.app), threading.Event()
        loops = service.loops[:2] if self.trains else service.loops[1:2]
        threads = [threading.Thread(target=loop, args=(stop,)) for loop in loops]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stop.set()
            for thread in threads:
                thread.join(20)
                assert not thread.is_alive()

    def traces(self, topic: str) -> list[str]:
        """Of what is on a topic, in its order."""
        with self.broker.consumer([self.registry.full_name(topic)], group=None) as reader:
            records = list(read_until(reader, reader.end_offsets()))
        return [trace_id_of(dict(each.headers).get("traceparent", b"").decode()) for each in records]

    def _launch(self, arguments: Sequence[str], __: Path, ___: Any, stop: threading.Event) -> dict[str, Any]:
        self.arguments = list(arguments)
        made = self.launched(stop)
        if made["release"] is not None:
            made["release"]["runId"] = arguments[1]
        return made

    def send(self, topic: str, *messages: Any) -> None:
        name = self.registry.full_name(topic)
        with self.broker.producer(client_id="test") as producer:
            producer.send([self.codec.encode(each, topic=name, key=NAME) for each in messages], timeout_s=5)

    def annotate(self, *numbers: int) -> None:
        said: dict[str, Any] = {"rater_id": "r", "class_label": ClassLabel(label="neutral")}
        self.send("annotations", *(Annotation(annotation_id=f"a{n}", document_id=f"d{n}", **said) for n in numbers))

    def predict(self, *numbers: int) -> None:
        """Documents come and are answered."""
        said = [ClassProbability(label=each, probability=1 / 3) for each in ("negative", "neutral", "positive")]
        decision = ClassDecision(label="neutral", probabilities=said)
        self.send("documents", *(Document(document_id=f"d{n}", text=f"words of train {n}") for n in numbers))
        self.send("predictions", *(Prediction(document_id=f"d{n}", class_decision=decision) for n in numbers))

    def alarm(
        self,
        cause: str = "drift/embedding",
        harm: float = 190.0,
        state: int = FIRING,
        document_ids: Sequence[str] = (),
    ) -> None:
        made = Alert(alert_id=f"alr-{cause}", objective=NAME, monitor=cause.split("/")[0], cause=cause, trace_id=TRACE)
        made.state, made.extra_cost_per_thousand, made.summary = state, harm, "s"  # type: ignore[assignment]
        made.document_ids.extend(document_ids)
        self.send("alerts", made)

    def alerts(self) -> list[Alert]:
        return list(read_history(self.broker, self.codec, self.registry.full_name("alerts"), Alert, client_id="test"))

    def told(self, monitor: str = "drift") -> list[Alert]:
        return [each for each in self.alerts() if each.actor == "training" and each.monitor == monitor]

    def runs(self) -> list[Run]:
        return RunStore(self.home / "runs").all()

    def asked(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get("/v1/retraining").json()
        return answer


def test_an_alert_leads_to_a_run_and_a_release_in_its_trace_and_is_told_so_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.annotate(1, 2)
    rig.alarm()
    with rig.life():
        until(lambda: [run.status for run in rig.runs()] == ["succeeded"])
        (told,) = until(rig.told)
    (run,) = rig.runs()
    assert (run.causes, run.alert_ids, run.trace_id) == (("drift/embedding",), ("alr-drift/embedding",), TRACE)
    assert (told.state, told.alert_id, told.extra_cost_per_thousand) == (ACKNOWLEDGED, "alr-drift/embedding", 190)
    assert told.reason.startswith(f"run {run.run_id} started: 190 EUR more per 1,000 documents are 19,000 EUR")
    assert rig.traces("models") == [TRACE]
    assert rig.arguments[:4] == ["--run-id", run.run_id, "--trace-id", TRACE]
    with rig.life():  # born again, it knows what was decided
        until(lambda: rig.asked()["lookedAt"])
        assert [each["outcome"] for each in rig.asked()["decisions"]] == ["released"]
    assert (len(rig.runs()), len(rig.told())) == (1, 1)


def test_a_release_that_is_promoted_later_and_by_a_person_goes_on_in_the_trace_of_its_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.tries("shadow")
    rig.annotate(1, 2)
    rig.send("models", ModelRelease(release_id="rel-0", model_name=NAME))
    rig.alarm()
    with rig.life():
        until(lambda: [run.status for run in rig.runs()] == ["succeeded"])
    with rig.life():
        assert rig.client.post("/v1/rollouts", json={"mode": "canary", "share": 0.5}).status_code == 200
        assert rig.client.post("/v1/rollouts/promote", json={"reason": "cheaper"}).status_code == 200
    assert rig.traces("models") == ["", TRACE]
    assert rig.traces("rollouts") == [TRACE] * 3


def test_two_alarms_at_once_and_labels_are_one_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, newAnnotatedDocuments=2)
    rig.annotate(1, 2)
    rig.alarm("drift/embedding")
    rig.alarm("drift/length")
    with rig.life():
        until(lambda: len(rig.told()) == 2)
    (run,) = rig.runs()
    assert run.causes == ("drift/embedding", "drift/length", "labels")
    assert {each.reason[:40] for each in rig.told()} == {f"run {run.run_id} started: 190"[:40]}


def test_killed_between_start_and_telling_it_tells_of_that_run_and_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.annotate(1, 2)
    rig.alarm()

    def no_more(step: str) -> None:
        if step == "send" and rig.runs():
            raise RetryableError("the cable is cut")

    rig.broker.fault, rig.trains = no_more, False
    with rig.life():
        (first,) = until(rig.runs)
    assert (first.status, rig.told()) == ("queued", [])
    rig.broker.fault, rig.trains = lambda _: None, True
    with rig.life():
        until(rig.told)
        assert [run.status for run in rig.runs()] == ["failed"], "not tried again at once"
        rig.ahead_s = 61
        until(lambda: [run.status for run in rig.runs()] == ["succeeded", "failed"])
        until(lambda: len(rig.told()) == 2)
    assert [first.run_id in each.reason for each in rig.told()] == [True, False]
    assert "interrupted" in rig.runs()[1].error


def test_killed_after_its_release_was_out_the_run_has_succeeded(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.annotate(1, 2)
    rig.alarm()
    rig.trains = False
    with rig.life():
        until(rig.told)
    (run,) = rig.runs()
    release = ModelRelease(release_id="rel-1", model_name=NAME, run_id=run.run_id, snapshot_id="sha256:a")
    rig.send("models", release)
    rig.trains, rig.ahead_s = True, 90.0
    with rig.life():
        (decision,) = until(lambda: rig.asked()["decisions"])
        assert (decision["outcome"], rig.asked()["waiting"]) == ("released", None)
    assert [(each.status, each.outcome) for each in rig.runs()] == [("succeeded", "pass")]


def test_killed_before_the_start_it_decides_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    rig.annotate(1, 2)
    rig.alarm()
    rig.trains, full = False, threading.Event()
    real = RunStore.save

    def no_room(store: RunStore, run: Run) -> None:
        full.set()
        raise OSError("no space left on device")

    monkeypatch.setattr(RunStore, "save", no_room)
    with rig.life():
        assert full.wait(20)
    assert (rig.runs(), rig.told()) == ([], [])
    monkeypatch.setattr(RunStore, "save", real)
    rig.trains = True
    with rig.life():
        until(lambda: [run.status for run in rig.runs()] == ["succeeded"])


def test_a_lost_node_is_a_failed_run_that_is_tried_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, loses_its_node)
    rig.annotate(1, 2)
    rig.alarm()
    with rig.life():
        until(lambda: [run.status for run in rig.runs()] == ["failed"])
        until(lambda: (rig.asked()["waiting"] or {}).get("until"))
        rig.launched, rig.ahead_s = passes, 61
        until(lambda: [run.status for run in rig.runs()] == ["succeeded", "failed"])
    assert "it is gone" in rig.runs()[1].error


def test_a_training_that_hangs_is_given_up_and_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path, hangs)
    rig.patience = lambda _: 0.3
    rig.annotate(1, 2)
    rig.alarm()
    with rig.life():
        (call,) = until(lambda: rig.told("retraining"))
        assert (call.cause, call.state) == ("retraining/hung", FIRING)
        (run,) = rig.runs()
        assert run.given_up
        assert run.error == "TowpathError: given up: it took longer than 6h (retraining.maxRunTime)"
        assert rig.asked()["decisions"][-1]["outcome"] == "given up"
        rig.launched, rig.trainer.patience, rig.ahead_s = passes, longest_s, 61
        until(lambda: [each.state for each in rig.told("retraining")] == [FIRING, RESOLVED])


def test_a_shutdown_is_no_hang(tmp_path: Path) -> None:
    rig, entered = Rig(tmp_path), threading.Event()

    def waits(stop: threading.Event) -> dict[str, Any]:
        entered.set()
        return hangs(stop)

    rig.launched = waits
    rig.annotate(1, 2)
    rig.alarm()
    with rig.life():
        assert entered.wait(20)
    (run,) = rig.runs()
    assert (run.status, run.given_up) == ("failed", False)


def test_patience_ends_with_what_it_waits_for() -> None:
    stop = threading.Event()
    with limited(stop, 60) as either:
        assert not either.is_set()
        stop.set()
        assert either.wait(10)
    with limited(threading.Event(), 0) as either:
        assert either.wait(10)


def test_a_gate_that_keeps_refusing_asks_a_person(tmp_path: Path) -> None:
    rig = Rig(tmp_path, refuses, maxFailures=2, cooldown="1h")
    rig.annotate(1, 2)
    rig.alarm()
    with rig.life():
        until(lambda: len(rig.runs()) == 1 and rig.runs()[0].status == "succeeded")
        until(lambda: [each.cause for each in rig.told("retraining")] == ["retraining/labels"])
        rig.annotate(3, 4)
        until(lambda: (rig.asked()["waiting"] or {}).get("until"))
        rig.ahead_s = 2 * 3600 + 5
        until(lambda: [run.status for run in rig.runs()] == ["succeeded", "succeeded"])
        until(lambda: "retraining/failing" in [each.cause for each in rig.told("retraining")])
        assert "a person" in until(lambda: rig.asked()["waiting"])["why"]


def test_a_challenger_that_is_rolled_back_later_answers_its_cause_no_more(tmp_path: Path) -> None:
    rig = Rig(tmp_path, maxFailures=2, cooldown="1h", minNewDocuments=1)
    rig.tries("canary")
    rig.annotate(1)
    rig.send("models", ModelRelease(release_id="rel-0", model_name=NAME))
    rig.alarm()
    with rig.life():
        until(lambda: [run.status for run in rig.runs()] == ["succeeded"])
        until(lambda: len(rig.told()) == 1)
        assert rig.asked()["waiting"] is None
        assert rig.client.post("/v1/rollouts/rollback", json={"reason": "it is worse"}).status_code == 200
        rig.annotate(2)
        until(lambda: (rig.asked()["waiting"] or {}).get("until"))
        assert [each["outcome"] for each in rig.asked()["decisions"] if each["outcome"]] == ["taken back"]
    with rig.life():  # born again, it knows that, too
        assert until(lambda: rig.asked()["waiting"])["causes"] == ["drift/embedding"]
        assert [run.status for run in rig.runs()] == ["succeeded"]
        rig.launched, rig.ahead_s = lambda _: result("pass", 2), 2 * 3600 + 5
        until(lambda: [run.status for run in rig.runs()] == ["succeeded", "succeeded"])
        until(lambda: len(rig.told()) == 2)
        rig.client.post("/v1/rollouts/rollback", json={"reason": "this one, too"})
        until(lambda: "retraining/failing" in [each.cause for each in rig.told("retraining")])
    assert [run.run_id in each.reason for run, each in zip(reversed(rig.runs()), rig.told(), strict=True)] == [True] * 2


def test_labels_are_asked_for_and_waited_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.annotate(1)
    rig.predict(1, 7, 8)
    rig.alarm(document_ids=["d1", "d8"])
    with rig.life():
        (call,) = until(lambda: rig.told("retraining"))
        assert f"towpath labels next --count 1 -o next.ndjson --alert {call.alert_id}" in call.summary
        assert list(call.document_ids) == ["d8"], "seen in the alert, predicted, and nobody labelled it"
        assert (rig.runs(), rig.told()) == ([], [])
        rig.annotate(2)
        until(lambda: [run.status for run in rig.runs()] == ["succeeded"])
        until(lambda: [each.state for each in rig.told("retraining")] == [FIRING, RESOLVED])


def test_kafka_away_is_waited_out(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.annotate(1, 2)
    with rig.life():
        until(lambda: rig.asked()["lookedAt"])
        rig.broker.away = True
        until(lambda: rig.client.get("/readyz").status_code == 503)
        rig.broker.away = False
        rig.alarm()
        until(lambda: [run.status for run in rig.runs()] == ["succeeded"])
        until(rig.told)


def test_runs_that_only_the_store_knows_are_known_again(tmp_path: Path) -> None:
    """A pod's own disk ends with it."""
    store = {"store": {"url": (tmp_path / "store").as_uri()}}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "store").mkdir()
    rig = Rig(tmp_path / "one")
    rig.more = store
    rig.annotate(1, 2)
    rig.alarm()
    with rig.life():
        until(lambda: [run.status for run in rig.runs()] == ["succeeded"])
        until(rig.told)
    (run,) = rig.runs()
    assert Store.open(store["store"]["url"]).names("runs") == [run.run_id]
    (tmp_path / "two" / "objective.yaml").write_text((tmp_path / "one" / "objective.yaml").read_text())
    rig.home = tmp_path / "two"
    rig.alarm("drift/length")
    with rig.life():
        until(lambda: rig.asked()["waiting"])
        assert [each.run_id for each in rig.runs()] == [run.run_id]
        assert rig.asked()["newAnnotatedDocuments"] == 0


def test_what_it_decided_and_waits_for_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(tmp_path)
    rig.alarm("drift/length", harm=0.1)
    rig.alarm(harm=190.0)
    with rig.life():
        until(lambda: [each["told"] for each in rig.asked()["alerts"]] == [True, False] and rig.asked()["asked"])
        found = rig.asked()
        assert (found["auto"], found["objective"]) == (True, NAME)
        assert found["waiting"]["causes"] == ["drift/embedding"]
        assert [(each["cause"], each["worth"], each["told"]) for each in found["alerts"]] == [
            ("drift/length", 10.0, True),
            ("drift/embedding", 19_000.0, False),
        ]
        said = command(rig, monkeypatch)
        for words in ("not worth a run", "drift/embedding", "2 more annotated documents", "towpath labels next"):
            assert words in said
        assert json.loads(command(rig, monkeypatch, "--json"))["waiting"] == found["waiting"]


def command(rig: Rig, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    """What `towpath retraining` prints, asked of the service over HTTP."""
    port = choose_port()
    server = api_server(rig.app, HttpSettings(port=port), 5.0, lambda _: None)
    server.start()
    try:
        monkeypatch.setenv("TOWPATH_TRAINING_URL", f"http://127.0.0.1:{port}")
        return until(lambda: _printed(["retraining", *options]))
    finally:
        server.stop()
        server.thread.join(10)


def _printed(arguments: list[str]) -> str:
    """Empty while the service does not answer yet."""
    made = CliRunner().invoke(cli, arguments)
    return made.stdout if made.exit_code == 0 else ""


def test_without_auto_it_says_so(tmp_path: Path) -> None:
    service = build(TrainingSettings(home=tmp_path, objective=OBJECTIVE), broker=MemoryBroker())
    assert service.app is not None
    answer = TestClient(service.app).get("/v1/retraining").json()
    assert (answer["auto"], answer["lookedAt"], answer["waiting"]) == (False, None, None)
