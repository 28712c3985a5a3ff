"""Figures of the report as they are written, in the terminal and on the page."""

from __future__ import annotations

from towpath.monitoring.domain.windows.shown import EffectShown, PriceShown, Side, TestShown, WindowReport

__all__ = ["ABOUT", "TITLES", "compared", "effect", "money", "p_value", "priced", "title"]

TITLES = {
    "embeddings": "what is written about",
    "probabilities": "probabilities",
    "classes": "predicted classes",
    "decisions": "acting or asking",
    "length": "length in tokens",
    "unknown words": "unknown words",
    "expected cost": "expected cost",
}

ABOUT = (
    "The size comes first, by Cohen's conventions: little from 0.2 standard deviations on, much from 0.5, in each "
    "measure what a normal distribution moved so far would show; unclear where its 95 % interval holds both none and "
    "much. Of many documents the smallest difference is more than chance. The p-values are exact permutation tests "
    "(Phipson & Smyth 2010), adjusted for all rows of the table together (Holm 1979). They hold where documents of "
    "both sides could have come in either: what comes in bursts is more alike than chance, and looks different sooner."
)


def title(test: TestShown) -> str:
    name = TITLES.get(test.name, test.name)
    return f"{name}: {test.most}" if test.most else name


def effect(of: EffectShown) -> str:
    return f"{of.value:.2f} ({of.low:.2f} to {of.high:.2f})"


def p_value(test: TestShown) -> str:
    """Adjusted; where no permutation was as extreme, the least that their number can tell."""
    return f"{test.adjusted:.4f}" if test.adjusted < 0.1 else f"{test.adjusted:.2f}"


def money(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}"


def priced(price: PriceShown) -> str:
    return f"{price.extra:+,.2f} ({price.low:+,.2f} to {price.high:+,.2f})"


def compared(report: WindowReport) -> str:
    """The two sides in a sentence."""
    held = f"what {report.release_id} was judged on" if report.against == "reference" else "the window before"
    return f"{_side(report.now)}, against {held}: {_side(report.before)}"


def _side(side: Side) -> str:
    if side.first is None or side.last is None:
        return f"{side.documents:,} documents"
    return f"{side.documents:,} documents of {side.first:%Y-%m-%d %H:%M} to {side.last:%Y-%m-%d %H:%M} UTC"
