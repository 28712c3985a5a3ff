"""The labelling guide as raters see it in Label Studio: HTML, with the version that annotations are marked with."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from towpath.core.errors import NotFoundError, RejectedError
from towpath.core.objective import Objective
from towpath.preparation.formats.label_studio import guide_mark, mark_of
from towpath.preparation.labels.guide import read_guide

__all__ = ["instruction"]

_FRONT = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


def instruction(objective: Objective, file: Path, shown: str, now: datetime) -> str:
    """A project's `expert_instruction`, empty where the objective names no guide.

    Args:
        file: the objective's; the guide lies beside it.
        shown: what the project shows by now. The same version of the guide stays since when it was.

    Raises:
        NotFoundError: the guide is not there.
        RejectedError: it has no version.
    """
    named = objective.contract.labels.guide
    if named is None:
        return ""
    guide = file.parent / named
    if not guide.is_file():
        raise NotFoundError("no such labelling guide (contract.labels.guide)", where=str(guide))
    text = guide.read_text(encoding="utf-8", errors="replace")
    version = read_guide(text, ()).version
    if not version:
        raise RejectedError('no version: begin the file with\n---\nversion: "1"\n---', where=str(guide))
    before = mark_of(shown)
    since = now if before is None or before.version != version else datetime.fromisoformat(before.since)
    return f"{_html(_FRONT.sub('', text, count=1))}\n<p><small>{guide_mark(version, since)}</small></p>"


def _html(markdown: str) -> str:
    """Label Studio shows an instruction's HTML as it is: the guide's own stays text."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).render(markdown))
