"""The label report as one HTML page, for people inside and outside the team."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from towpath.preparation.labels.alpha import Estimate
from towpath.preparation.labels.raters import FALSE_ALARMS
from towpath.preparation.labels.report import LabelReport
from towpath.preparation.reports import Block, Fact, Facts, Figure, Section, Table, Text, Tone, charts, page

__all__ = ["label_page"]

_SHOWN_RATERS, _NAMED_POINTS = 30, 12
_READ = {
    "nominal": "two raters agree on a document when they give the same class",
    "ordinal": "classes are ranked: a disagreement between neighbours counts less than one between the ends",
    "interval": "grades count by their distance, squared: +3 against +2 is next to nothing, +3 against -3 is much",
}


def label_page(report: LabelReport, *, subtitle: str = "") -> str:
    """Self-contained HTML. Everything in it that came from raters and documents is escaped."""
    sections = [_verdict(report), _agreement(report), _time(report), _raters(report), _guides(report)]
    sections += [_documents(report), _refused(report)]
    footer = f"{report.objective.name}, {report.objective.hash}\n{_METHOD}"
    return page(f"Labels of {report.objective.name}", sections, subtitle=subtitle, footer=footer)


_METHOD = (
    "Krippendorff's alpha: 1 is full agreement, 0 is what chance gives. Intervals: percentile bootstrap over documents "
    "(Zapf et al. 2016). ICC(1), ICC(1,k): one-way random effects (Shrout & Fleiss 1979). Kappa: Cohen 1960; for "
    f"grades and ranks weighted by squared distance. Of reports on raters without fault, at most {FALSE_ALARMS:.0%} "
    "name somebody for drift or clicking through."
)


def _verdict(report: LabelReport) -> Section:
    verdict, alpha = report.verdict, report.agreement.alpha
    said = "These labels meet what the objective asks: they may be released."
    if not verdict.met:
        lacking = [f"{each.name}: {each.lacking}." for each in verdict.requirements if not each.met]
        said = "\n".join(["These labels may not be released yet.", *lacking])
    rows = [[each.name, each.wanted, each.found, "met" if each.met else "not\xa0met"] for each in verdict.requirements]
    tones: dict[int, Tone] = {n: "good" if each.met else "bad" for n, each in enumerate(verdict.requirements)}
    met: Tone = "good" if verdict.requirements[0].met else "bad"
    facts = [
        Fact("Krippendorff's alpha", _number(alpha.value), f"{_between(alpha)}; floor {report.agreement.floor:g}", met),
        Fact("documents", f"{report.agreement.documents:,}", f"{alpha.documents:,} with two ratings or more"),
        Fact("ratings", f"{report.agreement.ratings:,}", f"by {report.agreement.raters:,} raters"),
    ]
    if report.agreement.icc is not None:
        icc = report.agreement.icc
        facts.append(Fact("ICC(1), one rater", _number(icc.single), f"{_number(icc.mean)} of the mean of a document's"))
    facts.append(Fact("raters named", f"{len({each.rater for each in report.suspects})}", "see below"))
    table = Table(["requirement", "asked for", "found", ""], rows, tones=tones)
    return Section("May they be released?", [Text(said, "good" if verdict.met else "bad"), Facts(facts), table])


def _agreement(report: LabelReport) -> Section:
    agreement = report.agreement
    about = f"On the objective's scale ({agreement.scale}), {_READ[agreement.scale]}."
    blocks: list[Block] = []
    whole = _intervals({"all ratings": agreement.alpha}, agreement.floor)
    if whole:
        picture = charts.intervals(whole, title="Alpha of all ratings", marker=(agreement.floor, "floor"))
        blocks.append(Figure(picture, "Alpha with its interval, against the objective's floor."))
    classes = _intervals(agreement.classes, None)
    if classes:
        picture = charts.intervals(classes, title="Alpha by class", x_label="alpha")
        said = (
            "Is a document in this class or not: nominal alpha of each class. The lowest is where the guide is vague."
        )
        blocks.append(Figure(picture, said))
    rows = [
        [name, report.by_class[name], _number(each.value), _between(each)] for name, each in agreement.classes.items()
    ]
    blocks.append(Table(["class", "documents", "alpha", "interval"], rows))
    if not math.isnan(agreement.mean_kappa):
        kappa = "Cohen's kappa" if agreement.scale == "nominal" else "weighted kappa"
        pairs = f"{len(agreement.pairs):,} pairs of raters who rated ten documents or more together"
        blocks.append(Text(f"Mean {kappa} of {pairs}: {agreement.mean_kappa:.3f}."))
    return Section("Do raters agree?", blocks, about)


def _time(report: LabelReport) -> Section:
    windows = [each for each in report.agreement.over_time if not math.isnan(each.alpha.value)]
    if len(windows) < 2:
        why = "The ratings tell no time" if not report.agreement.over_time else "Too few documents"
        return Section("Over time", [Text(f"{why}: there is nothing to draw.", "quiet")])
    x = list(range(len(windows)))
    band = charts.Band([each.alpha.low for each in windows], [each.alpha.high for each in windows])
    line = charts.Line("alpha", x, [each.alpha.value for each in windows], band)
    named = [datetime.fromtimestamp(each.start, UTC).strftime("%d %b %y") for each in windows]
    picture = charts.lines(
        [line], title="Alpha over time", marker=(report.agreement.floor, "floor"), ticks=(x, named), y_label="alpha"
    )
    count = windows[0].alpha.documents
    return Section("Over time", [Figure(picture, f"About {count:,} documents a point, from the day below it on.")])


def _raters(report: LabelReport) -> Section:
    blocks: list[Block] = []
    if report.suspects:
        named = [[each.rater, each.kind, each.why] for each in report.suspects]
        blocks.append(Table(["talk to", "", "why"], named, tones=dict.fromkeys(range(len(named)), "warn")))
    else:
        blocks.append(Text(_nobody(report), "good"))
    blocks += _pictures_of_raters(report)
    what = {"nominal": "same answer", "ordinal": "same answer"}.get(report.agreement.scale, "correlation")
    head = ["rater", "ratings", f"{what} as others" if what != "correlation" else "correlation", "bias"]
    lowest = sorted(report.agreement.by_rater, key=lambda each: (-_finite(each.alpha_without), each.rater))
    rows = [
        [
            r.rater,
            r.ratings,
            _number(r.with_others),
            _number(r.bias, "+.2f"),
            _number(r.alpha_without),
            _lead(r.lead_seconds),
        ]
        for r in lowest
    ]
    caption = "Who lowers agreement most comes first: alpha would be this without them. Bias: grades above the others."
    head += ["alpha without", "median s"]
    blocks.append(Table(head, rows, caption, shown=15))
    return Section("Raters", blocks)


def _nobody(report: LabelReport) -> str:
    """Honest about what could not be looked for."""
    if len({each.created_at for each in report.ratings}) > 1:
        return "Nobody drifts, clicks through or answers as two people."
    return "Nobody's answers tell next to nothing, or are of two people. Drift and runs need times, which are not told."


def _pictures_of_raters(report: LabelReport) -> list[Block]:
    named = {each.rater for each in report.suspects}
    of = [each for each in report.agreement.by_rater if not math.isnan(each.with_others)]
    if len(of) < 2:
        return []
    if report.agreement.scale == "nominal":
        of = sorted(of, key=lambda each: each.with_others)[:_SHOWN_RATERS]
        shares = [each.with_others for each in of]
        picture = charts.bars([each.rater for each in of], shares, title="Agreement with the others by rater")
        return [Figure(picture, "Share of the other raters' answers that are the rater's own.")]
    points = [
        charts.Point(each.rater, each.bias, each.with_others, "bad" if each.rater in named else "accent") for each in of
    ]
    extreme = sorted(points, key=lambda each: each.y)[:3] + sorted(points, key=lambda each: -abs(each.x))[:3]
    tell = {each.label for each in extreme} | (named if len(named) <= _NAMED_POINTS else set())
    across = "bias: grades higher than the others by" if report.agreement.scale == "interval" else "bias, in ranks"
    up = "correlation with the others" if report.agreement.scale == "interval" else "same answer as others"
    picture = charts.points(points, named=tell, title="Raters", x_label=across, y_label=up)
    return [Figure(picture, "A rater each. Good raters are in the middle, at the top; red ones are named above.")]


def _guides(report: LabelReport) -> Section:
    rows, tones = [], dict[int, Tone]()
    for n, each in enumerate(report.guides):
        found = report.agreement.by_guide.get(each.version)
        current = "the guide's" if each.version and each.version == report.guide_version else ""
        figures = [_number(found.value), _between(found)] if found else ["–", "–"]
        rows.append([each.version or "(none)", current, each.ratings, each.raters, each.documents, *figures])
        if not each.version:
            tones[n] = "warn"
    about = f"The guide is at version {report.guide_version}." if report.guide_version else ""
    head = ["version", "", "ratings", "raters", "documents", "alpha", "interval"]
    return Section("By version of the guide", [Table(head, rows, tones=tones)], about)


def _documents(report: LabelReport) -> Section:
    counts = report.raters_per_document
    blocks: list[Block] = []
    if counts:
        names, title = [str(each) for each in counts], "Documents by number of raters"
        if len(names) == 1:
            blocks.append(Text(f"Each of the {counts[next(iter(counts))]:,} documents has {names[0]} raters."))
        elif len(names) > 20:
            every = [raters for raters, count in counts.items() for _ in range(count)]
            blocks.append(Figure(charts.histogram(every, title=title, x_label="raters of a document")))
        else:
            blocks.append(Figure(charts.bars(names, list(counts.values()), title=title, x_label="documents"), title))
    rows = [
        [each.text or each.document_id, " · ".join(f"{answer} ×{n}" for answer, n in each.answers.items())]
        for each in report.disputed
    ]
    blocks.append(Table(["document", "answers"], rows, "What raters answer most differently: examples for the guide."))
    return Section("Documents", blocks)


def _refused(report: LabelReport) -> Section:
    blocks: list[Block] = []
    if report.refused:
        rows = [[why, len(ids), ", ".join(ids[:3])] for why, ids in report.refused.items()]
        blocks.append(
            Table(["reason", "annotations", "for example"], rows, tones=dict.fromkeys(range(len(rows)), "warn"))
        )
    else:
        blocks.append(Text("Every annotation counts.", "good"))
    if report.replaced:
        blocks.append(Text(f"{report.replaced:,} were replaced by a later word or taken back.", "quiet"))
    return Section("Annotations that do not count", blocks)


def _intervals(estimates: dict[str, Estimate], floor: float | None) -> list[charts.Interval]:
    return [
        charts.Interval(
            name, each.value, each.low, each.high, "bad" if floor is not None and each.low < floor else "accent"
        )
        for name, each in estimates.items()
        if not math.isnan(each.low)
    ]


def _number(value: float, form: str = ".3f") -> str:
    return "–" if math.isnan(value) else format(value, form)


def _between(each: Estimate) -> str:
    return "–" if math.isnan(each.low) else f"{each.low:.3f} to {each.high:.3f}"


def _lead(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1f}"


def _finite(value: float) -> float:
    return -2.0 if math.isnan(value) else value
