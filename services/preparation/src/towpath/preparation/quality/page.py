"""The data report as one HTML page, for people inside and outside the team."""

from __future__ import annotations

from datetime import UTC, datetime

from towpath.preparation.quality.about import ABOUT, METHOD, OVERLAP
from towpath.preparation.quality.finding import Finding, Report, Sample, Severity
from towpath.preparation.reports import Block, Fact, Facts, Figure, Section, Table, Text, Tone, charts, page

__all__ = ["data_page"]

_TONES: dict[Severity, Tone] = {"error": "bad", "warning": "warn", "info": "good"}
_VERDICT = {"error": "beyond the limit", "warning": "found", "info": "fine"}
_LENGTHS_SHOWN = 14


def data_page(report: Report, *, title: str, subtitle: str = "", footer: str = "") -> str:
    """Self-contained HTML. Everything in it that came from documents is escaped."""
    shown = [each for level in ("error", "warning") for each in report.findings if each.severity == level]
    details = [_detail(each) for each in shown if each.sample or each.parts]
    sections = [_summary(report), *details, *_overlap(report), *_moved(report), _shape(report), _method()]
    return page(title, sections, subtitle=subtitle, footer=footer)


def _summary(report: Report) -> Section:
    errors, warnings = report.of("error"), report.of("warning")
    said = {
        "bad": f"{len(errors)} of {len(report.findings)} checks are beyond the objective's limits: {report.words}.",
        "warn": "All checks are within the objective's limits; some found what is worth a look.",
        "good": "All checks are within the objective's limits.",
    }
    tone: Tone = "bad" if errors else "warn" if warnings else "good"
    facts = [Fact("documents", f"{report.facts['documents']:,}", _span(report))]
    for check in ("encoding", "duplicates", "near-duplicates", "conflicts", "leakage", "personal-data"):
        facts += [
            Fact(ABOUT[check][0].lower(), _share(each), f"{each.count:,} documents", _TONES[each.severity])
            for each in report.findings
            if each.check == check
        ]
    rows = [[_title(f), _VERDICT[f.severity], f.said, _share(f), _limit(f)] for f in report.findings]
    tones = {n: _TONES[each.severity] for n, each in enumerate(report.findings)}
    table = Table(["check", "verdict", "found", "share", "limit"], rows, tones=tones)
    return Section("In short", [Text(said[tone], tone), Facts(facts), table])


def _shape(report: Report) -> Section:
    facts = report.facts
    blocks: list[Block] = []
    if sum(facts["labels"].values()):
        names, counts = zip(*facts["labels"].items(), strict=True)
        blocks.append(Figure(charts.bars(names, counts, title="Documents by class", x_label="documents"), "By class."))
    blocks.append(Figure(_lengths(facts["lengths"]), "By length in characters."))
    return Section("What is there", blocks)


def _lengths(counted: dict[str, list[int]]) -> str:
    lower, counts = counted["from"], counted["documents"]
    used = [n for n, count in enumerate(counts) if count]
    first, last = (min(used), max(used)) if used else (0, 0)
    # Neighbouring bins together, so that a chart has few bars.
    step = -(-(last - first + 1) // _LENGTHS_SHOWN)
    labels, values = [], []
    for n in range(first, last + 1, step):
        end = min(n + step, last + 1)
        upper = lower[end] - 1 if end < len(lower) else None
        labels.append(
            f"{lower[n]:,}" if upper == lower[n] else f"{lower[n]:,} to {upper:,}" if upper else f"{lower[n]:,} +"
        )
        values.append(sum(counts[n:end]))
    return charts.bars(labels, values, title="Documents by length", x_label="documents", tone="accent2")


def _overlap(report: Report) -> list[Section]:
    found = report.facts.get("overlap")
    if not found:
        return []
    names, counts = found["parts"], report.facts["parts"]
    numbers = [str(n) for n in range(1, len(names) + 1)]
    rows = [
        [n, name, counts.get(name, 0), *(f"{each:,}" if each else "-" for each in row)]
        for n, name, row in zip(numbers, names, found["rows"], strict=True)
    ]
    return [Section("The same on several sides", [Table(["", "of", "documents", *numbers], rows)], OVERLAP)]


def _moved(report: Report) -> list[Section]:
    moved = report.facts.get("moved")
    if not moved:
        return []
    rows = [[name, f"{before:.2%}", f"{now:.2%}"] for name, before, now in moved]
    about = f"Against {report.facts['reference']['documents']:,} documents: the words whose share moved most."
    return [Section("What moved", [Table(["word", "share in the reference", "share here"], rows)], about)]


def _detail(finding: Finding) -> Section:
    blocks: list[Block] = [Text(f"{finding.said}.", _TONES[finding.severity])]
    if len(finding.parts) > 1:
        names, counts = list(finding.parts), list(finding.parts.values())
        blocks.append(Figure(charts.bars(names, counts, title=_title(finding), x_label="documents")))
    if finding.sample:
        rows = [row for each in finding.sample for row in _rows(each)]
        caption = f"{len(finding.sample)} of {finding.count:,}"
        head = ["id", "label", "side", "text"]
        blocks.append(Table(head, rows, caption, tones={n: "quiet" for n, row in enumerate(rows) if row[0][0] == "↳"}))
    return Section(_title(finding), blocks, ABOUT.get(finding.check, ("", ""))[1])


def _rows(sample: Sample) -> list[list[str]]:
    """The row, and below it the one that it is like."""
    rows = [[sample.id or "(no id)", sample.label or "–", sample.part or "–", sample.text]]
    return rows + ([["↳ like " + each[0], *each[1:]] for each in _rows(sample.like)] if sample.like else [])


def _method() -> Section:
    return Section("How it was checked", [Text(METHOD, "quiet")])


def _title(finding: Finding) -> str:
    return ABOUT.get(finding.check, (finding.check, ""))[0]


def _share(finding: Finding) -> str:
    if finding.check.startswith("skew-"):
        return f"{finding.share:.3f}"
    return "–" if finding.check in ("documents", "staleness", "classes", "class-balance") else f"{finding.share:.2%}"


def _limit(finding: Finding) -> str:
    if finding.limit is None:
        return "–"
    if finding.check == "staleness":
        return f"{finding.limit / 86_400:g} days"
    plain = finding.check.startswith("skew-") or finding.check in ("documents", "classes", "class-balance")
    return f"{finding.limit:,g}" if plain else f"{finding.limit:.2%}"


def _span(report: Report) -> str:
    oldest, newest = report.facts["oldest"], report.facts["newest"]
    return "" if newest is None else f"{_day(oldest)} to {_day(newest)}"


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "no date"
