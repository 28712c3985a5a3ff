"""From what the stages left to figures, and from figures to the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from towpath.cli.context import plain
from towpath.cli.demo.board import Stage
from towpath.cli.demo.figures import Decider, Judged, Report, human, judge, percentile, truths, vader_label
from towpath.cli.demo.path import Walk
from towpath.cli.demo.saving import figures as second_figures
from towpath.cli.demo.tweets import Tweet
from towpath.core.objective import Objective
from towpath.v1 import Decision, Prediction

__all__ = ["report", "shown"]


def report(walk: Walk, stages: Sequence[Stage], failed: str | None, second: Sequence[Stage] = ()) -> Report:
    """Every figure there is; of what no stage reached there is none. `second`: the stages of the second act."""
    seconds = _seconds(stages)
    run = walk.run
    return Report(
        unit=walk.objective.unit,
        deciders=_deciders(walk) if walk.seen else (),
        ask_always_cost=walk.objective.ask_person,
        speed={**walk.speed, **_latencies(walk)},
        stages={**seconds, "total": round(sum(seconds.values()), 3)},
        counts=walk.counts,
        gate={key: run.get(key) for key in ("outcome", "explanation", "comparisons", "metrics", "release")},
        preparation=walk.preparation.figures() if walk.preparation else {},
        monitoring=walk.monitoring,
        second_act=_second(walk, second),
        failed=failed,
    )


def _seconds(stages: Sequence[Stage]) -> dict[str, float]:
    return {stage.title: round(stage.seconds, 3) for stage in stages if stage.began}


def _second(walk: Walk, stages: Sequence[Stage]) -> dict[str, Any]:
    seconds = _seconds(stages)
    if not seconds:
        return {}
    return {**second_figures(walk.loop, walk.objective), "stages": seconds, "seconds": round(sum(seconds.values()), 3)}


def _deciders(walk: Walk) -> list[Decider]:
    objective, tweets = walk.objective, [each for each in walk.unseen if each.document_id in walk.seen]
    truth = truths(tweets)
    model = {key: _judged(seen.prediction, objective) for key, seen in walk.seen.items()}
    rater, others = human(tweets, objective, walk.options.seed)
    return [
        judge("Towpath", model, truth, objective),
        judge("VADER", _vader(tweets), truth, objective),
        judge("one rater, at random", rater, others, objective),
    ]


def _judged(prediction: Prediction, objective: Objective) -> Judged:
    said = prediction.class_decision
    probabilities = {each.label: each.probability for each in said.probabilities}
    best = max(objective.classes, key=lambda label: probabilities[label])
    score = probabilities.get("positive", 0.0) - probabilities.get("negative", 0.0)
    return Judged(best, said.label, score, said.decision == Decision.DECISION_ASK_PERSON)


def _vader(tweets: Sequence[Tweet]) -> dict[str, Judged]:
    analyzer, judged = SentimentIntensityAnalyzer(), {}
    for tweet in tweets:
        compound = float(analyzer.polarity_scores(tweet.text)["compound"])
        judged[tweet.document_id] = Judged(vader_label(compound), vader_label(compound), compound)
    return judged


def _latencies(walk: Walk) -> dict[str, float]:
    paced = [seen.latency_s for key, seen in walk.seen.items() if key in walk.paced]
    burst = [seen.latency_s for key, seen in walk.seen.items() if key not in walk.paced]
    return {
        "latency_p50_s": percentile(paced, 0.5),
        "latency_p99_s": percentile(paced, 0.99),
        "burst_latency_p50_s": percentile(burst, 0.5),
        "burst_latency_p99_s": percentile(burst, 0.99),
    }


def shown(figures: Report) -> RenderableType:
    """The table, the speed, and the gate's decision in words."""
    parts: list[RenderableType] = [_table(figures), Text(), _speed(figures)]
    explanation = str(figures.gate.get("explanation") or "")
    if explanation:
        title = f"the gate: {figures.gate.get('outcome')}"
        parts += [Text(), Panel(Text(plain(explanation)), title=title, title_align="left", expand=False)]
    return Group(Text(), *parts)


def _table(figures: Report) -> Table:
    count = max((each.documents for each in figures.deciders), default=0)
    table = Table(title=f"{count:,} tweets that no model had seen", title_justify="left")
    for title in ("", f"cost, {figures.unit} a document", "macro-F1", "correlation", "asks a person"):
        table.add_column(title, justify="left" if not title else "right")
    for each in figures.deciders:
        asked = f"{each.asked:.1%}" if each.asked else "–"
        figure = [f"{each.expected_cost:.3f}", f"{each.macro_f1:.3f}", f"{each.correlation:.3f}", asked]
        table.add_row(Text(each.name), *figure)
    if figures.ask_always_cost is not None:
        table.add_row("a person, always asked", f"{figures.ask_always_cost:.3f}", "", "", "100.0%")
    table.caption = (
        "Truth: the mean of all raters of a tweet; for the one rater, the mean of the others. Cost: of each decision "
        "under the objective's matrix; the rater's own time is not in it. Correlation: Pearson's, with that mean."
    )
    table.caption_justify = "left"
    return table


def _speed(figures: Report) -> Table:
    speed, table = figures.speed, Table.grid(padding=(0, 2))
    rows: list[tuple[str, str]] = []
    if "documents_per_second" in speed:
        rows.append(
            ("throughput", f"{speed['documents_per_second']:,.0f} documents/s from HTTP to prediction, at once")
        )
        paced = f"p50 {_ms(speed, 'latency_p50_s')}, p99 {_ms(speed, 'latency_p99_s')}"
        pace = f"at {speed['paced_documents_per_second']:g} documents/s"
        rows.append(("latency", f"{paced} from sending a document to holding its prediction, {pace}"))
    if "ingested_per_second" in speed:
        rows.append(("ingestion", f"{speed['ingested_per_second']:,.0f} messages/s, acknowledged by Kafka"))
    if "realised_cost" in figures.monitoring:
        told, cost = figures.counts["feedback"], figures.monitoring["realised_cost"]
        rows.append(("monitoring", f"{cost:.3f} {figures.unit} a document, from feedback on {told:,} of them"))
    rows.append(("in all", f"{figures.stages['total']:.0f} s"))
    for name, text in rows:
        table.add_row(Text(name, "bold"), Text(text))
    return table


def _ms(speed: Mapping[str, Any], key: str) -> str:
    return f"{speed[key] * 1000:,.0f} ms"
