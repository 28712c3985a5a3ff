"""A service's `__main__`: settings from the environment, logs as JSON from the first line, refusals in words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import structlog
from pydantic import ValidationError

from towpath.core.errors import TowpathError
from towpath.core.service.logging import configure_logging
from towpath.core.service.settings import ServiceSettings

if TYPE_CHECKING:
    from towpath.core.service.lifecycle import Service

__all__ = ["start"]

_log = structlog.get_logger(__name__)


S = TypeVar("S", bound=ServiceSettings)


def start(name: str, settings: type[S], build: Callable[[S], Service]) -> int:
    """Run the service that `build` makes of the environment; returns the process's exit code, 2 for bad settings."""
    configure_logging(name)
    logging.captureWarnings(True)
    try:
        service = build(settings())
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            variable = "_".join(["TOWPATH", *map(str, each["loc"])]).upper()
            _log.error("service.refused", setting=variable, reason=each["msg"])
        return 2
    except TowpathError as error:
        _log.error("service.refused", reason=str(error))
        return 1
    from towpath.core.service.lifecycle import run  # with FastAPI, which is slow to import

    return run(service)
