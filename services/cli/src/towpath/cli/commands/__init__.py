"""One module a command. Each has `register(app)`; what is slow is imported when the command runs."""

from collections.abc import Callable

import typer

from towpath.cli.commands import (
    alerts,
    data,
    dead_letters,
    demo,
    doctor,
    ingest,
    labels,
    lineage,
    model,
    monitor,
    objective,
    predict,
    release,
    retraining,
    tail,
    topics,
    train,
    transactions,
    up,
    version,
)

__all__ = ["REGISTER"]

REGISTER: tuple[Callable[[typer.Typer], None], ...] = (
    demo.register,
    up.register,
    doctor.register,
    objective.register,
    ingest.register,
    labels.register,
    data.register,
    train.register,
    model.register,
    release.register,
    alerts.register,
    retraining.register,
    predict.register,
    tail.register,
    monitor.register,
    topics.register,
    lineage.register,
    dead_letters.register,
    transactions.register,
    version.register,
)
