"""The canvas on the wall: everything is on it, nothing overflows, and what users wrote cannot break it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font

from towpath.cli.canvas import markdown, page, svg, terminal
from towpath.cli.canvas.svg import HEIGHT, WIDTH
from towpath.cli.canvas.wrapping import fitted, one_line, width, wrapped
from towpath.core.objective import Objective, load_objective

ROOT = Path(__file__).parents[3]
FILES = [ROOT / "objective.yaml", *sorted((ROOT / "docs/examples/objectives").glob("*.yaml"))]
SVG = "{http://www.w3.org/2000/svg}"
FONT = FT2Font(findfont(FontProperties(family="DejaVu Sans")))
FONT.set_size(100, 72)


def measured(text: str, size: float) -> float:
    FONT.set_text(text)
    return float(FONT.get_width_height()[0]) / 64 * size / 100


def lines(picture: str) -> list[tuple[float, float, float, str, str]]:
    """(x, y, size, anchor, text) of each line of text."""
    found = []
    for node in ElementTree.fromstring(picture).iter(f"{SVG}text"):
        spans = list(node) or [node]
        for each in spans:
            place = float(each.attrib["x"]), float(each.attrib["y"]), float(node.attrib["font-size"])
            found.append((*place, node.attrib.get("text-anchor", "start"), each.text or ""))
    return found


def hostile() -> Objective:
    """Texts as long as are allowed, in very long words, and many classes with long names."""
    data = yaml.safe_load((ROOT / "objective.yaml").read_text())
    data["canvas"] = dict.fromkeys(data["canvas"], ("Donaudampfschifffahrt <b>&amp; W " * 40)[:1000])
    names = [f"{'class <&> with W' * 4}{n}"[:62] + f"{n}" for n in range(14)]
    data["contract"]["task"] = {"kind": "text-classification", "classes": names}
    costs = {a: {b: float(n + m) * (n != m) for m, b in enumerate(names)} for n, a in enumerate(names)}
    data["contract"] |= {"costs": {"unit": "W" * 16, "matrix": costs, "askPerson": 0.5}, "labels": {}, "readiness": {}}
    del data["contract"]["behaviour"]  # which names the classes
    data["name"] = "w" * 63
    return Objective.model_validate(data)


@pytest.mark.parametrize("objective", [*map(load_objective, FILES), hostile()], ids=lambda each: each.name[:20])
def test_no_line_of_the_picture_leaves_its_column_or_the_page(objective: Objective) -> None:
    picture = svg(objective)
    column = (WIDTH - 2 * 36 - 4 * 12) / 5
    for x, y, size, anchor, text in lines(picture):
        wide = measured(text, size)
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        assert left >= 30
        assert left + wide <= WIDTH - 30, text
        assert 30 < y < HEIGHT - 30
        if 128 < y < 128 + 2 * 284 + 12:
            assert wide <= column - 18, text


def test_everything_is_on_it() -> None:
    objective = load_objective(ROOT / "objective.yaml")
    drawn = {
        "svg": " ".join(text for *_, text in lines(svg(objective))),
        "page": page(objective),
        "markdown": markdown(objective),
        "terminal": " ".join(terminal(objective, 200).split()),
    }
    for kind, text in drawn.items():
        for words in ("Live evaluation and monitoring", "Unhappy", "0.15 EUR", "94.4 %", "negative from 85.0 %"):
            assert words in text, (kind, words)
    shared = svg(objective, [0.2, 0.3, 0.5])
    assert "92.1 %" in shared


@pytest.mark.parametrize("file", FILES[1:], ids=lambda file: file.stem)
def test_every_kind_of_task_is_drawn_with_its_prices(file: Path) -> None:
    objective = load_objective(file)
    words = {"entity-extraction": "wrong boundary", "question-answering": "answer where the text has none"}
    wanted = words.get(
        objective.kind, {"semantic-search": "relevant document not shown"}.get(objective.kind, "accounts")
    )
    picture = " ".join(text for *_, text in lines(svg(objective)))
    for text in (picture, page(objective), markdown(objective), terminal(objective, 160)):
        assert wanted in text
        assert "pays" in text


def test_what_is_written_cannot_break_page_or_picture() -> None:
    objective = hostile()
    assert "<b>" not in page(objective)
    assert "<b>" not in svg(objective)
    assert all(not line.replace("\\|", "").count("<b>") for line in markdown(objective).replace("\\<", "").splitlines())


@settings(deadline=None)
@given(text=st.text(max_size=300), room=st.tuples(st.floats(60, 400), st.floats(12, 300)))
def test_lines_fit_and_no_letter_is_lost(text: str, room: tuple[float, float]) -> None:
    whole = wrapped(text, 10, room[0])
    assert "".join("".join(whole).split()) == "".join(text.split())
    assert all(width(line, 10) <= room[0] + 1e-6 for line in whole)
    size, found = fitted(text, room, (25, 8))
    assert len(found) * size * 1.34 <= max(room[1], size * 1.34) + 1e-6
    assert width(one_line(text, room[0], (25, 8))[1], one_line(text, room[0], (25, 8))[0]) <= room[0] + 0.1


def test_the_documents_show_the_canvas_of_the_running_example() -> None:
    drawn = svg(load_objective(ROOT / "objective.yaml"), [0.2, 0.3, 0.5])
    shown = (ROOT / "docs" / "canvas.svg").read_text()
    assert shown == drawn, "towpath objective render --shares negative=.2,neutral=.3,positive=.5 -o docs/canvas.svg"
