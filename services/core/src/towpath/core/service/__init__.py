"""The runtime of a service: settings, lifecycle, health, metrics, logging, HTTP edge."""

from towpath.core.service.auth import UnauthenticatedError, check_caller, require_caller
from towpath.core.service.health import Health, NotReadyError
from towpath.core.service.http import (
    Problem,
    install_problem_handlers,
    new_app,
    ops_router,
    problem,
)
from towpath.core.service.lifecycle import Loop, Service, run
from towpath.core.service.logging import configure_logging
from towpath.core.service.metrics import Catalogue
from towpath.core.service.retry import Backoff
from towpath.core.service.settings import AuthSettings, HttpSettings, KafkaSettings, ServiceSettings, StoreSettings
from towpath.core.service.start import start

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
    "require_caller",
    "run",
    "start",
]
