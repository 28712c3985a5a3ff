"""`towpath model check`: which model, what is told, what is written, and the exit code."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from towpath.cli.__main__ import app
from towpath.core.objective import Objective
from towpath.model import Model
from towpath.model.build.tiny import build_tiny_bundle

ROOT = Path(__file__).parents[3]
TEXTS = [f"text {n}" for n in range(12)]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["model", "check", *arguments])
    return result.exit_code, result.output


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation without Kafka, of one bundle: rel-1."""
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOWPATH_KAFKA_BOOTSTRAP_SERVERS", f"memory://{uuid.uuid4().hex}")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    objective = Objective.model_validate(yaml.safe_load((ROOT / "objective.yaml").read_text()))
    made = build_tiny_bundle(tmp_path / "made", objective_json=objective.to_json())
    shutil.copytree(made, tmp_path / "home" / "bundles" / "rel-1")
    return tmp_path / "home"


def suite(home: Path, limit: object) -> tuple[Path, int]:
    """A file of one test, and how many of its 12 texts the model fails."""
    said = Model.load(home / "bundles" / "rel-1").scores(TEXTS).probabilities.argmax(axis=1).tolist()
    rarest = min(range(3), key=said.count)
    test = {
        "name": "a test",
        "kind": "minimum-functionality",
        "capability": "vocabulary",
        "limit": limit,
        "expect": ("negative", "neutral", "positive")[rarest],
        "templates": TEXTS,
    }
    changed = {
        "name": "links",
        "kind": "invariance",
        "capability": "robustness",
        "limit": 1,
        "documents": True,
        "perturb": ["url"],
    }
    file = home.parent / "behaviour.yaml"
    file.write_text(yaml.safe_dump({"tests": [test, changed]}))
    return file, len(said) - said.count(rarest)


def test_beyond_a_limit_it_exits_with_1_and_tells_test_rate_and_texts(home: Path) -> None:
    file, wrong = suite(home, 0.1)
    code, said = run("--suite", str(file), "--bundle", str(home / "bundles" / "rel-1"))
    assert code == 1
    assert f"{wrong} of 12 fail ({wrong / 12:.0%}), at most 10% may" in said
    assert said.count("wanted ") == 2  # --examples
    assert "left out, for want of labelled documents: links" in said
    assert "1 failed" in said


def test_within_its_limits_it_exits_with_0_and_writes_each_kind_of_report(home: Path) -> None:
    file, wrong = suite(home, 1)
    (home.parent / "labelled.csv").write_text(
        "id,body,label\n" + "".join(f"n{n},such {n},positive\n" for n in range(60))
    )
    documents = ("--documents", "labelled.csv", "--column", "text=body", "--column", "documentId=id")
    for name in ("r.html", "r.md", "r.json"):
        code, said = run("--suite", str(file), "--release", "rel-1", *documents, "-o", name)
        assert code == 0, said
        assert f"wrote {name}" in said
        assert "a test" in (home.parent / name).read_text()
    told = json.loads((home.parent / "r.json").read_text())
    assert (told["tests"][0]["name"], told["tests"][0]["failures"]) == ("a test", wrong)
    assert 0 < told["tests"][1]["cases"] <= 30
    assert told["ok"] is True


def test_without_a_suite_that_of_the_models_objective_is_asked(home: Path) -> None:
    code, said = run()
    assert code == 1  # weights at random know no English
    assert "praise in plain words" in said
    assert "taking the newest bundle of this machine" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--bundle", "home/bundles/rel-1", "--release", "rel-1"), "give --bundle or --release, not both"),
        (("-o", "report.pdf"), "one of .html, .json, .md is wanted"),
        (("--bundle", "nowhere"), "nowhere"),
        (("--release", "rel-2"), "no release 'rel-2'"),
        (("--suite", "nowhere.yaml"), "nowhere.yaml:1:1: cannot be read"),
        (("--documents", "unlabelled.csv"), "no document has a class of the objective"),
        (("--documents", "unlabelled.csv", "--column", "body"), "is not FIELD=NAME"),
    ],
)
def test_what_is_wrong_is_said(home: Path, arguments: tuple[str, ...], told: str) -> None:
    (home.parent / "unlabelled.csv").write_text("text\none\ntwo\n")
    code, said = run(*arguments)
    assert code in (1, 2)
    assert told in said.replace("\n", " ")
    assert "Traceback" not in said
