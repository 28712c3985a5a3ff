"""The run's report, for people: what the gate decided and why, figures, data, lineage. Markdown and HTML."""

from __future__ import annotations

import html
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from towpath.model.manifest import Int8Choice
from towpath.pipelines.candidate import int8_of
from towpath.pipelines.work import Work

__all__ = ["write_report"]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "td,th{border-bottom:1px solid #ddd;padding:.3rem .8rem;text-align:left}"
    ".outcome{padding:1rem;border-radius:.5rem;background:#eef3ee}.fail{background:#f8e9e7}"
)
_EXAMPLES = 3
Section = tuple[str, list[list[str]]]


def write_report(work: Work) -> Path:
    """report.md and report.html in the run's folder; returns the latter."""
    gate, sections = work.read("gate"), _sections(work)
    title = f"Run {_plain(work.inputs['runId'])} of {_plain(work.objective.name)}"
    lines = [f"# {title}", "", f"**{gate['outcome']}.** {_markdown(gate['explanation'])}", ""]
    parts = [f"<h1>{html.escape(title)}</h1>", _verdict(gate)]
    for heading, rows in sections:
        lines += [f"## {heading}", "", *_markdown_table(rows), ""]
        parts += [f"<h2>{heading}</h2>", _html_table(rows)]
    (work.folder / "report.md").write_text("\n".join(lines), encoding="utf-8")
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
    page += f"<style>{_STYLE}</style>{''.join(parts)}</html>"
    (work.folder / "report.html").write_text(page, encoding="utf-8")
    return work.folder / "report.html"


def _sections(work: Work) -> list[Section]:
    data, snapshot = work.read("data"), work.read("snapshot")
    lineage = [["of", "is"], ["snapshot", snapshot["id"]], ["objective", work.objective.hash]]
    lineage += [["code", work.inputs["codeRevision"]]]
    made = [("Data", _data(data)), ("Lineage", lineage)]
    picked = int8_of(work)
    if picked is not None and data["ok"]:
        made = [("Int8", _int8(picked, work.objective.unit)), *made]
    if data["ok"] and work.objective.behaviour is not None:
        made = [("Behaviour", _behaviour(work.read("behaviour")["tests"])), *made]
    if data["ok"]:
        figures = [["metric", "value"], *([name, f"{value:.4g}"] for name, value in work.read("metrics").items())]
        made = [("Figures", figures), ("Costs", _costs(work)), ("Truth by decision", _confusion(work)), *made]
    return made


def _data(data: dict[str, Any]) -> list[list[str]]:
    rows = [["check", "", "found"]]
    noted = {each["check"] for each in data["findings"] if each["severity"] == "warning"}
    for each in data["checks"]:
        verdict = "FAILED" if not each["passed"] else "noted" if each["name"] in noted else "passed"
        rows.append([each["name"], verdict, each["found"]])
    rows += [[name, "", str(count)] for name, count in data["notes"].items()]
    return [*rows, ["all of it, with samples", "", "data-report.html, beside this file"]]


def _costs(work: Work) -> list[list[str]]:
    unit = work.objective.unit
    rows = [["against", f"candidate ({unit})", f"baseline ({unit})", f"saves at least ({unit})", ""]]
    for each in work.read("gate")["comparisons"]:
        figures = [f"{each[name]:.4f}" for name in ("candidate_cost", "baseline_cost")]
        verdict = "passed" if each["passed"] else "not passed"
        rows.append([each["baseline"], *figures, f"{-each['upper']:.4f}", verdict])
    return rows


def _int8(picked: Int8Choice, unit: str) -> list[list[str]]:
    dearer = picked.int8_cost - picked.fp32_cost
    return [
        ["", "found", "may be"],
        [f"int8 dearer by ({unit} a document)", f"{dearer:+.4f}", ""],
        [f"at most, with {picked.confidence * 100:g} % confidence", f"{picked.upper:+.4f}", f"{picked.margin:g}"],
        ["times as fast", f"{picked.speed:.2f}", "more than 1"],
        ["compared on documents", str(picked.documents), ""],
        ["taken", picked.chosen, ""],
    ]


def _behaviour(tests: list[dict[str, Any]]) -> list[list[str]]:
    rows = [["test", "capability", "found", "verdict", "for example"]]
    for each in tests:
        shown = [f"“{one['text']}”: {one['said']}, not {one['wanted']}" for one in each["examples"][:_EXAMPLES]]
        verdict = "FAILED" if each["verdict"] == "failed" else each["verdict"]
        rows.append([each["name"], each["capability"], each["why"], verdict, "; ".join(shown)])
    return [*rows, ["all of it, by slice", "", "behaviour.html, beside this file", "", ""]]


def _confusion(work: Work) -> list[list[str]]:
    judged, classes = work.arrays("judged"), work.objective.classes
    decided = np.where(judged["ask"], len(classes), judged["labels"])
    rows = [["truth", *classes, "ask a person"]]
    for index, name in enumerate(classes):
        counts = np.bincount(decided[judged["truth"] == index], minlength=len(classes) + 1)
        rows.append([name, *map(str, counts)])
    return rows


def _plain(text: str) -> str:
    """Without control characters: names come from files that anybody may have written."""
    return "".join(" " if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") else each for each in str(text))


def _markdown(text: str) -> str:
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#" else each for each in _plain(text))


def _markdown_table(rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(_markdown(cell) for cell in row)} |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]


def _html_table(rows: list[list[str]]) -> str:
    def cells(row: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(_plain(cell))}</{tag}>" for cell in row) + "</tr>"

    return "<table>" + cells(rows[0], "th") + "".join(cells(row, "td") for row in rows[1:]) + "</table>"


def _verdict(gate: dict[str, Any]) -> str:
    kind = "outcome" if gate["outcome"] == "pass" else "outcome fail"
    return f'<p class="{kind}"><b>{html.escape(gate["outcome"])}.</b> {html.escape(_plain(gate["explanation"]))}</p>'
