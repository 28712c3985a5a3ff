"""Reports as one self-contained HTML file: headings, text, facts, tables and pictures. What is given is escaped.

page("Labels", [Section("Agreement", [Facts([Fact("alpha", "0.75")]), Figure(charts.bars(...))])])
"""

from towpath.preparation.reports.page import Block, Fact, Facts, Figure, Section, Table, Text, Tone, page

__all__ = ["Block", "Fact", "Facts", "Figure", "Section", "Table", "Text", "Tone", "page"]
