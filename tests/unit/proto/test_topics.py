"""Topics are reviewed data: each file is complete, and its example is a message that the topic carries."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import json_format, message_factory
from ruamel.yaml import YAML

import towpath.v1 as v1

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "proto/topics").glob("*.yaml"))
# `client` is everybody who consumes what an installation makes.
PRINCIPALS = {path.name for path in (ROOT / "services").iterdir()} | {"client"}


def load(path: Path) -> dict:
    return YAML(typ="safe").load(path)


def message_class(topic: dict) -> type:
    package, name = topic["message"].rsplit(".", 1)
    assert package == "towpath.v1"
    return message_factory.GetMessageClass(getattr(v1, name).DESCRIPTOR)


def test_every_topic_of_the_design_is_there() -> None:
    assert {path.stem for path in FILES} == {
        "documents", "annotations", "feedback", "predictions", "models", "rollouts", "alerts", "dead-letters",
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_topic_is_complete(path: Path) -> None:
    topic = load(path)
    wanted = {"topic", "about", "owner", "producers", "consumers", "key", "message", "partitions", "config"}
    assert wanted | {"example"} == set(topic) - {"transactional"}
    assert topic["topic"] == path.stem
    assert topic["partitions"] >= 1
    assert {topic["owner"], *topic["producers"], *topic["consumers"]} <= PRINCIPALS
    assert topic["config"]["cleanup.policy"] in {"delete", "compact"}
    assert all(isinstance(value, str) for value in topic["config"].values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_topics_example_validates_and_is_canonical(path: Path) -> None:
    topic = load(path)
    message = json_format.ParseDict(topic["example"], message_class(topic)())
    assert json_format.MessageToDict(message) == topic["example"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_of_another_shape_does_not_validate(path: Path) -> None:
    topic = load(path)
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({**topic["example"], "noSuchField": 1}, message_class(topic)())
