"""`towpath objective init`, `check` and `diff` as a user types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from towpath.cli.__main__ import app
from towpath.cli.drafting import Draft, as_yaml
from towpath.cli.drafting.draft import CANVAS
from towpath.core.objective import Objective, load_objective
from towpath.core.objective.model import KINDS

ROOT = Path(__file__).parents[3]
TWO = ("--class", "complaint", "--class", "other")


def run(*arguments: str, typed: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["objective", *map(str, arguments)], input=typed)
    return result.exit_code, result.output


def test_init_takes_flags_and_asks_nothing(tmp_path: Path) -> None:
    file = tmp_path / "objective.yaml"
    told = ("--name", "complaints", "--cost", "complaint:other=8", "--ask-person", "0.5", "--unit", "USD")
    code, output = run("init", str(file), *TWO, *told, "--canvas", 'decisions=An agent: "at once" # or else')
    assert code == 0
    assert "to be written in it: valueProposition" in output
    made = load_objective(file)
    assert (made.name, made.classes, made.unit, made.ask_person) == ("complaints", ("complaint", "other"), "USD", 0.5)
    assert made.costs.matrix.tolist() == [[0, 8], [1, 0]]
    assert made.canvas.decisions == 'An agent: "at once" # or else'
    first = file.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=objective.schema.json"
    assert (tmp_path / "objective.schema.json").is_file()
    code, output = run("check", str(file))
    assert code == 0
    assert "the canvas is not written yet: valueProposition, mlTask" in output


@pytest.mark.parametrize("kind", KINDS)
def test_init_asks_for_every_kind_what_check_accepts(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "objective.yaml"
    names = {"text-classification": "one\nspam, ham\n", "entity-extraction": "person\n"}.get(kind, "")
    prices = "much\n" + "2\n" * {"text-classification": 2, "entity-extraction": 4, "question-answering": 3}.get(kind, 2)
    typed = f"nothing\n{kind}\nNo Name\nmail\n{names}\n{prices}0.25\n" + "".join(f"about {key}\n" for key in CANVAS)
    code, output = run("init", str(file), typed=typed)
    assert code == 0, output
    assert "'much' is no number" in output
    made = load_objective(file)
    assert (made.kind, made.name, made.ask_person) == (kind, "mail", 0.25)
    assert made.canvas.live_evaluation == "about liveEvaluation"
    assert run("check", str(file))[1].count("warning") == 0


def test_init_writes_over_nothing_unless_told(tmp_path: Path) -> None:
    file = tmp_path / "objective.yaml"
    file.write_text("mine")
    code, output = run("init", str(file), *TWO)
    assert (code, file.read_text()) == (2, "mine")
    assert "--force to write over it" in output
    assert run("init", str(file), *TWO, "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--class", "one"), "--class is wanted twice at least"),
        (("--class", "one", "--class", "one"), "'one' is there twice"),
        ((*TWO, "--cost", "complaint=8"), "text-classification has complaint:other=1"),
        ((*TWO, "--cost", "complaint:other=much"), "'much' is no number"),
        ((*TWO, "--cost", "complaint:other=-1"), "greater than or equal to 0"),
        ((*TWO, "--canvas", "decision=x"), "of the keys valueProposition"),
        ((*TWO, "--name", "My Mail"), "lower case letters, digits and hyphens"),
        (("--kind", "entity-extraction"), "--class is wanted for each type"),
    ],
)
def test_init_writes_nothing_that_check_would_refuse(tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    code, output = run("init", str(tmp_path / "objective.yaml"), *arguments)
    assert code == 2
    assert reason in output
    assert list(tmp_path.iterdir()) == []


NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12)


@given(names=st.lists(NAMES, min_size=2, max_size=3, unique=True), text=NAMES)
def test_whatever_names_are_they_come_back_from_the_file(names: list[str], text: str) -> None:
    from ruamel.yaml import YAML

    draft = Draft("any", names=tuple(names), canvas={"decisions": text})
    made = Objective.model_validate(YAML(typ="rt", pure=True).load(as_yaml(draft)))
    assert made.classes == tuple(names)
    assert made.canvas.decisions == text


def test_diff_says_in_words_what_changed_and_whether_programs_obey_it(tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text((ROOT / "objective.yaml").read_text().replace("positive: 8", "positive: 9"))
    code, output = run("diff", str(ROOT / "objective.yaml"), str(new))
    assert code == 0
    assert "a missed negative taken for positive now costs 9 EUR, was 8 EUR" in output
    assert "The hash changes" in output
    assert "Nothing changed" in run("diff", str(new), str(new))[1]
    assert "cannot be read" in run("diff", str(new), str(tmp_path / "none.yaml"))[1]


def test_check_tells_all_with_their_places_and_warnings_fail_nothing(tmp_path: Path) -> None:
    file = tmp_path / "objective.yaml"
    text = (ROOT / "objective.yaml").read_text()
    file.write_text(text.replace("guide:", "guied:").replace("budget: 1", "budget: some"))
    code, output = run("check", str(file))
    assert code == 1
    assert "did you mean 'guide'?" in output
    assert output.endswith("2 to mend\n")
    file.write_text(text)
    code, output = run("check", str(file))
    assert code == 0
    assert f"{file}:" in output
    assert "warning: contract.labels.guide: no file 'labelling-guide.md' beside objective.yaml" in output
