"""Alerts over HTTP, from the command line and to receivers: on a broker in memory, with a real server at each end."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from prometheus_client import generate_latest
from pydantic import SecretStr
from schemathesis.specs.openapi.checks import positive_data_acceptance
from typer.testing import CliRunner

from support.alerts import Hook, Switch
from support.waiting import until
from towpath.cli.__main__ import app as cli
from towpath.cli.local.ports import choose_port
from towpath.core.errors import CrashError, RetryableError
from towpath.core.objective import load_objective
from towpath.core.service import AuthSettings, HttpSettings
from towpath.core.service.servers import api_server
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.monitoring.bootstrap import build
from towpath.monitoring.settings import MonitoringSettings
from towpath.v1 import Alert, AlertSeverity

REGISTRY, CODEC = Registry.load(), Codec()
OBJECTIVE = load_objective("objective.yaml")
HOSTILE = "\x1b[2J[red]"


def nothing() -> Any:
    """A monitoring that has nothing to read, and has read it."""
    broker = MemoryBroker()
    broker.create_topics(REGISTRY.specs())
    auth = AuthSettings(mode="api-key", api_keys=SecretStr("secret"))
    service = build(MonitoringSettings(auth=auth), broker=broker, objective=OBJECTIVE)
    service.loops[0].__self__.caught_up.set()  # type: ignore[attr-defined]
    return service.app


KEY = {"X-API-Key": "secret"}
NOTHING = nothing()
schema = schemathesis.openapi.from_asgi("/openapi.json", NOTHING).include(path_regex="^/v1/(alerts|silences)")


class Rig:
    """A broker that outlives the monitoring on it."""

    def __init__(self) -> None:
        self.broker = MemoryBroker(fault=self._fault)
        self.broker.create_topics(REGISTRY.specs())
        self.away = False

    def _fault(self, step: str) -> None:
        if step == "send" and self.away:
            raise RetryableError("Kafka went away")

    def send(self, *alerts: Alert) -> None:
        topic = REGISTRY.full_name("alerts")
        with self.broker.producer(client_id="test") as producer:
            producer.send([CODEC.encode(each, topic=topic, key=each.objective) for each in alerts], timeout_s=5)

    @contextmanager
    def monitoring(self, **told: Any) -> Iterator[Monitoring]:
        switch = Switch()
        service = build(MonitoringSettings(**told), broker=self.broker, objective=OBJECTIVE, also=[switch])
        stop = threading.Event()
        threads = [threading.Thread(target=loop, args=(stop,)) for loop in service.loops]
        for thread in threads:
            thread.start()
        try:
            yield Monitoring(service, switch)
        finally:
            stop.set()
            for thread in threads:
                thread.join(10)


class Monitoring:
    def __init__(self, service: Any, switch: Switch) -> None:
        self.app, self.switch, self._registry = service.app, switch, service.metrics
        self.client = TestClient(service.app)
        until(lambda: self.client.get("/readyz").status_code == 200, 20)

    def alerts(self, **query: Any) -> list[dict[str, Any]]:
        answer = self.client.get("/v1/alerts", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["alerts"])

    def ask(self, path: str, status: int = 200, **body: Any) -> Any:
        answer = self.client.post(f"/v1/{path}", json=body)
        assert answer.status_code == status, answer.text
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
        return answer.json()

    def sent(self, outcome: str, receiver: str = "webhook-1") -> float:
        """How many of its posts ended so."""
        labels = {"receiver": receiver, "outcome": outcome}
        return self._registry.get_sample_value("towpath_monitoring_webhooks_total", labels) or 0.0

    def metrics(self) -> str:
        return generate_latest(self._registry).decode()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_an_alert_is_listed_acknowledged_and_over_and_remembered(rig: Rig) -> None:
    with rig.monitoring() as monitoring:
        monitoring.switch.on("price/rel-1", "page", release_id="rel-1", extra_cost_per_thousand=190.0, began_at=1e9)
        monitoring.switch.on("tides/length", "info")
        worst, _ = until(lambda: monitoring.alerts()[1:] and monitoring.alerts(), 20)
        assert (worst["cause"], worst["severity"], worst["state"], worst["releaseId"]) == (
            "price/rel-1", "page", "firing", "rel-1",
        )  # fmt: skip
        assert (worst["beganAt"], worst["extraCostPerThousand"]) == ("2001-09-09T01:46:40Z", 190.0)
        assert re.fullmatch("[0-9a-f]{32}", worst["traceId"]), "what follows from it goes on with a trace"
        until(lambda: 'alerts_open{monitor="price",severity="page",state="firing"} 1.0' in monitoring.metrics(), 20)
        url = f"alerts/{worst['alertId']}"
        taken = monitoring.ask(f"{url}/acknowledge", actor="ada", reason="mine")
        assert (taken["state"], taken["actor"], taken["reason"]) == ("acknowledged", "ada", "mine")
        until(lambda: 'monitor="price",severity="page",state="acknowledged"} 1.0' in monitoring.metrics(), 20)
        assert 'monitor="price",severity="page",state="firing"' not in monitoring.metrics()
        monitoring.switch.off("price/rel-1")
        until(lambda: len(monitoring.alerts()) == 1, 20)
        assert monitoring.client.get(f"/v1/{url}").json()["resolvedAt"]
    with rig.monitoring() as monitoring:
        *_, over = monitoring.alerts(all=True)
        assert (over["alertId"], over["state"]) == (worst["alertId"], "resolved")
        assert over["traceId"] == worst["traceId"]
        assert "is over" in monitoring.ask(f"{url}/acknowledge", 409)["detail"]
        assert "towpath alerts list" in monitoring.ask("alerts/none/resolve", 404)["detail"]


def test_a_silence_is_listed_and_lifted(rig: Rig) -> None:
    with rig.monitoring() as monitoring:
        made = monitoring.ask("silences", 201, cause="tides/", **{"for": "2h"}, actor="ada", reason="campaign")
        monitoring.switch.on("tides/length")
        until(lambda: [each["silencedUntil"] for each in monitoring.alerts()] == [made["until"]], 20)
        until(lambda: 'severity="warning",state="silenced"} 1.0' in monitoring.metrics(), 20)
    with rig.monitoring() as monitoring:
        assert [each["silenceId"] for each in monitoring.client.get("/v1/alerts").json()["silences"]]
        path = f"/v1/silences/{made['silenceId']}"
        assert [monitoring.client.delete(path).status_code for _ in range(2)] == [204, 204]
        assert monitoring.alerts()[0]["silencedUntil"] is None
        assert monitoring.client.delete("/v1/silences/none").status_code == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"cause": "x"}, "until"),
        ({"cause": "x", "for": "2h", "until": "2030-01-01T00:00:00Z"}, "until"),
        ({"cause": "x", "for": "2 hours"}, "for"),
        ({"cause": "x", "for": "999999w"}, "a year"),
        ({"cause": "x", "until": "2020-01-01T00:00:00Z"}, "has passed"),
        ({"cause": "x", "until": "2030-01-01T00:00:00"}, "timezone"),
        ({"cause": "a b", "for": "2h"}, "cause"),
        ({"cause": "x" * 201, "for": "2h"}, "cause"),
        ({"cause": "x", "for": "2h", "reason": "y" * 1001}, "reason"),
        ({"cause": "x", "for": "2h", "actor": HOSTILE}, "actor"),
    ],
)
def test_a_silence_that_is_not_understood_is_told_where(body: dict[str, str], where: str) -> None:
    answer = TestClient(NOTHING, headers=KEY).post("/v1/silences", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert where in answer.json()["detail"]


def test_nothing_is_answered_before_kafka_has_it(rig: Rig) -> None:
    with rig.monitoring() as monitoring:
        monitoring.switch.on("price/x")
        (alert,) = until(monitoring.alerts, 20)
        rig.away = True
        url = f"alerts/{alert['alertId']}/acknowledge"
        monitoring.ask(url, 503)
        assert monitoring.alerts()[0]["state"] == "firing"
        rig.away = False
        assert monitoring.ask(url)["state"] == "acknowledged"


def test_before_history_is_read_it_is_said(rig: Rig) -> None:
    service = build(MonitoringSettings(), broker=rig.broker, objective=OBJECTIVE)
    assert service.app is not None
    answer = TestClient(service.app).get("/v1/alerts")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_where_keys_are_asked_for_alerts_ask(rig: Rig) -> None:
    auth = AuthSettings(mode="api-key", api_keys=SecretStr("secret"))
    with rig.monitoring(auth=auth) as monitoring:
        assert monitoring.client.get("/v1/alerts").status_code == 401
        assert monitoring.client.post("/v1/silences", json={"cause": "x", "for": "1h"}).status_code == 401
        assert monitoring.client.get("/v1/alerts", headers={"X-API-Key": "secret"}).status_code == 200


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_does_what_its_document_says(case: schemathesis.Case) -> None:
    # JSON Schema cannot say what an id names, nor which times have passed.
    case.call_and_validate(headers=KEY, excluded_checks=[positive_data_acceptance])


@pytest.fixture
def served(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Monitoring]:
    """Monitoring behind a port that the commands know."""
    port = choose_port()
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path))
    monkeypatch.setenv("TOWPATH_MONITORING_URL", f"http://127.0.0.1:{port}")
    with rig.monitoring() as monitoring:
        server = api_server(monitoring.app, HttpSettings(port=port), 5.0, lambda _: None)
        server.start()
        until(lambda: command("list")[0] == 0)
        yield monitoring
        server.stop()
        server.thread.join(10)


def command(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["alerts", *arguments])
    return done.exit_code, done.output


def answered(*arguments: str) -> Any:
    """The JSON; the service in this process logs around it."""
    code, said = command(*arguments)
    assert code == 0, said
    return json.JSONDecoder().raw_decode(said[said.index("{\n") :])[0]


def test_the_commands_do_what_they_say(served: Monitoring) -> None:
    assert "No alerts.\n" in command("list")[1]
    served.switch.on("price/rel-1", "page", document_ids=("doc-1",), evidence={"expected": 0.7})
    (alert,) = until(served.alerts, 20)
    identity = alert["alertId"]
    _, shown = command("list")
    assert f"{identity}  page     firing  " in shown
    assert "price/rel-1 is wrong" in shown
    _, shown = command("show", identity)
    assert {"doc-1", "0.7", "price/rel-1"} <= set(shown.split())
    assert f"\n{identity} is acknowledged: price/rel-1 is wrong\n" in command("ack", identity, "--reason", "mine")[1]
    silence = answered("silence", "price/", "--for", "2h", "--json")["silenceId"]
    assert {silence, "acknowledged,"} <= set(command("list")[1].split())
    assert f"\n{silence} is over\n" in command("unsilence", silence)[1]
    assert answered("resolve", identity, "--json")["state"] == "resolved"
    assert "No alerts.\n" in command("list")[1]
    (over,) = answered("list", "--all", "--json")["alerts"]
    assert over["reason"] == "asked for on the command line"


def test_the_commands_say_what_is_wrong(served: Monitoring) -> None:
    code, said = command("ack", "alr-none")
    assert (code, "no alert 'alr-none'" in said) == (2, True)
    assert command("ack", "../silences")[0] == 2
    assert command("silence", "x")[0] == command("silence", "x", "--for", "soon")[0] == 2


def test_what_others_write_is_listed_without_moving_the_cursor(rig: Rig, served: Monitoring) -> None:
    """By serving, or of before causes and states were."""
    hostile = Alert(
        alert_id="alr-old",
        objective="towpath.serving",
        monitor="dead-letters",
        severity=AlertSeverity.ALERT_SEVERITY_PAGE,
        summary=f"stopped {HOSTILE}",
        extra_cost_per_thousand=float("nan"),
    )
    hostile.created_at.GetCurrentTime()
    rig.send(hostile)
    until(served.alerts, 20)
    for told in (command("list"), command("show", "alr-old")):
        assert told[0] == 0
        assert "\x1b" not in told[1]
    assert command("resolve", "alr-old")[0] == 0
    assert served.alerts() == []


# ---------------------------------------------------------------- receivers


def test_a_webhook_is_told_what_alertmanager_tells_with_the_token(rig: Rig, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    with (
        Hook() as hook,
        rig.monitoring(
            monitoring_webhooks=SecretStr(f"{hook.url}/in?key=1"), monitoring_webhook_bearer_file=token
        ) as monitoring,
    ):
        monitoring.switch.on("prediction-tides/rel-1", "page", release_id="rel-1", extra_cost_per_thousand=190.0)
        path, headers, body = until(lambda: hook.got, 20)[0]
        token.write_text("second")
        monitoring.switch.off("prediction-tides/rel-1")
        _, later, over = until(lambda: hook.got[1:], 20)[0]
    assert (path, headers["Authorization"], headers["Content-Type"]) == (
        "/in?key=1",
        "Bearer first",
        "application/json",
    )
    assert later["Authorization"] == "Bearer second"
    assert set(body) == {
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    }  # fmt: skip
    (alert,), (ended,) = body["alerts"], over["alerts"]
    assert (body["version"], body["status"], over["status"]) == ("4", "firing", "resolved")
    assert alert["labels"] == ended["labels"] == body["commonLabels"] == {
        "alertname": "TowpathPredictionTides", "severity": "page", "objective": "tweet-sentiment",
        "monitor": "prediction-tides", "cause": "prediction-tides/rel-1", "release": "rel-1",
    }  # fmt: skip
    assert (alert["annotations"]["extra_cost"], alert["endsAt"]) == (
        "190 EUR per 1,000 documents",
        "0001-01-01T00:00:00Z",
    )
    assert (ended["fingerprint"], ended["startsAt"]) == (alert["fingerprint"], alert["startsAt"])
    assert ended["endsAt"] > ended["startsAt"]
    assert body["groupKey"] == over["groupKey"]


def test_each_receiver_is_told_once_across_restarts_and_none_waits_for_another(rig: Rig) -> None:
    with Hook() as good, Hook() as ill:
        both = {"monitoring_webhooks": SecretStr(f"{good.url}, {ill.url}")}
        ill.status = 503
        with rig.monitoring(**both) as monitoring:
            monitoring.switch.on("price/x")
            until(good.told, 20)
            monitoring.switch.on("price/x", "page")
            until(lambda: len(good.told()) == 2, 20)
            until(lambda: monitoring.sent("failed", "webhook-2"), 20)
        ill.status = 200
        with rig.monitoring(**both) as monitoring:
            assert until(ill.told, 20) == [("firing", "price/x", "page")]
            monitoring.switch.on("price/x", "page")
            monitoring.switch.on("tides/y")
            until(lambda: [each.told()[-1][1] for each in (good, ill)] == ["tides/y"] * 2, 20)
    assert good.told() == [
        ("firing", "price/x", "warning"),
        ("firing", "price/x", "page"),
        ("firing", "tides/y", "warning"),
    ]
    assert ill.told() == good.told()[1:]


def test_silenced_and_acknowledged_ones_are_not_sent_and_what_is_over_is(rig: Rig) -> None:
    with Hook() as hook, rig.monitoring(monitoring_webhooks=SecretStr(hook.url)) as monitoring:
        monitoring.ask("silences", 201, cause="tides/", **{"for": "2h"})
        monitoring.switch.on("tides/y")
        until(monitoring.alerts, 20)
        monitoring.switch.on("price/x")
        until(hook.told, 20)
        identity = next(each["alertId"] for each in monitoring.alerts() if each["cause"] == "price/x")
        monitoring.ask(f"alerts/{identity}/acknowledge")
        monitoring.switch.off("price/x")
        until(lambda: len(hook.told()) == 2, 20)
        (silence,) = monitoring.client.get("/v1/alerts").json()["silences"]
        monitoring.client.delete(f"/v1/silences/{silence['silenceId']}")
        until(lambda: len(hook.told()) == 3, 20)
    assert [told[:2] for told in hook.told()] == [
        ("firing", "price/x"), ("resolved", "price/x"), ("firing", "tides/y"),
    ]  # fmt: skip


def test_a_new_receiver_is_told_what_is_open_and_not_what_was(rig: Rig) -> None:
    with rig.monitoring() as monitoring:
        monitoring.switch.on("a/over")
        monitoring.switch.on("b/open")
        until(lambda: len(monitoring.alerts()) == 2, 20)
        monitoring.switch.off("a/over")
        until(lambda: len(monitoring.alerts()) == 1, 20)
    with Hook() as hook:
        with rig.monitoring(monitoring_webhooks=SecretStr(hook.url)) as monitoring:
            until(hook.told, 20)
            monitoring.switch.on("c/last")
            until(lambda: len(hook.told()) == 2, 20)
        assert [cause for _, cause, _ in hook.told()] == ["b/open", "c/last"]


@pytest.mark.parametrize(("status", "outcome"), [(400, "refused"), (302, "failed"), (401, "failed")])
def test_what_a_receiver_answers_is_counted_and_no_secret_is_told(
    rig: Rig, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, status: int, outcome: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with Hook() as hook:
        hook.status = status
        with rig.monitoring(monitoring_webhooks=SecretStr(f"{hook.url}/s3cret")) as monitoring:
            monitoring.switch.on("price/x")
            until(lambda: monitoring.sent(outcome), 20)
    assert hook.got == []
    said = capfd.readouterr()
    assert "s3cret" not in said.out + said.err + caplog.text


def test_a_receiver_that_is_not_there_crashes_nothing(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    with rig.monitoring(monitoring_webhooks=SecretStr(f"http://127.0.0.1:{choose_port()}/s3cret")) as monitoring:
        monitoring.switch.on("price/x")
        until(lambda: monitoring.sent("failed"), 20)
        assert monitoring.alerts()
    said = capfd.readouterr()
    assert "s3cret" not in said.out + said.err


@pytest.mark.parametrize("url", ["hooks.example/x", "ftp://hooks.example", "http://?s3cret", "http://h:99999"])
def test_an_address_that_is_none_is_refused_at_the_start_by_its_place(rig: Rig, url: str) -> None:
    told = MonitoringSettings(monitoring_webhooks=SecretStr(f"http://127.0.0.1:1/, {url}"))
    with pytest.raises(CrashError, match="MONITORING_WEBHOOKS: number 2") as refused:
        build(told, broker=rig.broker, objective=OBJECTIVE)
    assert url not in str(refused.value)


def test_an_alertmanager_is_posted_what_is_open_and_that_it_is_over(rig: Rig) -> None:
    with Hook() as manager, rig.monitoring(monitoring_alertmanagers=SecretStr(f"{manager.url}/am/")) as monitoring:
        monitoring.switch.on("price/x", "page")
        path, _, (alert,) = until(lambda: manager.got, 20)[0]
        assert path == "/am/api/v2/alerts"
        assert set(alert) == {"labels", "annotations", "startsAt", "endsAt"}
        assert alert["labels"]["alertname"] == "TowpathPrice"
        monitoring.switch.off("price/x")
        _, _, (over,) = until(lambda: manager.got[1:], 20)[0]
        assert over["labels"] == alert["labels"]
        assert over["endsAt"] < alert["endsAt"]
