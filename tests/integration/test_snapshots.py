"""Snapshots of a real Kafka, as they are typed: kept, as of a moment, compared, forgotten."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from support.objective import CATS_OR_DOGS
from support.waiting import until
from towpath.cli.__main__ import app
from towpath.cli.local import LocalKafka
from towpath.core.stream import Codec, KafkaBroker, Message, Registry
from towpath.v1 import Annotation, ClassLabel, Document

pytestmark = pytest.mark.kafka


class Typing:
    """In an installation whose home is `home`."""

    def __init__(self, home: Path, broker: KafkaBroker, topics: Registry) -> None:
        self.home, self.broker, self.topics = home, broker, topics

    def send(self, *numbers: int, label: str = "cat", at: int = 0) -> None:
        messages: list[Message] = []
        for n in numbers:
            words = f"{'meow purr' if label == 'cat' else 'woof bark'} {n}"
            rated = Annotation(
                annotation_id=f"a-{n}", document_id=f"doc-{n}", rater_id="r", class_label=ClassLabel(label=label)
            )
            rated.updated_at.FromSeconds(1_700_000_000 + at)
            for topic, message in (("documents", Document(document_id=f"doc-{n}", text=words)), ("annotations", rated)):
                messages.append(Codec().encode(message, topic=self.topics.full_name(topic), key=f"doc-{n}"))
        with self.broker.producer(client_id="test") as producer:
            producer.send(messages, timeout_s=30)

    def type(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["data", *words])
        assert done.exit_code == code, f"{words}: {done.output}"
        return done.output

    def told(self, *words: str) -> Any:
        output = self.type(*words, "--json")
        return json.loads(output[min(output.index(each) for each in "[{" if each in output) :])


@pytest.fixture
def typing(
    tmp_path: Path, kafka: LocalKafka, broker: KafkaBroker, topics: Registry, monkeypatch: pytest.MonkeyPatch
) -> Typing:
    for name, value in {
        "TOWPATH_HOME": str(tmp_path / "home"),
        "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": kafka.settings.bootstrap_servers,
        "TOWPATH_TOPIC_PREFIX": topics.prefix,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "objective.yaml").write_text(CATS_OR_DOGS)
    return Typing(tmp_path / "home", broker, topics)


def test_a_snapshot_is_kept_compared_and_forgotten(typing: Typing) -> None:
    typing.send(*range(0, 240, 2))
    typing.send(*range(1, 240, 2), label="dog")
    first = typing.told("snapshot")
    assert (first["documentCount"], first["classes"]) == (240, {"cat": 120, "dog": 120})
    typing.type("pin", "before")
    moment = datetime.now(UTC)
    until(lambda: time.time() > moment.timestamp() + 0.01)
    typing.send(300, 301)
    typing.send(0, label="dog", at=1)
    second = typing.told("snapshot")
    assert (second["parent"], second["documentCount"]) == (first["id"], 242)
    assert typing.told("snapshot", "--full")["id"] == second["id"]
    assert typing.told("snapshot", "--as-of", moment.isoformat())["id"] == first["id"]
    assert "no snapshot is that old" in typing.type("snapshot", "--as-of", "2020-01-01", code=2)
    told = typing.told("diff", "before", second["id"])["difference"]
    assert (told["added"], told["moves"]) == (["doc-300", "doc-301"], [["cat", "dog", 1]])
    shown = typing.type("list")
    assert [line.split()[0] for line in shown.splitlines()[1:]].count(second["id"][7:19]) == 2
    assert "before" in shown
    assert "is, or was until it was forgotten, in 2 snapshots" in typing.type(
        "forget", "doc-3", code=1
    )  # nobody said yes
    assert typing.told("show", "before", "--verify")["whole"]
    typing.type("forget", "doc-3", "--yes")
    assert not typing.told("show", "before", "--verify")["whole"]
    assert typing.told("snapshot")["documentCount"] == 241
