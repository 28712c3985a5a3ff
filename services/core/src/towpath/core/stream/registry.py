"""Topics as reviewed data: `proto/topics/*.yaml`, packaged with the messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from google.protobuf.message import Message as ProtoMessage
from ruamel.yaml import YAML

import towpath.v1 as messages
from towpath.core.stream.port import TopicSpec

__all__ = ["Registry", "Topic"]


@dataclass(frozen=True)
class Topic:
    """One topic of the registry. `name` is Towpath's, `full_name` the broker's (with the prefix).

    `transactional`: its producers write it in one transaction with the offsets of what they consumed.
    """

    name: str
    full_name: str
    about: str
    owner: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    key: str
    message: type[ProtoMessage]
    partitions: int
    config: Mapping[str, str]
    example: Mapping[str, Any]
    transactional: bool = False


class Registry:
    """All topics of an installation."""

    def __init__(self, topics: Sequence[Topic], prefix: str) -> None:
        self.prefix = prefix
        self._topics = {topic.name: topic for topic in topics}

    @classmethod
    def load(cls, prefix: str = "towpath.") -> Registry:
        """The packaged registry, each topic's name on the broker led by `prefix`."""
        return cls([replace(topic, full_name=prefix + topic.name) for topic in _packaged()], prefix)

    def topic(self, name: str) -> Topic:
        """Raises KeyError naming the topics that there are."""
        try:
            return self._topics[name]
        except KeyError:
            raise KeyError(f"no topic {name!r}; there are {', '.join(self._topics)}") from None

    def full_name(self, name: str) -> str:
        return self.topic(name).full_name

    def specs(self, replication: int | None = None) -> list[TopicSpec]:
        """What `Broker.create_topics` needs."""
        return [TopicSpec(each.full_name, each.partitions, each.config, replication) for each in self]

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._topics.values())


@cache
def _packaged() -> tuple[Topic, ...]:
    yaml = YAML(typ="safe", pure=True)
    folder = resources.files("towpath.v1") / "topics"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(_parse(yaml.load(each.read_text("utf-8"))) for each in files)


def _parse(data: Mapping[str, Any]) -> Topic:
    return Topic(
        name=data["topic"],
        full_name=data["topic"],
        about=data["about"],
        owner=data["owner"],
        producers=tuple(data["producers"]),
        consumers=tuple(data["consumers"]),
        key=data["key"],
        message=getattr(messages, data["message"].rsplit(".", 1)[1]),
        partitions=data["partitions"],
        config=dict(data["config"]),
        example=dict(data["example"]),
        transactional=data.get("transactional", False),
    )
