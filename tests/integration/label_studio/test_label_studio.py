"""Towpath with the real Label Studio: a project is made, raters annotate, and nothing of what they say is lost."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from support.label_studio import SECRET
from support.objective import CATS_OR_DOGS
from towpath.cli.__main__ import app
from towpath.cli.local import LocalKafka
from towpath.core.objective import Objective
from towpath.core.stream import Codec, Consumer, KafkaBroker, Registry
from towpath.model.build.tiny import build_tiny_bundle
from towpath.preparation.labels.ratings import current
from towpath.v1 import Annotation

if TYPE_CHECKING:
    from .conftest import RunningLabelStudio  # type: ignore[import-not-found]

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

TOKEN = "0123456789abcdef0123456789abcdef01234567"


class Rig:
    """An ingestion with its topics, Label Studio, and a terminal."""

    def __init__(self, studio: RunningLabelStudio, broker: KafkaBroker, registry: Registry) -> None:
        self.studio, self.registry = studio, registry
        self._broker, self._open = broker, ExitStack()
        self._read: dict[str, tuple[Consumer, list[Any]]] = {}

    def close(self) -> None:
        self._open.close()

    def towpath(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["labels", *words])
        assert done.exit_code == code, done.output
        assert TOKEN not in done.output
        assert SECRET not in done.output
        return done.output if code else done.stdout

    def history(self, topic: str) -> list[Any]:
        """All that is on the topic by now."""
        name, kind = self.registry.full_name(topic), self.registry.topic(topic).message
        if topic not in self._read:
            self._read[topic] = self._open.enter_context(self._broker.consumer([name], group=None)), []
        reader, found = self._read[topic]
        ends = reader.end_offsets()
        while any(reader.position(part) < end for part, end in ends.items()):
            found += [Codec().decode(each, kind).message for each in reader.poll(timeout_s=0.2).records]
        return found


class Project:
    """A project of its own, connected, with a task for each of five documents."""

    def __init__(self, rig: Rig, title: str) -> None:
        self.rig, self.studio, self.title = rig, rig.studio, title
        said = rig.towpath("connect", "--url", rig.studio.url, "--title", title)
        self.number = int(said.split()[1])
        rig.towpath("tasks", "documents.ndjson", "--no-prelabels", *self.where())

    def where(self) -> tuple[str, ...]:
        return "--url", self.studio.url, "--project", str(self.number)

    def reconcile(self, code: int = 0) -> str:
        return self.rig.towpath("reconcile", *self.where(), code=code)

    def annotations(self) -> list[Annotation]:
        return [each for each in self.rig.history("annotations") if each.source == self.place]

    def labels(self) -> dict[str, str]:
        """What counts, by document."""
        return {each.document_id: each.class_label.label for each in current(self.annotations())}

    @property
    def place(self) -> str:
        return f"label-studio/{self.number}"

    def tasks(self) -> dict[str, dict[str, Any]]:
        found = self.studio.ask("GET", "/api/tasks/", params={"project": self.number, "fields": "all"})
        return {each["data"]["document_id"]: each for each in found["tasks"]}

    def annotate(self, document: str, *labels: str) -> int:
        said = {"result": [choice(each) for each in labels], "lead_time": 4.5}
        where = f"/api/tasks/{self.tasks()[document]['id']}/annotations/"
        return int(self.studio.ask("POST", where, json=said)["id"])

    def change(self, number: int, **said: Any) -> None:
        self.studio.ask("PATCH", f"/api/annotations/{number}/", json=said)

    def delete(self, number: int) -> None:
        self.studio.ask("DELETE", f"/api/annotations/{number}/")

    def hooks(self) -> list[dict[str, Any]]:
        hooks: list[dict[str, Any]] = self.studio.ask("GET", "/api/webhooks/", params={"project": self.number})
        return hooks

    def change_hook(self, **fields: Any) -> None:
        (each,) = self.hooks()
        self.studio.ask("PATCH", f"/api/webhooks/{each['id']}/", json=fields)


def choice(label: str) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}


@pytest.fixture(scope="module")
def rig(
    label_studio: RunningLabelStudio, kafka: LocalKafka, start_service: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    folder, registry = tmp_path_factory.mktemp("rig"), Registry.load("label-studio.")
    write_files(folder)
    with KafkaBroker(kafka.settings) as broker, pytest.MonkeyPatch.context() as patch:
        broker.create_topics(registry.specs())
        told = {
            "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": kafka.settings.bootstrap_servers,
            "TOWPATH_TOPIC_PREFIX": registry.prefix,
            "TOWPATH_INGESTION_WEBHOOK_SECRET": SECRET,
        }
        ingestion = start_service("ingestion", **told)
        ingestion.until("/readyz", 200)
        told |= {"TOWPATH_INGESTION_URL": f"http://127.0.0.1:{ingestion.port}", "TOWPATH_HOME": str(folder)}
        for name, value in told.items():
            patch.setenv(name, value)
        patch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
        patch.chdir(folder)
        with closing(Rig(label_studio, broker, registry)) as made:
            yield made


@pytest.fixture
def project(rig: Rig) -> Project:
    return Project(rig, f"project {uuid.uuid4().hex[:8]}")


def write_files(folder: Path) -> None:
    data = YAML(typ="safe").load(CATS_OR_DOGS)
    data["contract"]["labels"] = {"guide": "guide.md"}
    objective = Objective.model_validate(data)
    build_tiny_bundle(
        folder / "bundle", name="cats-or-dogs", classes=objective.classes, objective_json=objective.to_json()
    )
    (folder / "objective.yaml").write_text(json.dumps(data))
    (folder / "guide.md").write_text('---\nversion: "7"\n---\n# How\n<script>alert(1)</script>\n')
    rows = [{"documentId": f"doc-{n}", "text": f"text {n}"} for n in range(5)]
    (folder / "documents.ndjson").write_text("".join(json.dumps(each) + "\n" for each in rows))


def test_a_project_shows_the_guide_and_stays_one(rig: Rig, project: Project) -> None:
    again = rig.towpath("connect", "--url", rig.studio.url, "--title", project.title)
    assert again.startswith(f"project {project.number} is up to date")
    (hook,) = project.hooks()
    assert hook["headers"] == {"X-Towpath-Webhook-Secret": SECRET}
    shown = rig.studio.ask("GET", f"/api/projects/{project.number}/")
    assert "<h1>How</h1>" in shown["expert_instruction"]
    assert "<script>" not in shown["expert_instruction"]
    assert "Labelling guide, version 7, since " in shown["expert_instruction"]


def test_tasks_are_made_once_and_show_what_the_model_says(rig: Rig) -> None:
    number = rig.towpath("connect", "--url", rig.studio.url, "--title", "pre-labels").split()[1]
    words = ("tasks", "documents.ndjson", "--bundle", "bundle", "--url", rig.studio.url, "--project", number)
    assert "5 tasks made" in rig.towpath(*words)
    assert "0 tasks made" in rig.towpath(*words)
    found = rig.studio.ask("GET", "/api/tasks/", params={"project": number, "fields": "all"})["tasks"]
    assert sorted(each["data"]["document_id"] for each in found) == [f"doc-{n}" for n in range(5)]
    (shown,) = found[0]["predictions"]
    assert shown["model_version"].startswith("rel-")
    assert shown["result"][0]["value"]["choices"][0] in ("cat", "dog")
    assert 0 < shown["score"] <= 1


def test_what_a_rater_does_is_on_the_topic_when_their_editor_has_saved(project: Project) -> None:
    number = project.annotate("doc-0", "cat")
    (made,) = project.annotations()
    assert (made.annotation_id, made.rater_id) == (f"ls-label-studio-{number}", "ls-label-studio-user-1")
    assert (made.guide_version, made.lead_seconds, project.labels()) == ("7", 4.5, {"doc-0": "cat"})
    project.change(number, result=[choice("dog")])
    assert project.labels() == {"doc-0": "dog"}
    project.change(number, was_cancelled=True)
    assert project.labels() == {}
    project.change(number, was_cancelled=False)
    assert project.labels() == {"doc-0": "dog"}
    project.delete(number)
    assert project.labels() == {}
    assert project.reconcile().endswith("0 missed, 0 changed, 0 withdrawn, 0 there again\n")


def test_what_webhooks_lost_is_found_and_sent_once(project: Project) -> None:
    changed, deleted = project.annotate("doc-0", "cat"), project.annotate("doc-1", "cat")
    its_task_deleted = project.annotate("doc-2", "cat")
    project.change_hook(is_active=False)
    missed = project.annotate("doc-3", "dog")
    project.change(changed, result=[choice("dog")])
    project.delete(deleted)
    project.studio.ask("DELETE", f"/api/tasks/{project.tasks()['doc-2']['id']}/")
    assert project.labels() == {"doc-0": "cat", "doc-1": "cat", "doc-2": "cat"}
    said = project.reconcile()
    assert said.endswith("1 missed, 1 changed, 2 withdrawn, 0 there again\n")
    assert f"missed: ls-label-studio-{missed} of doc-3\n" in said
    assert f"withdrawn: ls-label-studio-{its_task_deleted} of doc-2\n" in said
    assert project.labels() == {"doc-0": "dog", "doc-3": "dog"}
    count = len(project.annotations())
    assert project.reconcile().endswith("0 missed, 0 changed, 0 withdrawn, 0 there again\n")
    assert len(project.annotations()) == count


def test_a_wrong_secret_is_not_heard_and_the_annotation_found_later(project: Project) -> None:
    project.change_hook(headers={"X-Towpath-Webhook-Secret": "another-servers-secret"})
    project.annotate("doc-4", "cat")
    assert project.annotations() == []
    assert project.reconcile().endswith("1 missed, 0 changed, 0 withdrawn, 0 there again\n")
    assert project.labels() == {"doc-4": "cat"}


@pytest.mark.parametrize("kind", ["JSON", "JSON_MIN"])
def test_an_export_brings_nothing_that_the_webhooks_did_not(rig: Rig, project: Project, kind: str) -> None:
    for document, label in (("doc-0", "cat"), ("doc-1", "dog")):
        project.annotate(document, label)
    before = {
        each.annotation_id: (each.document_id, each.rater_id, each.class_label.label) for each in project.annotations()
    }
    where = f"/api/projects/{project.number}/export"
    text = rig.studio.client.get(where, params={"exportType": kind}).text
    Path("export.json").write_text(text)
    assert "2 annotations accepted, 0 refused" in rig.towpath("import", "export.json", "--from", "label-studio")
    assert "2 sent before" in rig.towpath("import", "export.json", "--from", "label-studio")
    after = current(rig.history("annotations"))
    assert before == {
        each.annotation_id: (each.document_id, each.rater_id, each.class_label.label)
        for each in after
        if each.annotation_id in before
    }
    Path("half.json").write_text(text[: len(text) // 2])
    assert "not JSON" in rig.towpath("import", "half.json", "--from", "label-studio", code=2)


def test_what_cannot_be_used_waits_with_its_reason(rig: Rig, project: Project) -> None:
    number = project.annotate("doc-0", "cat", "dog")
    letters = [each for each in rig.history("dead-letters") if f'"id": {number},'.encode() in each.value]
    assert [(each.source_topic, each.service) for each in letters] == [
        ("POST /v1/label-studio/label-studio", "ingestion")
    ]
    assert "2 classes" in letters[0].reason
    assert project.labels() == {}
    assert f"annotation {number}: 2 classes" in project.reconcile(code=1)


def test_who_may_not_is_told_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("reconcile", "--url", rig.studio.url, "--project", "999999")
    assert "Label Studio has no /api/projects/999999/" in rig.towpath(*words, code=2)
    issued = rig.studio.ask("POST", "/api/token/")["token"]
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", issued)
    assert "Label Studio has no /api/projects/999999/" in rig.towpath(*words, code=2), "a personal access token does"
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "wrong")
    assert "refuses LABEL_STUDIO_API_KEY" in rig.towpath(*words, code=2)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    assert "set LABEL_STUDIO_API_KEY" in rig.towpath(*words, code=2)


def test_files_of_other_tools_come_in_and_their_wrong_lines_are_named(rig: Rig) -> None:
    Path("ratings.csv").write_text("coder,doc_id,class\nann,doc-8,cat\nbob,doc-8,dog\nbob,doc-9\n")
    said = rig.towpath("import", "ratings.csv", "--from", "csv", "--column", "rater=coder", code=1)
    assert "line 4: 2 columns, the header has 3" in said
    assert "2 annotations accepted, 1 refused" in said
    metadata = {"class-name": "cat", "job-name": "labeling-job/pets", "human-annotated": "yes"}
    line = {"source": "purr", "pet": 0, "pet-metadata": metadata}
    Path("output.manifest").write_text(json.dumps(line) + "\n")
    words = ("import", "output.manifest", "--from", "ground-truth", "--source", "pets")
    assert "1 annotations accepted, 0 refused" in rig.towpath(*words)
    (document,) = (each for each in rig.history("documents") if each.text == "purr")
    raters = {each.rater_id: each.document_id for each in rig.history("annotations")}
    assert raters.items() >= {"ann": "doc-8", "bob": "doc-8", "gt-pets-consolidated": document.document_id}.items()
