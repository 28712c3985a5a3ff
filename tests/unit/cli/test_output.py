"""Input 10: HTML, terminal codes and newlines from files and topics do no harm where people read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from towpath.cli.__main__ import app
from towpath.cli.canvas import markdown, page
from towpath.cli.context import plain
from towpath.core.objective import load_objective
from towpath.model.build.tiny import build_tiny_bundle
from towpath.pipelines.report import _html_table, _markdown_table, _plain

HOSTILE = "<script>alert(1)</script>|\x1b[2J\n\u2028[x](javascript:1)"


def test_what_is_printed_cannot_move_the_cursor() -> None:
    assert "\x1b" not in plain(HOSTILE)
    assert "\x1b" not in _plain(HOSTILE)


def test_reports_escape_names() -> None:
    rows = [["class", "count"], [HOSTILE, "1"]]
    table = _html_table(rows)
    assert "<script>" not in table
    assert "&lt;script&gt;" in table
    (_, _, line) = _markdown_table(rows)
    assert "<script>" not in line.replace("\\<", "")
    assert line.replace("\\|", "").count("|") == 3


def test_a_canvas_escapes_its_text(tmp_path: Path) -> None:
    text = Path("objective.yaml").read_text().replace("The text of the tweet,", "<script>x</script> `|` ")
    (tmp_path / "objective.yaml").write_text(text)
    objective = load_objective(tmp_path / "objective.yaml")
    assert "<script>" not in page(objective)
    assert "<script>" not in markdown(objective).replace("\\<", "")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_objective_check_names_mistakes_and_fails(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(Path("objective.yaml").read_text().replace("confidence: 0.95", "confidence: 95"))
    code, output = run("objective", "check", str(bad))
    assert code == 1
    assert "contract.readiness.confidence" in output
    assert run("objective", "check", "objective.yaml")[0] == 0


@pytest.mark.parametrize("kind", ["terminal", "html", "md"])
def test_objective_render_writes_every_box(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "canvas"
    assert run("objective", "render", "objective.yaml", "--format", kind, "-o", str(out))[0] == 0
    text = out.read_text()
    for box in ("Value proposition", "ML task", "Live evaluation", "Collecting data"):
        assert box in text
    assert "0.15 EUR" in text


def test_predict_runs_a_bundle_without_any_service(tmp_path: Path) -> None:
    bundle = build_tiny_bundle(tmp_path / "bundle")
    code, output = run("predict", "hello", "--bundle", str(bundle), "--json")
    assert code == 0
    assert '"label"' in output
    (bundle / "model.onnx").write_bytes(b"x")
    code, output = run("predict", "hello", "--bundle", str(bundle))
    assert code == 2
    assert "error:" in output


def test_errors_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWPATH_HOME", str(tmp_path))
    assert "towpath train" in run("predict", "hello")[1]
    assert "no such file" in run("ingest", str(tmp_path / "none.csv"))[1]
