"""From a release's reference to rows."""

from __future__ import annotations

import numpy as np

from towpath.core.objective.costs import Costs
from towpath.monitoring.domain.windows.rows import Rows
from towpath.v1 import Reference

__all__ = ["rows_of"]


def rows_of(reference: Reference, classes: tuple[str, ...], costs: Costs) -> Rows:
    """What the release said of documents that it was judged on, decided by `costs` as live ones are.

    Raises ValueError where its lists do not fit together, or its classes are not `classes`.
    """
    n, k = reference.documents, len(classes)
    if not n:
        raise ValueError("it has no documents")
    if tuple(reference.classes) != classes:
        raise ValueError(f"its classes are {', '.join(reference.classes)[:200]}, and not {', '.join(classes)}")
    if len(reference.probabilities) != n * k:
        raise ValueError(f"{len(reference.probabilities)} probabilities are not {n} rows of {k}")
    if len(reference.sketches) % n:
        raise ValueError(f"{len(reference.sketches)} bytes of sketches are not {n} rows")
    rows = Rows.empty(n, classes=k, sketch=len(reference.sketches) // n)
    rows.probabilities[:] = np.array(reference.probabilities, dtype=np.float32).reshape(n, k)
    rows.sketches[:] = np.frombuffer(reference.sketches, dtype=np.int8).reshape(n, -1)
    rows.sketched[:], rows.basis[:] = len(reference.sketches) > 0, reference.sketch_basis
    for name, told in (("tokens", reference.tokens), ("unknown", reference.unknown_tokens)):
        if len(told) not in (0, n):
            raise ValueError(f"{len(told)} {name} are not {n}")
        if told:
            getattr(rows, name)[:] = np.minimum(np.array(told, dtype=np.int64), np.iinfo(np.int32).max)
    decided = costs.decide(rows.probabilities)
    rows.labels[:], rows.ask[:], rows.costs[:] = decided.labels, decided.ask, decided.expected_cost
    return rows
