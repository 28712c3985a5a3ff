"""`towpath objective explain`: the figures on the terminal are those of the domain; pictures and page hold them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from towpath.cli.__main__ import app
from towpath.cli.explaining import explain
from towpath.cli.explaining.page import as_page
from towpath.core.objective import load_objective
from towpath.pipelines.steps.snapshot import write_snapshot
from towpath.v1 import Annotation, ClassLabel, Document

SHARES = "negative=.2,neutral=.3,positive=.5"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["objective", "explain", *arguments])
    return result.exit_code, " ".join(result.output.split())


def test_the_price_to_beat_break_even_and_thresholds_are_told() -> None:
    code, output = run("--shares", SHARES)
    assert code == 0
    assert "The price to beat is 0.150 EUR a document: ask a person about everything" in output
    assert "pays for itself from 92.1 % accuracy" in output
    assert "worth a training of its own above 0.2 EUR more per 1,000 documents: a run costs 20 EUR" in output
    for row in ("always positive, the majority │ 1.750", "negative │ 88.5 % │ 85.0 % │ 85.0 %", "from 11.1 %"):
        assert row in output


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!doctype html>")])
def test_it_is_drawn(tmp_path: Path, suffix: str, start: bytes) -> None:
    out = tmp_path / f"explain.{suffix}"
    assert run("--shares", SHARES, "-o", str(out))[0] == 0
    drawn = out.read_bytes()
    assert drawn.startswith(start)
    assert suffix == "png" or b"pays from 92.1 %" in drawn
    assert suffix != "html" or b"0.150 EUR" in drawn


def test_shares_are_those_of_a_snapshot(tmp_path: Path) -> None:
    documents = [Document(document_id=f"d{n}", text=f"text {n}") for n in range(10)]
    annotations = [
        Annotation(annotation_id=f"a{n}-{r}", document_id=f"d{n}", rater_id=f"r{r}", class_label=ClassLabel(score=s))
        for n in range(10)
        for r, s in enumerate([-2.0 if n < 7 else 3.0] * 3)
    ]
    snapshot = write_snapshot(documents, annotations, tmp_path)
    code, output = run("--snapshot", str(snapshot.path))
    assert code == 0
    assert "negative 70.0 %, neutral 0.0 %, positive 30.0 % (of 10 labelled documents" in output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--shares", "negative=.2"], "sum to 0.2"),
        (["--shares", "angry=1"], "'angry=1' is not one of negative=0.5"),
        (["--shares", "negative=much"], "'much' of negative is no number"),
        (["--shares", SHARES, "--snapshot", "x"], "not both"),
        (["--snapshot", "nowhere"], "no snapshot.json in it"),
        (["-o", "x.gif"], "ends with none of .html, .svg, .png"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_the_way_out(arguments: list[str], reason: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert reason in output


def test_names_of_classes_are_escaped(tmp_path: Path) -> None:
    text = Path("objective.yaml").read_text().replace("neutral", "'<script>$x^'")
    (tmp_path / "objective.yaml").write_text(text)
    assert "<script>" not in as_page(explain(load_objective(tmp_path / "objective.yaml"), None))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("contract-parties", "Marking words as date pays from a probability of 5.3 %"),  # 5 / (5 + 90)
        ("help-answers", "the text has one, pays from a probability of 66.7 %"),  # 1 - 3 / 9
        ("help-answers", "the text may have none, pays from a probability of 80.0 %"),  # 12 / (12 + 3)
        ("manual-search", "Showing a document pays from a probability of 3.2 %"),  # 0.5 / (0.5 + 15)
    ],
)
def test_tasks_that_find_things_say_when_a_finding_pays(name: str, words: str) -> None:
    code, output = run(f"docs/examples/objectives/{name}.yaml")
    assert code == 0
    assert words in output
    assert "are for text classification" in run(f"docs/examples/objectives/{name}.yaml", "--shares", "a=1")[1]
