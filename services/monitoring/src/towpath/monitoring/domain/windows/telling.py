"""A comparison in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from towpath.monitoring.domain.windows.compare import ALPHA, Comparison, Row
from towpath.monitoring.domain.windows.price import Price

__all__ = ["explained"]


def explained(found: Comparison, unit: str) -> str:
    """What is different by how much, and what it costs."""
    moved = [row for row in found.rows if row.different]
    large = [row for row in moved if row.tested.effect.word != "none"]
    if large:
        words = f"Different: {_listed(large)}."
    elif moved:
        words = f"More than chance, and too little to matter: {_listed(moved, words=False)}."
    else:
        words = f"Nothing is different beyond chance, at {ALPHA:.0%} over the {len(found.rows)} tests together."
    doubtful = [row for row in found.rows if row.tested.effect.word == "unclear" and not row.different]
    if doubtful:
        words += f" Too few documents to tell of: {_listed(doubtful, words=False)}."
    return words if found.price is None else f"{words} {_priced(found.price, unit, bool(large))}"


def _listed(rows: Iterable[Row], *, words: bool = True) -> str:
    order = {"much": 0, "unclear": 1, "little": 2, "none": 3}
    chosen = sorted(rows, key=lambda row: order[row.tested.effect.word])
    return ", ".join(f"{row.name}{f' ({row.tested.effect.word})' if words else ''}" for row in chosen)


def _priced(price: Price, unit: str, different: bool) -> str:
    per = f"{unit} per 1,000 documents"
    bounds = f"{price.low:+,.2f} to {price.high:+,.2f}"
    if price.verdict == "dearer":
        return f"It is expected to cost {price.extra:,.2f} {per} more ({bounds})."
    if price.verdict == "cheaper":
        return f"It is expected to cost {-price.extra:,.2f} {per} less ({bounds})."
    if price.verdict == "unclear":
        return f"Whether it costs more cannot be told: {price.extra:+,.2f} {per} ({bounds})."
    what = "The difference is benign: it" if different else "It"
    return f"{what} is expected to cost no more than before, {price.extra:+,.2f} {per} ({bounds})."
