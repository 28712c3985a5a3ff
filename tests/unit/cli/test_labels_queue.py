"""towpath labels queue and towpath labels next, as typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from support.objective import CATS_OR_DOGS
from towpath.cli.__main__ import app
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.steps.split import part_of

N, LABELLED, WRONG = 150, 100, "pet-7"
WORDS = ["aaa", "bbb", "ccc", "ddd", "eee"], ["vvv", "www", "xxx", "yyy", "zzz"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cats and dogs in words of their own; of the labelled ones, one is labelled wrongly."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWPATH_TRAINING_ENCODER", str(build_tiny_encoder(tmp_path / "encoder").path))
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path / "home"))
    data = yaml.safe_load(CATS_OR_DOGS)
    data["contract"]["labels"] = {"review": {"queueShare": 0.05}, "evaluationShare": 0.25}
    (tmp_path / "objective.yaml").write_text(yaml.safe_dump(data))
    lines(tmp_path / "documents.ndjson", [{"documentId": f"pet-{n}", "text": text(n)} for n in range(N)])
    lines(tmp_path / "annotations.ndjson", [rating(n, label(n)) for n in range(LABELLED)])
    return tmp_path


def text(n: int) -> str:
    return " ".join(WORDS[n % 2][(n // 5**k) % 5] for k in range(4)) + f" {n}"


def label(n: int) -> str:
    return ("cat", "dog")[(n % 2) ^ (f"pet-{n}" == WRONG)]


def rating(n: int, said: str, rater: str = "r1") -> dict[str, Any]:
    return {"documentId": f"pet-{n}", "raterId": rater, "classLabel": {"label": said}}


def lines(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(each) + "\n" for each in rows))


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in file.read_text().splitlines()]


def typed(*arguments: str) -> Result:
    files = ("--documents", "documents.ndjson", "--annotations", "annotations.ndjson")
    return CliRunner().invoke(app, ["labels", *arguments, *files])


def test_a_wrong_label_is_queued_and_once_reviewed_not_again(folder: Path) -> None:
    done = typed("queue", "-o", "queue.ndjson")
    assert done.exit_code == 0, done.output
    queue = read(folder / "queue.ndjson")
    assert 0 < len(queue) <= 5
    first = queue[0]
    assert (first["documentId"], first["given"], first["suspected"]) == (WRONG, "cat", "dog")
    assert first["votes"] == {"cat": 1}
    with (folder / "annotations.ndjson").open("a") as more:
        more.write(json.dumps(rating(7, "cat", "reviewer")) + "\n")
    again = typed("queue", "--after", "queue.ndjson", "-o", "again.ndjson")
    assert again.exit_code == 0, again.output
    assert "1 that were reviewed are left out" in again.output
    assert WRONG not in {each["documentId"] for each in read(folder / "again.ndjson")}


def test_the_documents_of_an_alert_come_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"documentIds": ["pet-140", "pet-3", "pet-149", "elsewhere"]}
    monkeypatch.setattr("towpath.cli.alerting.alert", {"alr-1": named}.__getitem__)
    done = typed("next", "--count", "5", "--alert", "alr-1", "-o", "next.ndjson")
    assert done.exit_code == 0, done.output
    assert "2 of the alert's 4 documents are here and unrated" in done.output
    chosen = read(folder / "next.ndjson")
    assert [each["documentId"] for each in chosen[:2]] == ["pet-140", "pet-149"]
    assert len({each["documentId"] for each in chosen}) == 5
    for each in chosen[:2]:
        assert each["why"] == ("evaluation" if part_of(each["text"]) == "test" else "uncertain")


def test_what_comes_next_is_new_and_a_share_is_for_evaluation(folder: Path) -> None:
    done = typed("next", "--count", "20", "-o", "next.ndjson")
    assert done.exit_code == 0, done.output
    chosen = read(folder / "next.ndjson")
    assert len({each["documentId"] for each in chosen}) == 20
    assert all(int(each["documentId"].removeprefix("pet-")) >= LABELLED for each in chosen)
    assert [each["why"] for each in chosen].count("evaluation") == 5
    assert "15 uncertain, 5 for evaluation" in done.output


def test_next_works_before_anything_is_labelled(folder: Path) -> None:
    (folder / "annotations.ndjson").write_text("")
    done = typed("next", "--count", "10", "-o", "next.ndjson")
    assert done.exit_code == 0, done.output
    assert "no labels of two classes yet" in done.output
    assert len(read(folder / "next.ndjson")) == 10


def test_what_cannot_be_done_is_told_with_what_to_do(folder: Path) -> None:
    lines(folder / "annotations.ndjson", [rating(n, "cat") for n in range(N)])
    assert "label more documents" in (said := typed("queue")).output
    assert said.exit_code != 0
    assert "ingest new ones first" in (said := typed("next")).output
    assert said.exit_code != 0


def test_ratings_that_do_not_count_are_told(folder: Path) -> None:
    with (folder / "annotations.ndjson").open("a") as more:
        more.write(json.dumps(rating(8, "cow", "r2")) + "\n" + json.dumps(rating(N + 1, "cat")) + "\n")
    said = typed("queue", "-o", "queue.ndjson").output
    assert "1 ratings do not count: 'cow' is no class of the objective" in said
    assert "1 ratings do not count: of documents that are not here" in said
