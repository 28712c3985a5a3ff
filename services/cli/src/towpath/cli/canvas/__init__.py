"""The machine learning canvas of an objective, drawn: in the terminal, as HTML, as Markdown, as SVG for the wall."""

from towpath.cli.canvas.markdown import markdown
from towpath.cli.canvas.page import page
from towpath.cli.canvas.svg import svg
from towpath.cli.canvas.terminal import terminal

__all__ = ["markdown", "page", "svg", "terminal"]
