"""A page needs nothing else, and nothing that a rater or a document says gets out of its place."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import matplotlib as mpl
import pytest

from towpath.preparation.reports import Fact, Facts, Figure, Section, Table, Text, charts, page

NASTY = '</text><script>alert("1")</script> $\\frac{1}{0}$ &amp; \x1b[31m\u202e日本🙂-->'


class Tags(HTMLParser):
    """Which elements there are, their ids, and the text between them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.outside += [value or "" for name, value in attrs if name.endswith(("href", "src"))]

    def handle_data(self, data: str) -> None:
        self.text += data


def every_chart(name: str) -> list[str]:
    return [
        charts.bars([name, "b"], [1, 2.5], title=name, x_label=name),
        charts.histogram([1, 2, 2], title=name, x_label=name),
        charts.intervals([charts.Interval(name, 0.5, 0.4, 0.6)], title=name, marker=(0.3, name)),
        charts.lines([charts.Line(name, [0, 1], [1, 2])], title=name, y_label=name, ticks=([0, 1], [name, "b"])),
        charts.points([charts.Point(name, 0, 1), charts.Point("b", 1, 0)], title=name, named={name}),
    ]


def test_what_is_given_is_text_everywhere() -> None:
    blocks = [Text(NASTY, "bad"), Facts([Fact(NASTY, NASTY, NASTY)]), Table([NASTY, "n"], [[NASTY, 1]], NASTY)]
    figures = [Figure(each, NASTY) for each in every_chart(NASTY)]
    made = page(NASTY, [Section(NASTY, [*blocks, *figures], NASTY)], subtitle=NASTY, footer=NASTY)
    seen = Tags(made)
    assert "script" not in seen.tags
    assert 'alert("1")' in seen.text
    assert "$\\frac{1}{0}$" in seen.text, "nobody's name is a formula"
    assert not re.search("[\x1b\u202e]", made)


def test_a_page_needs_nothing_else_and_its_pictures_share_no_ids() -> None:
    figures = [Figure(each) for each in every_chart("alpha") + every_chart("beta")]
    seen = Tags(page("Two", [Section("Figures", figures), Section("b", []), Section("c", [])]))
    assert [each for each in seen.outside if not each.startswith("#")] == []
    assert len(set(seen.ids)) == len(seen.ids)
    assert {each.removeprefix("#") for each in seen.outside} <= set(seen.ids)


def test_pictures_are_the_same_each_time_and_take_their_colours_from_the_page() -> None:
    before = dict(mpl.rcParams)
    assert every_chart("x") == every_chart("x")
    assert dict(mpl.rcParams) == before
    for each in every_chart("x"):
        assert "var(--accent)" in each
        assert not re.search(r"#0102\d\d", each)


@pytest.mark.parametrize(
    ("column", "right"),
    [
        (["1,234", "–", "3"], True),
        (["0.1 to 0.2", "+3.5"], True),
        (["12 %", "5 EUR"], True),
        (["a 1", "2"], False),
        (["two", "2"], False),
    ],
)
def test_columns_of_numbers_are_aligned_to_the_right(column: list[str], right: bool) -> None:
    assert Table(["x"], [[each] for each in column]).numeric == [right]


def test_long_tables_are_folded_and_lose_no_row() -> None:
    made = page(
        "Long", [Section("Rows", [Table(["n"], [[f"row{n}."] for n in range(40)], shown=10, tones={35: "bad"})])]
    )
    assert all(f"row{n}." in made for n in range(40))
    assert "30 more" in made
    assert re.search(r'<tr class="bad"><td>row35\.', made)
