"""Which acts are walked, and what is written when the second one fails."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console

from towpath.cli.demo import run
from towpath.cli.demo.board import Stage
from towpath.cli.demo.path import Options, Walk
from towpath.core.errors import TowpathError

OBJECTIVE = Path(__file__).parents[4] / "objective.yaml"


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Both acts have a stage; that of the second fails."""
    seen: list[str] = []

    def first(_: Walk, stage: Stage) -> None:
        seen.append("first")
        stage.say("done")

    def second(walk: Walk, _: Stage) -> None:
        seen.append("second")
        walk.loop.capital.append(0.5)
        raise TowpathError("the gate let no release through")

    monkeypatch.setattr(run, "STAGES", (("Walk", first),))
    monkeypatch.setattr(run, "SECOND_ACT", (("Close the loop", second),))
    return seen


def act(tmp_path: Path, *, second_act: bool) -> tuple[str | None, str, dict[str, object]]:
    out, report = io.StringIO(), tmp_path / "figures.json"
    with ExitStack() as stack:
        walk = Walk.begin(Options(tmp_path, OBJECTIVE), stack)
        failed = run._acts(walk, Console(file=out, width=200), report, second_act=second_act)
    return failed, out.getvalue(), json.loads(report.read_text())


def test_the_second_act_can_be_left_out(tmp_path: Path, walked: list[str]) -> None:
    failed, shown, figures = act(tmp_path, second_act=False)
    assert walked == ["first"]
    assert failed is None
    assert figures["second_act"] == {}
    assert "second act" not in shown


def test_a_second_act_that_fails_is_told_with_what_there_is(tmp_path: Path, walked: list[str]) -> None:
    failed, shown, figures = act(tmp_path, second_act=True)
    assert walked == ["first", "second"]
    assert failed == "Close the loop: the gate let no release through"
    assert failed in shown
    assert "logs" in shown, "where to look further"
    assert figures["failed"] == failed
    second = figures["second_act"]
    assert isinstance(second, dict)
    assert second["capital"] == [0.5]
    assert list(second["stages"]) == ["Close the loop"]
    assert second["saved"] is None
