"""The demo from its first stage to Ctrl-C."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

from towpath.cli.demo.board import Board, board
from towpath.cli.demo.path import STAGES, Options, Walk
from towpath.cli.demo.result import report, shown
from towpath.core.errors import TowpathError

__all__ = ["run_demo"]


def run_demo(options: Options, console: Console, *, stay: bool, report_file: Path | None) -> int:
    """Walk the whole path; 0 when every stage was done, 1 when one failed, 130 when interrupted."""
    interrupted = threading.Event()
    with _signals(interrupted), ExitStack() as stack:
        try:
            walk = Walk.begin(options, stack)
            failed = _stages(walk, board([title for title, _ in STAGES], console), console, report_file)
            if stay and failed is None:
                console.print(_further(walk), soft_wrap=True)
                _stay(walk, interrupted)
        except KeyboardInterrupt:
            console.print("stopping …")
            return 0 if interrupted.is_set() and stay else 130
    return 0 if failed is None else 1


def _stages(walk: Walk, view: Board, console: Console, report_file: Path | None) -> str | None:
    failed: str | None = None
    with view.shown():
        for stage, (title, act) in zip(view.stages, STAGES, strict=True):
            try:
                with view.running(stage):
                    act(walk, stage)
            except TowpathError as error:
                failed = f"{title}: {error}"
                break
    figures = report(walk, view.stages, failed)
    if report_file is not None:
        report_file.write_text(json.dumps(figures.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    if failed is None:
        console.print(shown(figures))
    else:
        console.print(Text(f"\n{failed}\n", "red"), soft_wrap=True)
        console.print(Text(f"The services' logs are in {walk.options.home / 'logs'}"), soft_wrap=True)
    return failed


def _further(walk: Walk) -> Text:
    servers = walk.bootstrap_servers
    tail = f"TOWPATH_KAFKA_BOOTSTRAP_SERVERS={servers} towpath tail predictions"
    lines = ["", "All of it runs on. In another terminal:", f"  {tail}"]
    post = f"curl -H 'content-type: application/json' -d '{{\"text\": \"Great service!\"}}' {walk.url('ingestion')}"
    lines += [f"  {post}/v1/documents", ""]
    services = walk.services.running if walk.services else {}
    for name, each in services.items():
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
