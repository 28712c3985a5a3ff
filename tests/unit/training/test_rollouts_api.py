"""Releases over HTTP and from the command line; and what happens where Kafka or a process goes in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from google.protobuf import json_format
from hypothesis import HealthCheck, settings
from pydantic import SecretStr
from schemathesis.specs.openapi.checks import positive_data_acceptance
from typer.testing import CliRunner

from support.waiting import until
from towpath.cli.__main__ import app as cli
from towpath.cli.local.ports import choose_port
from towpath.core.errors import RetryableError
from towpath.core.ids import alert_id
from towpath.core.service import AuthSettings, HttpSettings
from towpath.core.service.servers import api_server
from towpath.core.stream import Codec, MemoryBroker, Registry, read_history
from towpath.training.adapters.releases import Releases
from towpath.training.adapters.store import RunStore
from towpath.training.bootstrap import build
from towpath.training.domain.runs import Run
from towpath.training.settings import TrainingSettings
from towpath.v1 import Alert, ModelRelease, Rollout, RolloutMode, RolloutOutcome

OBJECTIVE = Path(__file__).parents[3] / "objective.yaml"
HOSTILE = "\x1b[2J[red]\n"


def release(n: int) -> ModelRelease:
    return ModelRelease(release_id=f"rel-{n}", model_name="tweet-sentiment", run_id=f"run-0000000{n}")


class Rig:
    """Training in this process: rel-0 reigns, rel-1 and rel-2 passed their gates in runs of before."""

    def __init__(self, home: Path, runs: Sequence[int] = (1, 2), **more: Any) -> None:
        self.broker, self.registry, self.codec = MemoryBroker(fault=self._fault), Registry.load(), Codec()
        self.broker.create_topics(self.registry.specs())
        self.releases = Releases(self.broker, self.codec, self.registry)
        self.sends, self.fail_at = 0, 0
        self.releases.publish(release(0))
        for n in runs:
            made = json_format.MessageToDict(release(n))
            RunStore(home / "runs").save(Run(run_id=f"run-0000000{n}", status="succeeded", release=made))
        self.service = build(
            TrainingSettings(home=home, objective=OBJECTIVE, **more),
            broker=self.broker,
            promote=lambda *_: None,
            challenge=lambda *_: None,
        )
        assert self.service.app is not None
        self.app, self.client = self.service.app, TestClient(self.service.app)

    def _fault(self, step: str) -> None:
        if step != "send":
            return
        self.sends += 1
        if self.sends == self.fail_at:
            raise RetryableError("Kafka went away")

    def ask(self, path: str = "", **body: Any) -> tuple[int, Any]:
        answer = self.client.post(f"/v1/rollouts{path}", json=body)
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            return answer.status_code, answer.json()["detail"]
        return 200, answer.json()

    def verdict(self, verdict: str) -> Alert:
        """As monitoring gives it of what runs now."""
        running = self.rollouts()[-1]
        since = str(running.updated_at.ToNanoseconds())
        return Alert(
            alert_id=alert_id("rollout", running.rollout_id, "canary", since, verdict),
            objective="tweet-sentiment",
            monitor="rollout",
            summary="says monitoring",
            evidence={"promote": verdict == "promote", "documents": 400},
        )

    def tell(self, *alerts: Alert) -> None:
        topic = self.registry.full_name("alerts")
        with self.broker.producer(client_id="test") as producer:
            producer.send([self.codec.encode(each, topic=topic, key=each.objective) for each in alerts], timeout_s=5)

    def now(self) -> tuple[str, str | None]:
        """Who reigns, who is tried."""
        known = self.client.get("/v1/releases").json()
        rollout = known["rollout"]
        return known["reigning"]["releaseId"], rollout and rollout["challenger"]["releaseId"]

    def rollouts(self) -> list[Rollout]:
        topic = self.registry.full_name("rollouts")
        return list(read_history(self.broker, self.codec, topic, Rollout, client_id="test"))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_a_release_is_tried_promoted_and_gone_back_from_by_hand(rig: Rig) -> None:
    known = rig.client.get("/v1/releases").json()
    assert {each["releaseId"] for each in known["releases"]} == {"rel-0", "rel-1", "rel-2"}
    code, decided = rig.ask(mode="shadow", releaseId="rel-1", actor="ada", reason="new guide")
    assert (code, decided["told"]) == (200, "rel-1 is tried as shadow beside rel-0")
    assert rig.rollouts()[-1].actor == "ada"
    assert rig.ask(mode="canary")[1]["rollout"]["share"] == 0.1  # the objective's
    assert rig.now() == ("rel-0", "rel-1")
    assert rig.ask("/promote")[1]["release"]["previousReleaseId"] == "rel-0"
    assert rig.now() == ("rel-1", None)
    assert rig.ask("/rollback")[0] == 200
    assert rig.now() == ("rel-0", None)
    assert rig.ask("/rollback", releaseId="rel-2")[0] == 200
    assert rig.now() == ("rel-2", None)
    assert len({each.rollout_id for each in rig.rollouts()}) == 1


def test_what_cannot_be_done_is_a_problem_that_says_what_can(rig: Rig) -> None:
    assert rig.ask("/promote")[0] == 409
    assert rig.ask("/rollback")[0] == 409
    assert rig.ask(mode="shadow", releaseId="rel-9") == (
        404,
        "no release 'rel-9' is known: `towpath release list` (GET /v1/releases) names those that are",
    )
    assert rig.ask(mode="shadow", releaseId="rel-1", share=0.5)[0] == 422
    assert rig.ask(mode="canary", releaseId="rel-1", share=1.0)[0] == 422
    assert rig.rollouts() == []
    rig.broker.away = True
    assert rig.ask(mode="shadow", releaseId="rel-1")[0] == 503


def test_what_was_written_by_half_is_completed_by_the_next_decision(rig: Rig) -> None:
    rig.ask(mode="canary", releaseId="rel-1")
    rig.fail_at = rig.sends + 2  # the release is there, and the end of its rollout is not
    assert rig.ask("/promote")[0] == 503
    assert rig.rollouts()[-1].mode == RolloutMode.ROLLOUT_MODE_CANARY
    code, told = rig.ask("/promote")
    assert (code, told[:15]) == (409, "no rollout runs")
    assert rig.rollouts()[-1].mode == RolloutMode.ROLLOUT_MODE_ENDED
    assert rig.now() == ("rel-1", None)


def test_what_was_written_by_half_is_completed_at_the_next_start(rig: Rig) -> None:
    rig.ask(mode="canary", releaseId="rel-1")
    rig.fail_at = rig.sends + 2
    assert rig.ask("/promote")[0] == 503
    stop = threading.Event()
    again = threading.Thread(target=rig.service.loops[0], args=(stop,))
    again.start()
    until(lambda: rig.rollouts()[-1].mode == RolloutMode.ROLLOUT_MODE_ENDED)
    stop.set()
    again.join(20)
    assert rig.rollouts()[-1].outcome == RolloutOutcome.ROLLOUT_OUTCOME_PROMOTED


def test_verdicts_of_a_rollout_that_is_over_are_not_acted_upon(rig: Rig) -> None:
    rig.ask(mode="canary", releaseId="rel-1")
    told = rig.verdict("promote")
    rig.ask("/rollback")
    rig.ask(mode="canary", releaseId="rel-2")
    rig.tell(told, told)
    rig.tell(Alert(alert_id="alr-x", objective="tweet-sentiment", monitor="cost", summary="not about rollouts"))
    rig.tell(rig.verdict("roll-back"))
    stop = threading.Event()
    follows = threading.Thread(target=rig.service.loops[-1], args=(stop,))
    follows.start()
    until(lambda: rig.now() == ("rel-0", None))
    stop.set()
    follows.join(20)
    assert (rig.rollouts()[-1].reason, rig.rollouts()[-1].evidence["documents"]) == ("says monitoring", 400)
    assert rig.rollouts()[-1].outcome == RolloutOutcome.ROLLOUT_OUTCOME_ROLLED_BACK


def test_of_two_who_decide_at_once_one_comes_first(rig: Rig) -> None:
    rig.ask(mode="canary", releaseId="rel-1")
    answers: list[int] = []
    asked = [threading.Thread(target=lambda: answers.append(rig.ask("/promote")[0])) for _ in range(4)]
    for each in asked:
        each.start()
    for each in asked:
        each.join(20)
    assert sorted(answers) == [200, 409, 409, 409]


# Without runs nothing is read from its home.
key = AuthSettings(mode="api-key", api_keys=SecretStr("secret"))
nowhere = Rig(Path("/dev/null/home"), runs=(), auth=key)
schema = schemathesis.openapi.from_asgi("/openapi.json", nowhere.app).include(path_regex="^/v1/(rollouts|releases)")


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_does_what_its_document_says(case: schemathesis.Case) -> None:
    # JSON Schema cannot say which releases there are, so valid by schema may still be refused.
    case.call_and_validate(headers={"X-API-Key": "secret"}, excluded_checks=[positive_data_acceptance])


@pytest.fixture
def command(rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """`towpath release …` at the rig over HTTP; nobody listens where monitoring should."""
    port = choose_port()
    server = api_server(rig.app, HttpSettings(port=port), 5.0, lambda _: None)
    server.start()
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path))
    monkeypatch.setenv("TOWPATH_TRAINING_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("TOWPATH_MONITORING_URL", f"http://127.0.0.1:{choose_port()}")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["release", *arguments])
        return done.exit_code, done.output

    until(lambda: run("list")[0] == 0)
    yield run
    server.stop()
    server.thread.join(10)


def test_the_commands_do_the_same_and_say_what_is_so(rig: Rig, command: Any) -> None:
    assert command("shadow", "rel-1", "--reason", "new guide")[1].endswith("rel-1 is tried as shadow beside rel-0\n")
    code, shown = command("list")
    assert code == 0
    assert "monitoring cannot be asked" in shown
    assert [line.split()[:2] for line in shown.splitlines() if "shadow" in line] == [["rel-1", "shadow"]]
    told = "rel-1 is tried on 0.25 of the documents beside rel-0\n"
    assert command("canary", "--share", "0.25")[1].endswith(told)
    assert command("promote")[0] == 0
    assert rig.now() == ("rel-1", None)
    _, shown = command("rollback", "--json")
    assert json.loads(shown[shown.index("{\n") :])["release"]["releaseId"] == "rel-0"
    code, told = command("rollback")
    assert code != 0
    assert "name a release" in told


def test_what_a_release_says_of_itself_does_not_move_the_cursor(rig: Rig, command: Any) -> None:
    hostile = release(3)
    hostile.release_id, hostile.gate_explanation = "rel-" + "7" * 26, HOSTILE + "because " * 40
    rig.releases.publish(hostile)
    _, shown = command("list")
    assert "\x1b" not in shown
    assert "[red]" in shown
    assert hostile.release_id in shown  # whole, to be copied
