"""towpath monitor report"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from towpath.cli.context import Installed, console, errors_told, installed

if TYPE_CHECKING:
    from towpath.cli.windows import Word
    from towpath.monitoring.domain.windows.shown import WindowReport

__all__ = ["register"]

_WORDS = 25


def register(app: typer.Typer) -> None:
    group = typer.Typer(name="monitor", help="What monitoring has seen: a report of what is different.")
    group.callback()(lambda: None)  # a group of one command stays a group
    app.add_typer(group)
    group.command("report")(report)


def report(
    against: Annotated[
        Literal["reference", "before"],
        typer.Option(help="reference: what the reigning release was judged on; before: the window before"),
    ] = "reference",
    documents: Annotated[int | None, typer.Option(min=1, help="the last so many; else 5,000, or half of all")] = None,
    hours: Annotated[float | None, typer.Option(min=0.01, help="instead: those of so many hours")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="the page")] = Path("report.html"),
    json_file: Annotated[Path | None, typer.Option("--json", help="the figures for programs")] = None,
    words: Annotated[bool, typer.Option(help="read the documents' topic, to tell which words came and went")] = True,
) -> None:
    """Tell what is different in the last documents, how surely, at what price, and write one page about it.

    Example: towpath monitor report --against before --hours 168 -o report.html
    """
    from rich.console import Console

    from towpath.cli.windows import report_of

    with errors_told():
        with console.status("comparing"):
            found = report_of(against, documents, hours)
        texts = _texts(found, installed()) if words else {}
        moved = _moved(found, texts)
        _write(found, moved, texts, output, json_file)
    from towpath.cli.windows.terminal import show

    show(found, moved, texts, Console())
    typer.echo(f"wrote {output}")


def _texts(found: WindowReport, here: Installed) -> dict[str, str]:
    from towpath.cli.windows import texts_of

    ids = {*found.sample_now, *found.sample_before, *(each.document_id for each in [*found.came, *found.went])}
    with console.status("reading the documents' topic") as status, here.broker() as broker:
        return texts_of(ids, broker, here.registry, lambda done: status.update(f"reading documents: {done:,}"))


def _moved(found: WindowReport, texts: dict[str, str]) -> Sequence[Word]:
    from towpath.cli.windows import changed, said

    sides = [
        [said(texts[each]) for each in dict.fromkeys(sample) if each in texts]
        for sample in (found.sample_now, found.sample_before)
    ]
    return changed(sides[0], sides[1], _WORDS)


def _write(
    found: WindowReport, words: Sequence[Word], texts: dict[str, str], output: Path, json_file: Path | None
) -> None:
    import json
    from dataclasses import asdict

    from towpath.cli.windows.page import as_page

    output.write_text(as_page(found, words, texts), encoding="utf-8")
    if json_file is not None:
        figures = found.model_dump(mode="json", by_alias=True) | {"words": [asdict(each) for each in words]}
        json_file.write_text(json.dumps(figures, indent=1, ensure_ascii=False), encoding="utf-8")
