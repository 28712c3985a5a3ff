"""The canvas as a page of its own: for screens of any width, and A3 landscape on paper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from towpath.cli.canvas.boxes import boxes, clean, good_enough, price_of_asking
from towpath.cli.canvas.heat import heat
from towpath.cli.prices import prices
from towpath.core.objective import Objective

__all__ = ["page"]


def page(objective: Objective, shares: Sequence[float] | None = None) -> str:
    """With everything escaped."""
    table = prices(objective)
    cells = [[(f"{value:g}", *heat(value, table.highest)) for value in row] for row in table.values]
    return _template().render(
        objective=objective,
        boxes=boxes(objective.canvas),
        table=table,
        rows=list(zip(table.rows, cells, strict=True)),
        said=[price_of_asking(objective), *good_enough(objective, shares)],
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda each: clean(each) if type(each) is str else each,
    )
    return environment.from_string(files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8"))
