"""An alert's life on a real Kafka: found, sent to a real HTTP server, taken on, silenced, over; with restarts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from support.alerts import Hook, Switch
from support.waiting import until
from towpath.cli.__main__ import app as cli
from towpath.cli.local import LocalKafka
from towpath.cli.local.ports import choose_port
from towpath.core.objective import load_objective
from towpath.core.service import HttpSettings
from towpath.core.service.servers import api_server
from towpath.core.stream import Codec, KafkaBroker, Registry, read_history
from towpath.monitoring.bootstrap import build
from towpath.monitoring.settings import MonitoringSettings
from towpath.v1 import Alert, AlertState

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


def command(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["alerts", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def listed() -> dict[str, Any]:
    said = command("list", "--json")
    # The service in this process logs around it.
    found: dict[str, Any] = json.JSONDecoder().raw_decode(said[said.index("{\n") :])[0]
    return found


class Life:
    """Monitoring on one Kafka, one life after another, that tells `hook` and answers the commands."""

    def __init__(self, kafka: LocalKafka, topics: Registry, hook: Hook) -> None:
        self.kafka, self.topics, self.port, self.switch = kafka, topics, choose_port(), Switch()
        self.settings = MonitoringSettings(topic_prefix=topics.prefix, monitoring_webhooks=SecretStr(hook.url))

    @contextmanager
    def alive(self) -> Iterator[None]:
        broker = KafkaBroker(self.kafka.settings)
        service = build(self.settings, broker=broker, objective=load_objective("objective.yaml"), also=[self.switch])
        assert service.app is not None
        stop = threading.Event()
        threads = [threading.Thread(target=loop, args=(stop,)) for loop in service.loops]
        server = api_server(service.app, HttpSettings(port=self.port), 5.0, lambda _: None)
        server.start()
        for thread in threads:
            thread.start()
        try:
            until(lambda: CliRunner().invoke(cli, ["alerts", "list"]).exit_code == 0)
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(20)
            server.stop()
            server.thread.join(10)
            broker.close()


def test_from_finding_to_people_to_its_end_nothing_is_told_twice_and_nothing_is_lost(
    kafka: LocalKafka, topics: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Hook() as hook:
        life = Life(kafka, topics, hook)
        monkeypatch.setenv("TOWPATH_HOME", str(tmp_path))
        monkeypatch.setenv("TOWPATH_MONITORING_URL", f"http://127.0.0.1:{life.port}")
        with life.alive():
            life.switch.on("price/rel-1", "page", release_id="rel-1", extra_cost_per_thousand=190.0)
            until(hook.told)
            (alert,) = listed()["alerts"]
            hook.status = 503
            life.switch.on("speech/language")
            until(lambda: hook.asked > 1)  # it is tried, and is not taken
        hook.status = 200
        with life.alive():
            until(lambda: len(hook.told()) == 2)  # what was not taken before the restart
            command("ack", alert["alertId"], "--reason", "mine")
            command("silence", "tides/", "--for", "1h")
            life.switch.on("tides/embedding", "page")
            until(lambda: len(listed()["alerts"]) == 3)
        with life.alive():
            states = {each["cause"]: (each["state"], bool(each["silencedUntil"])) for each in listed()["alerts"]}
            life.switch.off("price/rel-1")
            until(lambda: len(hook.told()) == 3)
            command("unsilence", listed()["silences"][0]["silenceId"])
            until(lambda: len(hook.told()) == 4)
            tides = next(each for each in listed()["alerts"] if each["cause"] == "tides/embedding")
            command("resolve", tides["alertId"], "--reason", "a campaign")
            until(lambda: len(hook.told()) == 5)
    assert states == {
        "price/rel-1": ("acknowledged", False),
        "speech/language": ("firing", False),
        "tides/embedding": ("firing", True),
    }
    assert hook.told() == [
        ("firing", "price/rel-1", "page"),
        ("firing", "speech/language", "warning"),
        ("resolved", "price/rel-1", "page"),
        ("firing", "tides/embedding", "page"),
        ("resolved", "tides/embedding", "page"),
    ]
    with KafkaBroker(kafka.settings) as broker:
        told = list(read_history(broker, Codec(), topics.full_name("alerts"), Alert, client_id="test"))
    kinds = [AlertState.Name(each.state).removeprefix("ALERT_STATE_").lower() for each in told]
    assert sorted(kinds) == ["acknowledged", *["firing"] * 3, "resolved", "resolved", "silenced", "unsilenced"]
