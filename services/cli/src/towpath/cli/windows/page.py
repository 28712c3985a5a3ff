"""The report as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence

from towpath.cli.windows.told import ABOUT, compared, effect, money, p_value, priced, title
from towpath.cli.windows.words import Word
from towpath.monitoring.domain.windows.shown import MovedShown, PriceShown, WindowReport
from towpath.preparation.reports import Block, Fact, Facts, Figure, Section, Table, Text, Tone, charts, page

__all__ = ["as_page"]

_TONES: dict[str, Tone] = {"much": "bad", "little": "warn", "none": "good", "unclear": "quiet"}
_COLOURS = {"much": "bad", "little": "accent3", "none": "good", "unclear": "soft"}
_PRICES: dict[str, Tone] = {"dearer": "bad", "cheaper": "good", "benign": "good", "unclear": "warn"}
_TEXT = 280
_WORDS_ABOUT = (
    "Shares of documents that have the word, in a sample of the window and of the window before it; log-odds with an "
    "informative Dirichlet prior (Monroe et al. 2008), z in standard errors. "
)
_MOVED_ABOUT = (
    "By the witness function of the embeddings' discrepancy (Jitkrittum et al. 2016): how much more like the documents "
    "now than like those before a document is. Personal data are masked."
)


def as_page(report: WindowReport, words: Sequence[Word], texts: dict[str, str]) -> str:
    """Self-contained. What came from documents is escaped; `texts` are shown as they are given."""
    sections = [
        Section("In short", _short(report)),
        Section("How much, and how surely", _tests(report), ABOUT),
        Section("Where", [_slices(report, of) for of in dict.fromkeys(each.of for each in report.slices)]),
    ]
    if words:
        rows = [[each.word, f"{each.now:.2%}", f"{each.before:.2%}", f"{each.z:+.1f}"] for each in words]
        sections.append(Section("Words", [Table(["word", "now", "before", "z"], rows)], _WORDS_ABOUT))
    moved = [("Now, and least like before", report.came), ("Before, and least like now", report.went)]
    shown: list[Block] = [_moved(caption, some, texts) for caption, some in moved if some]
    if shown:
        sections.append(Section("Documents", shown, _MOVED_ABOUT))
    return page(f"What is different: {report.objective}", sections, subtitle=compared(report))


def _short(report: WindowReport) -> list[Block]:
    large = any(each.different and each.effect.word == "much" for each in report.tests)
    some = any(each.different and each.effect.word != "none" for each in report.tests)
    tone: Tone = "bad" if report.price is not None and report.price.verdict == "dearer" else "warn" if some else "good"
    words = "much" if large else "little" if some else "nothing"
    facts = [Fact("different", words, f"{len(report.tests)} tests, one correction", tone)]
    if report.price is not None:
        facts.append(_price(report.price, report.unit))
    facts.append(Fact("documents", f"{report.now.documents:,}", f"against {report.before.documents:,}"))
    return [Text(report.explanation, tone), Facts(facts), *(Text(note, "quiet") for note in report.notes)]


def _price(price: PriceShown, unit: str) -> Fact:
    note = f"{unit} per 1,000 documents, {priced(price).split(' ', 1)[1]}: {price.verdict}"
    return Fact("extra cost", f"{price.extra:+,.2f}", note, _PRICES[price.verdict])


def _tests(report: WindowReport) -> list[Block]:
    head = ["what", "differs", "by", "measure", "p, adjusted", "p", "test", "documents"]
    rows = [
        [title(each), each.effect.word, effect(each.effect), each.effect.measure, p_value(each), f"{each.p:.4f}",
         each.test, f"{each.documents[0]:,} / {each.documents[1]:,}"]
        for each in report.tests
    ]  # fmt: skip
    tones = {n: _TONES[each.effect.word] for n, each in enumerate(report.tests)}
    drawn = [
        charts.Interval(title(each), each.effect.value, each.effect.low, each.effect.high, _COLOURS[each.effect.word])
        for each in report.tests
    ]
    picture = charts.intervals(drawn, title="Effect sizes", x_label="effect size", marker=(0.0, "no difference"))
    return [Table(head, rows, tones=tones), Figure(picture, "Effect sizes with 95 % intervals, each in its measure.")]


def _slices(report: WindowReport, of: str) -> Table:
    head = [of, "now", "before", f"{report.unit} / 1,000 now", "before", "adds to the extra cost"]
    rows = [
        [each.name, f"{each.now:.2%}", f"{each.before:.2%}", money(each.cost_now), money(each.cost_before),
         f"{each.adds:+,.2f}"]
        for each in report.slices
        if each.of == of
    ]  # fmt: skip
    return Table(head, rows, f"By {of}: share of the documents, and expected cost.")


def _moved(caption: str, moved: Sequence[MovedShown], texts: dict[str, str]) -> Table:
    rows = [[each.document_id, f"{each.witness:+.3f}", _cut(texts.get(each.document_id))] for each in moved]
    return Table(["document", "witness", "text"], rows, caption)


def _cut(text: str | None) -> str:
    if text is None:
        return "(no longer on the topic)"
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"
