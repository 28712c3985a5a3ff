"""What is different between two windows of documents: how much, how surely, which documents, at what price."""

from towpath.monitoring.domain.windows.compare import ALPHA, LEAST, Comparison, Row, compare
from towpath.monitoring.domain.windows.effects import Effect
from towpath.monitoring.domain.windows.reference import rows_of
from towpath.monitoring.domain.windows.ring import Ring
from towpath.monitoring.domain.windows.rows import Rows

__all__ = ["ALPHA", "LEAST", "Comparison", "Effect", "Ring", "Row", "Rows", "compare", "rows_of"]
