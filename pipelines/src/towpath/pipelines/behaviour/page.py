"""The report as one HTML page, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from towpath.pipelines.behaviour.judging import Result, Verdict
from towpath.pipelines.behaviour.report import Report, limit_said
from towpath.preparation.reports import Block, Fact, Facts, Section, Table, Text, Tone, page

__all__ = ["as_markdown", "as_page"]

_HEAD = ("test", "capability", "kind", "cases", "fail", "acted on", "limit", "verdict")
_TONES: dict[Verdict, Tone] = {"passed": "good", "failed": "bad", "reported": "", "left out": "quiet"}
_ABOUT = (
    "A case fails when the most probable class (or, where a test judges the decision, what is done) is not what the "
    "test wants. “Acted on”: of those, how many the objective's costs would not have handed to a person."
)


def as_page(report: Report, *, title: str, subtitle: str = "") -> str:
    """Self-contained HTML. Texts are escaped."""
    return page(title, [_summary(report), *_details(report)], subtitle=subtitle)


def as_markdown(report: Report, *, title: str) -> str:
    """A table of the tests, and texts that fail."""
    lines = [f"# {title}", "", report.words, "", *_lines([_HEAD, *_rows(report)])]
    for each in report.results:
        if each.examples:
            rows = [(one.text, one.before or "", one.said, one.wanted) for one in each.examples]
            lines += ["", f"## {_plain(each.name)}", "", *_lines([("text", "was", "said", "wanted"), *rows])]
    return "\n".join(lines) + "\n"


def _summary(report: Report) -> Section:
    tones = {n: _TONES[each.verdict] for n, each in enumerate(report.results)}
    capabilities = dict.fromkeys(each.capability for each in report.results)
    facts = [_fact(report, name) for name in capabilities]
    said = Text(report.words[:1].upper() + report.words[1:] + ".", "good" if report.ok else "bad")
    return Section("In short", [said, Facts(facts), Table(_HEAD, _rows(report), tones=tones)], _ABOUT)


def _fact(report: Report, capability: str) -> Fact:
    chosen = [each for each in report.results if each.capability == capability]
    cases, failed = sum(each.cases for each in chosen), sum(each.failures for each in chosen)
    tone: Tone = "bad" if any(each.verdict == "failed" for each in chosen) else ""
    return Fact(capability, f"{failed / cases:.0%}" if cases else "–", f"{failed} of {cases} cases fail", tone)


def _rows(report: Report) -> list[tuple[object, ...]]:
    return [
        (
            each.name,
            each.capability,
            each.kind,
            each.cases,
            f"{each.rate:.0%}" if each.cases else "–",
            each.acted,
            limit_said(each.limit),
            each.verdict if each.cases else f"{each.verdict}, {each.why}",
        )
        for each in report.results
    ]


def _details(report: Report) -> Iterator[Section]:
    for each in report.results:
        if each.failures:
            yield Section(each.name, _detail(each), each.why[:1].upper() + each.why[1:] + ".")


def _detail(result: Result) -> list[Block]:
    blocks: list[Block] = []
    if result.parts:
        rows = [(each.by, each.which, each.cases, each.failures, f"{each.rate:.0%}") for each in result.parts]
        blocks.append(Table(("by", "which", "cases", "fail", "share"), rows))
    shown = [(each.text, each.before, each.said, each.wanted) for each in result.examples]
    return [*blocks, Table(("text", "was", "said", "wanted"), shown)]


def _lines(rows: list[tuple[object, ...]]) -> list[str]:
    lines = [f"| {' | '.join(_plain(str(cell)) for cell in row)} |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def _plain(text: str) -> str:
    flat = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#" else each for each in flat)
