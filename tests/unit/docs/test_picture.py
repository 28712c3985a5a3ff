"""The picture of the architecture is true: what it draws is what the topics' registry and the chart say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from towpath.core.stream import Registry, Topic

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docs" / "architecture.svg"
SVG = ElementTree.parse(FILE).getroot()
NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}
SERVICES: dict[str, Any] = YAML(typ="safe").load(ROOT / "charts" / "towpath" / "values.yaml")["services"]
TOPICS = {topic.name: topic for topic in Registry.load()}
EDGES = SVG.findall(".//*[@data-topic]")
ARROWS = SVG.findall(".//*[@data-from]")

Edge = tuple[str, str, str]


def user(service: str) -> str:
    """Whom Kafka knows a pod as, by its name in the picture."""
    return str(SERVICES[service]["user"]) if service in SERVICES else service


def drawn(**wanted: str) -> set[Edge]:
    """(user, read or write, topic) of each line whose attributes are those."""
    return {
        (user(edge.attrib["data-service"]), edge.attrib["data-does"], edge.attrib["data-topic"])
        for edge in EDGES
        if all(edge.attrib[f"data-{name}"] == value for name, value in wanted.items())
    }


def near(rectangle: ElementTree.Element, x: float, y: float) -> bool:
    """Whether the point is in it, or an arrowhead's length off its border."""
    left, top, width, height = (float(rectangle.attrib[name]) for name in ("x", "y", "width", "height"))
    return left - 3 <= x <= left + width + 3 and top - 3 <= y <= top + height + 3


def found(path: str, within: ElementTree.Element = SVG) -> ElementTree.Element:
    element = within.find(path, NAMESPACE)
    assert element is not None, f"the picture has no {path}"
    return element


def test_it_is_what_the_script_writes() -> None:
    written = subprocess.run(
        [sys.executable, ROOT / "scripts" / "picture", "--print"], capture_output=True, check=True, text=True
    ).stdout
    assert FILE.read_text(encoding="utf-8") == written, "write it anew: scripts/picture"


def test_each_topic_has_a_lane_with_its_name() -> None:
    lanes = {lane.attrib["data-lane"]: lane for lane in SVG.findall(".//*[@data-lane]")}
    assert set(lanes) == set(TOPICS)
    for name, lane in lanes.items():
        assert "".join(lane.itertext()) == name


def test_who_writes_and_reads_is_what_the_registry_says() -> None:
    writes = {(name, "write", topic.name) for topic in TOPICS.values() for name in topic.producers}
    reads = {(name, "read", topic.name) for topic in TOPICS.values() for name in topic.consumers}
    assert drawn() == writes | reads


def test_what_the_registry_says_is_transactional_leaves_the_transaction() -> None:
    in_one = {
        (name, "write", topic.name) for topic in TOPICS.values() if topic.transactional for name in topic.producers
    }
    # A document that is given up on is a dead letter in the transaction that its prediction would have been in.
    assert drawn(kind="tx") == in_one | {("serving", "write", "dead-letters")}
    assert found(".//*[@id='transaction']")


def names(topic: str, service: str) -> bool:
    """Whether the service's code writes the topic, going by its name or core's function for it."""
    code = "".join(file.read_text("utf-8") for file in (ROOT / "services" / service / "src").rglob("*.py"))
    return bool(re.search(rf"[\"']{topic}[\"']" if topic != "dead-letters" else r"\bdead_letter\(", code))


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_a_topic_is_drawn_as_not_written_yet_while_no_service_writes_it(topic: Topic) -> None:
    planned = {edge.attrib["data-kind"] == "plan" for edge in EDGES if edge.attrib["data-topic"] == topic.name}
    assert planned == {not any(names(topic.name, service) for service in topic.producers)}


@pytest.mark.parametrize(
    "edge", EDGES, ids=lambda edge: "-".join(edge.attrib[f"data-{n}"] for n in ("service", "topic"))
)
def test_a_line_joins_the_service_and_the_topic_that_it_says(edge: ElementTree.Element) -> None:
    line = re.fullmatch(r"M(\d+) (\d+)V(\d+)", found("svg:path", edge).attrib["d"])
    assert line, "not a straight line"
    x, begin, end = map(float, line.groups())
    at_service, at_topic = (begin, end) if edge.attrib["data-does"] == "write" else (end, begin)
    box = "transaction" if edge.attrib["data-kind"] == "tx" else edge.attrib["data-service"]
    assert near(found(f".//*[@id='{box}']/svg:rect"), x, at_service)
    assert near(found(f".//*[@data-lane='{edge.attrib['data-topic']}']/svg:rect"), x, at_topic)


def test_each_service_of_the_chart_is_there_and_optional_where_it_is_off() -> None:
    boxes = {box.attrib["id"]: box for box in SVG.findall(".//*[@data-service][@id]")}
    assert set(boxes) == set(SERVICES)
    for name, box in boxes.items():
        assert (found("svg:rect", box).attrib["class"] == "either") is (not SERVICES[name]["enabled"]), name


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda arrow: f"{arrow.attrib['data-from']}-{arrow.attrib['data-to']}")
def test_an_arrow_leads_from_and_to_what_it_says(arrow: ElementTree.Element) -> None:
    path = found("svg:path", arrow).attrib["d"]
    steps = re.findall(r"([MHV])([\d ]+)", path)
    x, y = map(float, steps[0][1].split())
    ends = [(x, y)]
    for direction, to in steps[1:]:
        x, y = (float(to), y) if direction == "H" else (x, float(to))
        ends.append((x, y))
    for name, (x, y) in zip((arrow.attrib["data-from"], arrow.attrib["data-to"]), (ends[0], ends[-1]), strict=True):
        owner = f"@data-lane='{name}'" if name in TOPICS else f"@id='{name}'"
        assert near(found(f".//*[{owner}]/svg:rect"), x, y), name


def test_it_stands_alone_and_can_be_read_aloud() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert not re.search(r"href|@import|url\((?!#)|<script|<image|<foreignObject|\son\w+=", text)
    assert SVG.attrib["aria-labelledby"].split() == [each.attrib["id"] for each in (SVG[0], SVG[1])]
    for topic in ("title", "desc"):
        assert len("".join(found(f"svg:{topic}").itertext())) > 40


def test_the_page_shows_it() -> None:
    assert re.search(r"!\[[^\]]{20,}\]\(architecture\.svg\)", (ROOT / "docs" / "architecture.md").read_text("utf-8"))
