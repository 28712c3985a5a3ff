"""towpath labels report, guide and release, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from towpath.cli.__main__ import app
from towpath.preparation.labels.release import read_release

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "objective.yaml").write_text((ROOT / "objective.yaml").read_text())
    (tmp_path / "labelling-guide.md").write_text((ROOT / "labelling-guide.md").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path / "home"))
    return tmp_path


def write(folder: Path, noise: float, raters: int = 3) -> None:
    random = np.random.default_rng(0)
    truth = random.normal(scale=2, size=80)
    given = np.clip(np.round(truth + random.normal(scale=noise, size=(raters, 80))), -4, 4)
    rows = [
        {"documentId": f"d{d}", "raterId": f"r{r}", "guideVersion": "1", "classLabel": {"score": g}}
        for (r, d), g in np.ndenumerate(given)
    ]
    (folder / "ratings.ndjson").write_text("\n".join(map(json.dumps, rows)))
    (folder / "texts.ndjson").write_text(
        "\n".join(json.dumps({"documentId": f"d{d}", "text": f"t {d}"}) for d in range(80))
    )


def typed(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["labels", *map(str, arguments)])


FILES = ("--documents", "texts.ndjson", "--annotations", "ratings.ndjson")


def test_labels_that_agree_are_released_and_again_to_the_same_place(folder: Path) -> None:
    write(folder, noise=0.5)
    done = typed("release", *FILES)
    assert done.exit_code == 0, done.output
    again = typed("release", *FILES, "--to", folder / "home" / "labels")
    assert again.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]
    (made,) = (folder / "home" / "labels").iterdir()
    assert len(read_release(made).rows) == 80


def test_labels_that_do_not_are_refused_with_the_reason_and_nothing_is_written(folder: Path) -> None:
    write(folder, noise=4, raters=2)
    done = typed("release", *FILES, "--to", "releases")
    assert done.exit_code == 1
    assert "NOT MET agreement" in done.stderr
    assert "Mend the guide" in done.stderr
    assert "80 more ratings" in done.stderr
    assert not (folder / "releases").exists()


def test_the_report_is_a_page_and_the_same_for_programs(folder: Path) -> None:
    write(folder, noise=4)
    done = typed("report", *FILES, "-o", "labels.html", "--json", "labels.json")
    assert done.exit_code == 0, done.output
    told = json.loads((folder / "labels.json").read_text())
    assert told["release"]["met"] is False
    assert "may not be released" in (folder / "labels.html").read_text()


def test_a_review_that_the_objective_asks_for_is_asked_for(folder: Path) -> None:
    write(folder, noise=0.5)
    data = yaml.safe_load((folder / "objective.yaml").read_text())
    data["contract"]["labels"]["review"]["minReviewedShare"] = 0.5
    (folder / "objective.yaml").write_text(yaml.safe_dump(data))
    assert "no review queue" in typed("release", *FILES).stderr
    entry = {
        "documentId": "d1",
        "text": "t 1",
        "given": "negative",
        "suspected": "positive",
        "score": 0.9,
        "votes": {},
        "why": "",
    }
    (folder / "queue.ndjson").write_text("\n".join(json.dumps(entry | more) for more in ({}, {"reviewed": True})))
    assert typed("release", *FILES, "--queue", "queue.ndjson").exit_code == 0


def test_a_guide_is_checked_and_its_use_measured(folder: Path) -> None:
    write(folder, noise=0.5)
    done = typed("guide", "--annotations", "ratings.ndjson")
    assert done.exit_code == 0, done.output
    assert "version 1" in done.stdout
    assert "1 (the guide's)" in done.stdout
    guide = folder / "labelling-guide.md"
    guide.write_text(guide.read_text().replace("## neutral", "## Neutral"))
    done = typed("guide")
    assert done.exit_code == 1
    assert "labelling-guide.md:18: 'Neutral' is no class of the objective: is 'neutral' meant?" in done.stderr
    guide.unlink()
    assert "write it" in typed("guide").stderr
