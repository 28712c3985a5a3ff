"""From blocks to a page. Text comes from raters and documents: it is escaped, and control characters are shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

__all__ = ["Block", "Fact", "Facts", "Figure", "Section", "Table", "Text", "Tone", "page"]

Tone = Literal["", "good", "bad", "warn", "quiet"]
_NUMBER = re.compile(r"^[<>≤≥≈+\-−–]?\s?[\d.,\s]*\d\s?(%|s|ms|[A-Z]{3})?( (to|of|\(|\[).*)?$|^[–-]?$")


@dataclass(frozen=True)
class Text:
    """A paragraph; with a tone of good, warn or bad it stands in a box."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Fact:
    """One figure told large, with what it is of and what to hold it against."""

    name: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Facts:
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Table:
    """Columns of numbers are aligned to the right. Rows beyond `shown` are folded away.

    `tones` colours rows by their number.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""
    shown: int = 25
    tones: dict[int, Tone] | None = None

    @property
    def cells(self) -> list[list[str]]:
        return [[_cell(each) for each in row] for row in self.rows]

    @property
    def numeric(self) -> list[bool]:
        columns = zip(*self.cells, strict=True) if self.rows else [[] for _ in self.head]
        return [bool(column) and all(_NUMBER.match(each) for each in column) for column in columns]


@dataclass(frozen=True)
class Figure:
    """`svg` as `reports.charts` makes it: it is put into the page as it is."""

    svg: str
    caption: str = ""

    @property
    def markup(self) -> Markup:
        return Markup(self.svg)  # noqa: S704 - made by charts, which escapes what it is given


Block = Text | Facts | Table | Figure


@dataclass(frozen=True)
class Section:
    """`about`: a sentence below the heading that says how to read what follows."""

    heading: str
    blocks: Sequence[Block]
    about: str = ""


def page(title: str, sections: Sequence[Section], *, subtitle: str = "", footer: str = "") -> str:
    """One HTML file that needs nothing else: no script, no font, no picture from elsewhere."""
    return _template().render(title=title, sections=sections, subtitle=subtitle, footer=footer)


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_plain
    )
    environment.globals["kind"] = lambda block: type(block).__name__
    return environment.from_string(files(__package__).joinpath("page.html.j2").read_text(encoding="utf-8"))


def _plain(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return "".join(
            "�" if unicodedata.category(each) in ("Cc", "Cf", "Cs") and each not in "\n\t" else each for each in value
        )
    return value


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
