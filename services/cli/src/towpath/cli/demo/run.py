"""The demo from its first stage to Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console
from rich.text import Text

from towpath.cli.context import plain
from towpath.cli.demo.board import Board, Stage, board
from towpath.cli.demo.closed import closed
from towpath.cli.demo.closing import SECOND_ACT
from towpath.cli.demo.figures import Report
from towpath.cli.demo.path import STAGES, Options, Walk
from towpath.cli.demo.result import report, shown
from towpath.core.errors import TowpathError

__all__ = ["run_demo"]

# A file, a process or a service that is not what it should be fails its stage; anything else is a mistake of ours.
_FAILURES = (TowpathError, OSError, ValueError, httpx.HTTPError)


Act = Callable[[Walk, Stage], None]


def run_demo(options: Options, console: Console, *, stay: bool, report_file: Path | None, second_act: bool) -> int:
    """Walk the whole path; 0 when every stage was done, 1 when one failed, 130 when interrupted."""
    interrupted = threading.Event()
    with _signals(interrupted), ExitStack() as stack:
        try:
            walk = Walk.begin(options, stack)
            failed = _acts(walk, console, report_file, second_act=second_act)
            if stay and failed is None:
                console.print(_further(walk), soft_wrap=True)
                _stay(walk, interrupted)
        except KeyboardInterrupt:
            console.print("stopping …")
            return 0 if interrupted.is_set() and stay else 130
    return 0 if failed is None else 1


def _acts(walk: Walk, console: Console, report_file: Path | None, *, second_act: bool) -> str | None:
    first, second = _board(STAGES, console), _board(SECOND_ACT, console)
    failed = _stages(walk, first, STAGES)
    figures = _write(report(walk, first.stages, failed), report_file)
    if failed is None:
        console.print(shown(figures))
    if failed is None and second_act:
        console.print(Text("\nThe second act: the world changes, and the loop closes by itself.\n", "bold"))
        failed = _stages(walk, second, SECOND_ACT)
        figures = _write(report(walk, first.stages, failed, second.stages), report_file)
        if failed is None:
            console.print(closed(figures))
    if failed is not None:
        console.print(Text(f"\n{plain(failed)}\n", "red"), soft_wrap=True)
        console.print(Text(f"The services' logs are in {walk.options.home / 'logs'}"), soft_wrap=True)
    return failed


def _board(stages: Sequence[tuple[str, Act]], console: Console) -> Board:
    return board([title for title, _ in stages], console)


def _stages(walk: Walk, view: Board, stages: Sequence[tuple[str, Act]]) -> str | None:
    """What failed, in words."""
    with view.shown():
        for stage, (title, act) in zip(view.stages, stages, strict=True):
            try:
                with view.running(stage):
                    act(walk, stage)
            except _FAILURES as error:
                return f"{title}: {error}"
    return None


def _write(figures: Report, file: Path | None) -> Report:
    if file is not None:
        file.write_text(json.dumps(figures.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return figures


def _further(walk: Walk) -> Text:
    command = "towpath" if shutil.which("towpath") else os.path.relpath(sys.argv[0])
    post = "curl -H 'content-type: application/json' -d '{\"text\": \"Great service!\"}'"
    lines = [
        "",
        "All of it runs on. Follow the predictions in another terminal, and send a document:",
        "",
        f"  TOWPATH_HOME={walk.options.home} {command} tail predictions",
        f"  {post} {walk.url('ingestion')}/v1/documents",
        "",
    ]
    if walk.loop.run:
        about, alert = ("alerts show", "lineage"), walk.loop.run["alertIds"][0]
        lines += [*(f"  TOWPATH_HOME={walk.options.home} {command} {each} {alert}" for each in about), ""]
    for name, each in walk.services.running.items() if walk.services else ():
        docs = f"   API docs {each.url}{each.spec.docs}" if each.spec.docs else ""
        lines.append(f"  {name:<11} metrics {each.url}/metrics{docs}")
    return Text("\n".join([*lines, "", "Ctrl-C stops everything."]))


def _stay(walk: Walk, interrupted: threading.Event) -> None:
    """Until Ctrl-C. Raises TowpathError when a service ends meanwhile."""
    while not interrupted.wait(1.0):
        if walk.services is not None:
            walk.services.check()


@contextmanager
def _signals(interrupted: threading.Event) -> Iterator[None]:
    """SIGTERM is Ctrl-C: either way what was started is stopped in order."""

    def on_signal(_: int, __: FrameType | None) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    before: dict[signal.Signals, Callable[..., object] | int | None] = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
