"""The runtime of a service: settings, lifecycle, health, metrics, logging, HTTP edge."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from towpath.core.service.health import Health, NotReadyError
from towpath.core.service.logging import configure_logging
from towpath.core.service.metrics import Catalogue
from towpath.core.service.retry import Backoff
from towpath.core.service.settings import AuthSettings, HttpSettings, KafkaSettings, ServiceSettings, StoreSettings
from towpath.core.service.start import start

if TYPE_CHECKING:
    from towpath.core.service.auth import UnauthenticatedError, check_caller, require_caller
    from towpath.core.service.http import (
        Problem,
        install_problem_handlers,
        new_app,
        ops_router,
        problem,
        problems,
    )
    from towpath.core.service.lifecycle import Loop, Service, run

__all__ = [
    "AuthSettings",
    "Backoff",
    "Catalogue",
    "Health",
    "HttpSettings",
    "KafkaSettings",
    "Loop",
    "NotReadyError",
    "Problem",
    "Service",
    "ServiceSettings",
    "StoreSettings",
    "UnauthenticatedError",
    "check_caller",
    "configure_logging",
    "install_problem_handlers",
    "new_app",
    "ops_router",
    "problem",
    "problems",
    "require_caller",
    "run",
    "start",
]

# Imported when asked for: FastAPI takes half a second, which commands and Jobs that serve nothing must not pay.
_LATE = {
    **dict.fromkeys(("UnauthenticatedError", "check_caller", "require_caller"), "auth"),
    **dict.fromkeys(("Problem", "install_problem_handlers", "new_app", "ops_router", "problem", "problems"), "http"),
    **dict.fromkeys(("Loop", "Service", "run"), "lifecycle"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
