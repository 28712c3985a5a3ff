"""The labelling guide: Markdown with a version, and for each class examples and borderline cases.

---
version: "2"
---
## negative
### Examples
- Waited an hour. Never again.
### Borderline
- Well, that went as expected. *(mild irony)*
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["ClassGuide", "Example", "Guide", "GuideProblem", "read_guide"]

_KINDS = {"examples": "Examples", "borderline": "Borderline"}
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_MOST = 200_000  # characters


@dataclass(frozen=True)
class GuideProblem:
    """`line` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True)
class Example:
    line: int
    text: str


@dataclass
class ClassGuide:
    """What the guide says of a class: its section's line, examples by kind ("examples", "borderline")."""

    line: int
    examples: dict[str, list[Example]] = field(default_factory=dict)
    headings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Guide:
    """`version` is "" when it has none. `problems` are all there are, in order of line."""

    version: str
    classes: dict[str, ClassGuide]
    problems: tuple[GuideProblem, ...]


def read_guide(text: str, classes: Sequence[str]) -> Guide:
    """A guide for these classes, with everything that is wrong with it."""
    if len(text) > _MOST:
        return Guide("", {}, (GuideProblem(1, f"longer than {_MOST:,} characters: nobody reads that"),))
    version, problems = _version(text)
    # Lines keep their numbers.
    body = _FRONT.sub(lambda found: "\n" * found.group(0).count("\n"), text, count=1)
    sections = _Sections(classes)
    for level, line, content in _pieces(MarkdownIt("commonmark").parse(body)):
        if level:
            sections.heading(level, line, content)
        else:
            sections.item(line, content)
    problems += sections.problems
    for name in classes:
        problems += _problems(name, sections.found.get(name))
    problems += _repeated(sections.found)
    return Guide(version, sections.found, tuple(sorted(problems, key=lambda each: (each.line, each.message))))


def _version(text: str) -> tuple[str, list[GuideProblem]]:
    mend = 'begin the file with\n---\nversion: "1"\n---'
    found = _FRONT.match(text)
    if found is None:
        return "", [GuideProblem(1, f"no version: {mend}")]
    try:
        data = yaml.safe_load(found.group(1))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return "", [
            GuideProblem(
                2 + (mark.line if mark else 0), f"the front matter is no YAML: {getattr(error, 'problem', error)}"
            )
        ]
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(version, bool) or not isinstance(version, str | int | float) or not str(version).strip():
        return "", [GuideProblem(1, f"no version in the front matter: {mend}")]
    return str(version).strip(), []


class _Sections:
    """Class sections by name, and headings that look like one and are none, filled piece by piece."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self.found: dict[str, ClassGuide] = {}
        self.problems: list[GuideProblem] = []
        self._inside: ClassGuide | None = None
        self._level, self._kind = 0, ""

    def heading(self, level: int, line: int, text: str) -> None:
        if self._inside is not None and level > self._level:
            self._kind = text.casefold() if text.casefold() in _KINDS else ""
            if self._kind:
                self._inside.headings.setdefault(self._kind, line)
            return
        self._inside, self._level, self._kind = None, level, ""
        if text not in self._classes:
            self.problems += _looks_like_a_class(text, line, self._classes)
            return
        if text in self.found:
            self.problems.append(GuideProblem(line, f"a second section {text!r}: put both into one"))
        self._inside = self.found.setdefault(text, ClassGuide(line))

    def item(self, line: int, text: str) -> None:
        if self._inside is not None and self._kind:
            self._inside.examples.setdefault(self._kind, []).append(Example(line, text))


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
    """(level of a heading or 0 for an item of a list, line, text), in order; of nested lists the outer items."""
    depth, item = 0, 0
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and not depth:
            yield int(token.tag[1:]), _line(token), tokens[at + 1].content.strip()
        elif token.type in ("list_item_open", "list_item_close"):
            depth += 1 if token.type == "list_item_open" else -1
            item = at
        elif token.type == "inline" and depth == 1 and at == item + 2 and token.content.strip():
            yield 0, _line(token), token.content.strip()


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _looks_like_a_class(text: str, line: int, classes: Sequence[str]) -> list[GuideProblem]:
    close = difflib.get_close_matches(text.casefold(), [each.casefold() for each in classes], n=1, cutoff=0.85)
    meant = [each for each in classes if [each.casefold()] == close]
    return [GuideProblem(line, f"{text!r} is no class of the objective: is {meant[0]!r} meant?")] if meant else []


def _problems(name: str, section: ClassGuide | None) -> Iterator[GuideProblem]:
    if section is None:
        yield GuideProblem(
            1, f"no section for class {name!r}: add '## {name}' with '### Examples' and '### Borderline'"
        )
        return
    for kind, title in _KINDS.items():
        if kind not in section.headings:
            yield GuideProblem(section.line, f"class {name!r} has no '### {title}' below its heading: add it")
        elif not section.examples.get(kind):
            yield GuideProblem(
                section.headings[kind], f"'{title}' of class {name!r} has no list of examples: add '- …' lines"
            )


def _repeated(sections: dict[str, ClassGuide]) -> Iterator[GuideProblem]:
    """The same text as an example of two classes."""
    seen: dict[str, str] = {}
    for name, section in sections.items():
        for each in section.examples.get("examples", []):
            text = " ".join(each.text.casefold().split())
            if seen.setdefault(text, name) != name:
                yield GuideProblem(each.line, f"the same example is given for {seen[text]!r}: keep it in one of them")
