"""towpath monitor report, as typed: figures from monitoring over HTTP, words from the documents' topic."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from support.waiting import until
from support.windows import documents, predictions
from towpath.cli.__main__ import app as cli
from towpath.cli.local.ports import choose_port
from towpath.core.objective import load_objective
from towpath.core.service import Health, HttpSettings, KafkaSettings, new_app
from towpath.core.service.servers import api_server
from towpath.core.stream import Codec, Message, Registry, connect
from towpath.monitoring.entrypoints import windows_http
from towpath.monitoring.windows import WindowWatch
from towpath.v1 import Document

OBJECTIVE = load_objective("objective.yaml")
HOSTILE = "<script>alert(1)</script> [red]popcorn[/red] \x1b[31m write to jane@example.com"
Typed = Callable[..., Result]


def said_of(n: int, other: bool) -> str:
    return f"the film had {HOSTILE}, number {n}" if other else f"my train was late again, number {n}"


@pytest.fixture
def watch() -> WindowWatch:
    """200 documents about trains, and then 200 of which many are about films."""
    made = WindowWatch(OBJECTIVE, 1000)
    for rows in (documents(200, 1), documents(200, 2, 0.6)):
        for each in predictions(rows):
            made.prediction(each)
    return made


@pytest.fixture
def typed(watch: WindowWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    servers = f"memory://{uuid.uuid4().hex}"
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOWPATH_KAFKA_BOOTSTRAP_SERVERS", servers)
    monkeypatch.chdir(tmp_path)
    _send_texts(servers)
    app = new_app("Towpath monitoring", Health(), CollectorRegistry(), description="")
    app.include_router(windows_http.router(watch))
    port = choose_port()
    server = api_server(app, HttpSettings(port=port), 5.0, lambda _: None)
    server.start()
    monkeypatch.setenv("TOWPATH_MONITORING_URL", f"http://127.0.0.1:{port}")

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, ["monitor", "report", *map(str, arguments)])

    until(lambda: "is the service running" not in run("--no-words").output)
    yield run
    server.stop()
    server.thread.join(10)


def _send_texts(servers: str) -> None:
    broker, registry = connect(KafkaSettings(bootstrap_servers=servers)), Registry.load()
    broker.create_topics(registry.specs())
    topic = registry.full_name("documents")
    now = documents(200, 2, 0.6)
    others = {str(now.ids[n]) for n in np.flatnonzero(now.sketches[:, :4].mean(axis=1) > 25)}
    messages = [Message(topic, b"doc-2-0", b"poison")]
    for seed in (1, 2):
        for n in range(200):
            name = f"doc-{seed}-{n}"
            document = Document(document_id=name, text=said_of(n, name in others))
            messages.append(Codec().encode(document, topic=topic, key=name))
    with broker.producer(client_id="test") as producer:
        producer.send(messages, timeout_s=5)


class Structure(HTMLParser):
    """Headings and tables of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.tags: set[str] = set()
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in = tag if tag in ("h2", "td", "th") else self._in
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = "" if tag == self._in else self._in

    def handle_data(self, data: str) -> None:
        if self._in == "h2":
            self.headings[-1] += data
        elif self._in in ("td", "th"):
            self.tables[-1][-1][-1] += data


def test_it_tells_what_is_different_what_it_costs_and_which_words_came(typed: Typed, tmp_path: Path) -> None:
    done = typed("--against", "before", "-o", "out.html", "--json", "out.json")
    assert done.exit_code == 0, done.output
    assert "Different: " in done.output
    assert "popcorn" in done.output
    assert "dearer" in done.output
    told = json.loads((tmp_path / "out.json").read_text())
    words = {each["word"]: each for each in told["words"]}
    assert words["popcorn"]["now"] > 0.3 > words["popcorn"]["before"] == 0
    assert words["train"]["now"] < words["train"]["before"] == 1
    assert "number" not in words, "both sides say it"
    assert not {"jane", "example", "mail"} & words.keys(), "personal data are no words"
    page = Structure((tmp_path / "out.html").read_text())
    assert page.headings == ["In short", "How much, and how surely", "Where", "Words", "Documents"]
    tests = page.tables[0]
    assert [each.strip() for each in tests[0]][:4] == ["what", "differs", "by", "measure"]
    by_name = {row[0].strip(): row[1].strip() for row in tests[1:]}
    assert by_name["what is written about"] == "much"
    assert len(by_name) == 7
    assert ["popcorn"] in [[row[0].strip()] for row in page.tables[-3]]
    assert {len({len(row) for row in table}) for table in page.tables} == {1}, "each row has every column"


def test_what_documents_say_is_escaped_and_personal_data_are_masked(typed: Typed, tmp_path: Path) -> None:
    done = typed("--against", "before", "-o", "out.html")
    page = (tmp_path / "out.html").read_text()
    assert "&lt;script&gt;" in page
    assert "script" not in Structure(page).tags
    for told in (page, done.output):
        assert "\x1b" not in told
        assert "jane@example.com" not in told
        assert "[e-mail]" in told
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_without_words_no_topic_is_read(typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOWPATH_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    done = typed("--against", "before", "--no-words", "-o", "out.html")
    assert done.exit_code == 0, done.output
    page = Structure((tmp_path / "out.html").read_text())
    assert page.headings == ["In short", "How much, and how surely", "Where", "Documents"]


def test_what_monitoring_refuses_is_told_in_a_line(typed: Typed) -> None:
    done = typed()
    assert done.exit_code == 2
    assert "no release reigns yet" in done.output
    assert typed("--documents", 5, "--hours", 1).exit_code == 2
    assert "Traceback" not in done.output


def test_nobody_listening_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path))
    monkeypatch.setenv("TOWPATH_MONITORING_URL", f"http://127.0.0.1:{choose_port()}")
    done = CliRunner().invoke(cli, ["monitor", "report"])
    assert done.exit_code == 1
    assert "is the service running?" in done.output
