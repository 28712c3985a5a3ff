"""What is shown: each stage begins and ends in words; nothing from outside is taken for markup."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from towpath.cli.demo.board import Stage, _LiveBoard, board
from towpath.core.errors import TowpathError


def test_a_pipe_gets_a_line_when_a_stage_begins_and_when_it_ends() -> None:
    out = io.StringIO()
    view = board(["Train", "Stream"], Console(file=out, width=200))
    with view.shown(), view.running(view.stages[0]) as stage:
        stage.expect(1000, "documents")
        stage.count(1000)
        stage.say("[red]not markup[/red]")
    with pytest.raises(TowpathError), view.running(view.stages[1]):
        raise TowpathError("no")
    lines = out.getvalue().splitlines()
    assert lines[0] == "[1/2] Train …"
    assert lines[1].startswith("[1/2] Train done in 0.0 s: 1,000 of 1,000 documents")
    assert lines[1].endswith("[red]not markup[/red]")
    assert lines[3].startswith("[2/2] Stream failed in")
    assert [each.status for each in view.stages] == ["done", "failed"]


def test_a_terminal_gets_all_stages_at_once() -> None:
    out = io.StringIO()
    view = _LiveBoard(["Train", "Stream"], Console(file=out, width=120, force_terminal=True))
    with view.shown(), view.running(view.stages[0]) as stage:
        stage.expect(10, "documents")
        stage.count(5)
        stage.say("\x1b[2Jhalf [bold]done")
    shown = out.getvalue()
    assert "Train" in shown
    assert "Stream" in shown
    assert "5 of 10 documents" in shown
    assert "half [bold]done" in shown
    assert "\x1b[2J" not in shown, "a terminal code from outside must not reach the terminal"


def test_a_rate_counts_from_where_counting_began() -> None:
    stage = Stage("Collect", began=100.0, ended=110.0)
    stage.expect(50, "annotations")
    stage.done, stage._counting_since = 50, 105.0
    assert stage.counts == "50 of 50 annotations, 10/s"
