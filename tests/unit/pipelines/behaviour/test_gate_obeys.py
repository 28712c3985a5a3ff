"""A whole run: the suite is asked, reported, and what the gate makes of it; beside a release that reigns, too."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from support.objective import CATS_OR_DOGS
from towpath.core.objective import load_objective
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.inputs import RunInputs, RunResult
from towpath.pipelines.runner import run_pipeline
from towpath.pipelines.steps.gate import GateResult, refused

KINDS = (("cat", "meow purr whiskers"), ("dog", "woof bark bone"))


def suite(limit: Any, expect: str = "cat") -> dict[str, Any]:
    plain = {
        "name": "meows",
        "kind": "minimum-functionality",
        "capability": "vocabulary",
        "limit": limit,
        "expect": expect,
        "templates": ["meow purr whiskers {n}"],
    }
    loud = {
        "name": "capitals",
        "kind": "invariance",
        "capability": "robustness",
        "limit": 0,
        "documents": True,
        "perturb": ["upper-case"],
    }
    return {"lexicons": {"n": [str(n) for n in range(20)]}, "tests": [plain, loud]}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> RunInputs:
    folder = tmp_path_factory.mktemp("run")
    documents, annotations = folder / "documents.ndjson", folder / "annotations.ndjson"
    with documents.open("w") as texts, annotations.open("w") as labels:
        for n in range(240):
            label, words = KINDS[n % 2]
            texts.write(json.dumps({"documentId": f"d{n}", "text": f"{words} {'and so on ' * (n % 13)}{n}"}) + "\n")
            rated = {"annotationId": f"a{n}", "documentId": f"d{n}", "raterId": "r", "classLabel": {"label": label}}
            labels.write(json.dumps(rated) + "\n")
    (folder / "objective.yaml").write_text(CATS_OR_DOGS)
    encoder = build_tiny_encoder(folder / "encoder").path
    objective = load_objective(folder / "objective.yaml")
    return RunInputs("r", folder / "home", objective, documents, annotations, code_revision="c", encoder=encoder)


def run(inputs: RunInputs, name: str, behaviour: dict[str, Any], **changed: Any) -> RunResult:
    data = yaml.safe_load(CATS_OR_DOGS)
    data["contract"]["behaviour"] = behaviour
    data["contract"]["dataQuality"].update(maxNearDuplicateShare=1, maxLeakageShare=1)
    file = inputs.home.parent / f"{name}.yaml"
    file.write_text(yaml.safe_dump(data))
    return run_pipeline(replace(inputs, run_id=name, objective=load_objective(file), **changed))


def test_a_model_within_its_limits_is_released_and_its_behaviour_told(inputs: RunInputs) -> None:
    result = run(inputs, "within", suite(0.1))
    assert result.outcome == "pass", result.explanation
    assert [(each["name"], each["verdict"], each["rate"]) for each in result.behaviour] == [
        ("meows", "passed", 0.0),
        ("capitals", "passed", 0.0),
    ]
    report = result.report.with_suffix(".md").read_text()
    assert "## Behaviour" in report
    assert "0 of 20 fail" in report
    assert "meows" in (result.report.parent / "behaviour.html").read_text()


def test_a_model_beyond_a_limit_is_refused_with_the_test_the_rate_and_three_texts(inputs: RunInputs) -> None:
    result = run(inputs, "beyond", suite(0.1, expect="dog"))
    assert (result.outcome, result.release, result.bundle) == ("fail", None, None)
    assert result.explanation.startswith("Behaviour “meows”: 20 of 20 fail (100%), at most 10% may: “meow purr")
    assert result.explanation.count("instead of dog") == 3
    assert "Saves" in result.explanation  # what it would have saved is told all the same
    told = run(inputs, "told", suite("report", expect="dog"))
    assert told.outcome == "pass"
    assert told.behaviour[0]["verdict"] == "reported"


def test_a_champion_is_asked_the_same_texts(inputs: RunInputs) -> None:
    first = run(inputs, "first", suite("no-worse-than-champion"))
    assert first.outcome == "pass"
    assert first.release is not None
    reigning = {"reigning": first.release, "reigning_bundle": first.bundle}
    second = run(inputs, "second", suite("no-worse-than-champion"), **reigning)
    told = json.loads((second.report.parent / "behaviour.json").read_text())["tests"][0]
    assert (told["verdict"], told["champion"]) == ("passed", 0)


def test_reasons_refuse_what_would_be_released_and_nothing_else() -> None:
    for outcome, after in (("pass", "fail"), ("no baseline", "fail"), ("fail", "fail"), ("not enough data",) * 2):
        made = refused(GateResult(outcome, "costs."), ["Behaviour."])  # type: ignore[arg-type]
        assert made.outcome == after
        assert made.explanation.endswith("costs.")
    assert refused(GateResult("pass", "costs."), []) == GateResult("pass", "costs.")
