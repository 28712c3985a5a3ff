"""Reading streams in tests."""

from __future__ import annotations

from support.waiting import until
from towpath.core.stream import Batch, Consumer


def some(consumer: Consumer, most: int = 500) -> Batch:
    """The next batch that is not empty."""
    return until(lambda: consumer.poll(timeout_s=0.5, max_records=most), limit_s=30)
