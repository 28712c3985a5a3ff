"""towpath data report, as typed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from towpath.cli.__main__ import app

ROOT = Path(__file__).parents[3]
VOWELS, CONSONANTS = "aeiou", "bdfglmnprst"
WORDS = [f"{a}{b}{c}" for a in CONSONANTS for b in VOWELS for c in CONSONANTS][:41]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    objective = yaml.safe_load((ROOT / "objective.yaml").read_text())
    objective["contract"]["dataQuality"] |= {"minDocuments": 20, "minDocumentsPerClass": 2}
    (tmp_path / "objective.yaml").write_text(yaml.safe_dump(objective))
    (tmp_path / "labelling-guide.md").write_text((ROOT / "labelling-guide.md").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def texts(count: int, start: int = 0) -> list[str]:
    return [" ".join(WORDS[(n * 7 + k * k * (n % 5 + 1)) % len(WORDS)] + str(n) for k in range(9))
            for n in range(start, start + count)]  # fmt: skip


def write(file: Path, said: list[str], extra: list[list[str]] | None = None) -> Path:
    classes = ["negative", "neutral", "positive"]
    rows = [[f"{file.stem}-{n}", classes[n % 3], text] for n, text in enumerate(said)] + (extra or [])
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["documentId", "label", "text"], *rows])
    return file


def typed(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", "report", *map(str, arguments)])


def test_good_data_pass_and_the_page_needs_nothing_else(folder: Path) -> None:
    done = typed(write(folder / "good.csv", texts(60)), "-o", "good.html", "--json", "good.json")
    assert done.exit_code == 0, done.output
    told = json.loads((folder / "good.json").read_text())
    assert (told["ok"], told["facts"]["documents"]) == (True, 60)
    page = (folder / "good.html").read_text()
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_a_crossed_limit_is_exit_code_1_and_named(folder: Path) -> None:
    file = write(folder / "bad.csv", [*texts(40), *texts(20)])
    done = typed(file)
    assert done.exit_code == 1
    assert "duplicates" in done.output
    assert typed(file, "--report-only").exit_code == 0


def test_what_documents_say_is_escaped(folder: Path) -> None:
    hostile = [["<script>1</script>", "<b>x</b>", "<script>alert(1)</script> \\u2019 \x1b[31m [red] {{ 7*7 }}"]]
    typed(write(folder / "x.csv", texts(30), hostile), "-o", "x.html", "--report-only")
    page = (folder / "x.html").read_text()
    assert "<script" not in page
    assert "\x1b" not in page
    assert "{{ 7*7 }}" in page


def test_files_of_two_sides_are_compared(folder: Path) -> None:
    train = write(folder / "train.csv", texts(60))
    test = write(folder / "held.csv", [*texts(2), *texts(30, start=200)])
    done = typed(train, "--test", test, "--json", "out.json")
    found = {each["check"]: each for each in json.loads((folder / "out.json").read_text())["findings"]}
    assert (found["leakage"]["count"], found["leakage"]["severity"]) == (2, "error")
    assert found["leakage"]["rows"] == ["held-0", "held-1"]
    assert done.exit_code == 1


def test_another_set_is_what_skew_is_measured_against(folder: Path) -> None:
    before, now = write(folder / "before.csv", texts(80)), write(folder / "now.csv", [f"{t} {t}" for t in texts(80)])
    typed(now, "--against", before, "--json", "out.json")
    found = {each["check"]: each for each in json.loads((folder / "out.json").read_text())["findings"]}
    assert found["skew-lengths"]["severity"] == "error"


def test_lines_that_are_no_rows_are_counted_and_stop_nothing(folder: Path) -> None:
    lines = [json.dumps({"documentId": f"d{n}", "text": text}) for n, text in enumerate(texts(30))]
    (folder / "cut.ndjson").write_text("\n".join([*lines, '{"text": "half', "7", '{"text": ["no"]}']))
    done = typed("cut.ndjson", "--json", "out.json")
    assert done.exit_code == 1
    found = {each["check"]: each for each in json.loads((folder / "out.json").read_text())["findings"]}
    assert found["schema"]["parts"] == {"no row": 3}
    assert found["schema"]["rows"] == ["cut.ndjson:31", "cut.ndjson:32", "cut.ndjson:33"]
    assert found["schema"]["sample"][0]["text"].startswith("not JSON")


def test_a_table_without_a_header_is_read_by_those_given_and_keeps_its_quotes(folder: Path) -> None:
    rows = [f'{n}\tneutral\t"{text}\t' for n, text in enumerate(texts(30))]
    (folder / "bare.tsv").write_text("\n".join(rows))
    typed("bare.tsv", "--columns", "documentId,label,text", "--json", "out.json")
    told = json.loads((folder / "out.json").read_text())
    assert told["facts"]["documents"] == 30
    assert told["facts"]["labels"]["neutral"] == 30


def test_what_cannot_be_read_is_told_with_its_name(folder: Path) -> None:
    assert "gone.csv" in typed("gone.csv").output
    done = typed(write(folder / "a.csv", texts(3)), "--snapshot", folder)
    assert (done.exit_code, "not both" in done.output) == (2, True)
