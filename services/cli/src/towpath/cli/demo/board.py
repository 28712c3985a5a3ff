"""What the demo shows while it runs: its stages with progress, counts and rates; live, or a line at a time."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from towpath.cli.context import plain

__all__ = ["Board", "Stage", "board"]

Status = Literal["waiting", "running", "done", "failed"]
_MARKS = {"waiting": Text("·", "dim"), "done": Text("✔", "green"), "failed": Text("✘", "red")}


@dataclass
class Stage:
    """One stage, told by whoever does it."""

    title: str
    status: Status = "waiting"
    done: int = 0
    total: int = 0
    unit: str = ""
    note: str = ""
    began: float = 0.0
    ended: float | None = None
    _counting_since: float = field(default=0.0, repr=False)

    def expect(self, total: int, unit: str) -> None:
        """Begin to count something else."""
        self.done, self.total, self.unit, self._counting_since = 0, total, unit, time.monotonic()

    def count(self, done: int) -> None:
        self.done = done

    def say(self, note: str) -> None:
        self.note = plain(note)

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began if self.began else 0.0

    @property
    def counts(self) -> str:
        """For example `1,200 of 95,000 annotations, 4,000/s`."""
        if not self.total:
            return ""
        spent = (self.ended or time.monotonic()) - self._counting_since
        rate = f", {self.done / spent:,.0f}/s" if self.done and spent > 0.2 else ""
        return f"{self.done:,} of {self.total:,} {self.unit}{rate}"


class Board:
    """The stages in order; this one writes nothing."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.stages = [Stage(title) for title in titles]

    def shown(self) -> AbstractContextManager[object]:
        return nullcontext()

    @contextmanager
    def running(self, stage: Stage) -> Iterator[Stage]:
        """A stage is done when its block ends, failed when it raises."""
        stage.status, stage.began = "running", time.monotonic()
        stage._counting_since = stage.began
        self.began(stage)
        try:
            yield stage
        except BaseException:
            stage.status = "failed"
            raise
        else:
            stage.status = "done"
        finally:
            stage.ended = time.monotonic()
            self.ended(stage)

    def began(self, stage: Stage) -> None: ...

    def ended(self, stage: Stage) -> None: ...


class _LiveBoard(Board):
    """Drawn anew several times a second."""

    def __init__(self, titles: Sequence[str], console: Console) -> None:
        super().__init__(titles)
        self._console, self._spinner = console, Spinner("dots")

    def shown(self) -> AbstractContextManager[object]:
        return Live(get_renderable=self._draw, console=self._console, refresh_per_second=6)

    def _draw(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for stage in self.stages:
            mark = self._spinner if stage.status == "running" else _MARKS[stage.status]
            seconds = Text(f"{stage.seconds:.1f} s" if stage.began else "", "dim", justify="right")
            table.add_row(mark, Text(stage.title, "bold" if stage.status == "running" else ""), seconds, _said(stage))
        return Group(Text(), table)


def _said(stage: Stage) -> RenderableType:
    # Text, never markup: part of it may come from logs and from the data.
    parts: list[RenderableType] = []
    if stage.status == "running" and stage.total:
        parts.append(ProgressBar(total=stage.total, completed=stage.done, width=28))
    said = " · ".join(each for each in (stage.counts, stage.note) if each)
    row = Table.grid(padding=(0, 1))
    row.add_row(*parts, Text(said, overflow="fold"))
    return row


class _PlainBoard(Board):
    """A line when a stage begins and when it ends, for logs and pipes."""

    def __init__(self, titles: Sequence[str], console: Console) -> None:
        super().__init__(titles)
        self._console = console

    def began(self, stage: Stage) -> None:
        self._line(stage, "…")

    def ended(self, stage: Stage) -> None:
        said = "; ".join(each for each in (stage.counts, stage.note) if each)
        outcome = "failed" if stage.status == "failed" else "done"
        # What is of several lines stands below, not beside.
        said = "\n".join(["", *(f"      {line}" for line in said.split("\n"))]) if "\n" in said else said and f" {said}"
        self._line(stage, f"{outcome} in {stage.seconds:.1f} s" + (f":{said}" if said else ""))

    def _line(self, stage: Stage, text: str) -> None:
        number = self.stages.index(stage) + 1
        self._console.print(Text(f"[{number}/{len(self.stages)}] {stage.title} {text}"), soft_wrap=True)


def board(titles: Sequence[str], console: Console) -> Board:
    """Live on a terminal, plain elsewhere."""
    live = console.is_terminal and sys.stdout.isatty()
    return _LiveBoard(titles, console) if live else _PlainBoard(titles, console)
