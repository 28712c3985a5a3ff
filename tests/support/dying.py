"""A serving worker that is hit by a signal at a step of its loop: `python -m support.dying STEP NTH SIGNAL`.

The code that runs is the service's own; only the signal is added, at the NTH time that STEP is reached.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

from kafka import KafkaProducer

from towpath.core.service import start
from towpath.serving.bootstrap import build
from towpath.serving.domain.slot import ModelSlot
from towpath.serving.handlers import PredictBatch
from towpath.serving.settings import ServingSettings

STEPS: dict[str, tuple[type, str, str]] = {
    "decoded": (PredictBatch, "decode", "after"),
    "inferred": (PredictBatch, "infer", "after"),
    "written": (PredictBatch, "write", "after"),
    "begun": (KafkaProducer, "begin_transaction", "after"),
    "half sent": (KafkaProducer, "flush", "before"),
    "sent": (KafkaProducer, "flush", "after"),
    "offsets sent": (KafkaProducer, "send_offsets_to_transaction", "after"),
    "committed": (KafkaProducer, "commit_transaction", "after"),
    "counted": (PredictBatch, "committed", "after"),
    "swapped": (ModelSlot, "put", "before"),
}


def arm(step: str, nth: int, number: signal.Signals) -> None:
    """Replace the step's method by one that is the same and, once, sends the signal to this process."""
    kind, name, when = STEPS[step]
    real: Callable[..., Any] = getattr(kind, name)
    times = count(1)

    def hit() -> None:
        if next(times) == nth:
            os.kill(os.getpid(), number)

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        if when == "before":
            hit()
        result = real(self, *arguments, **named)
        if when == "after":
            hit()
        return result

    setattr(kind, name, method)


if __name__ == "__main__":
    arm(sys.argv[1], int(sys.argv[2]), signal.Signals[sys.argv[3]])
    sys.exit(start("serving", ServingSettings, build))
