"""Asking a service over HTTP, as the person who types."""

from __future__ import annotations

import getpass
from typing import Any

import httpx

from towpath.cli.context import installed, plain
from towpath.core.errors import ConflictError, NotFoundError, RejectedError, RetryableError, TowpathError

__all__ = ["asked", "me"]

_TIMEOUT_S = 60.0
_ERRORS: dict[int, type[TowpathError]] = {
    404: NotFoundError,
    409: ConflictError,
    422: RejectedError,
    503: RetryableError,
}


def asked(service: str, method: str, path: str, **sent: Any) -> dict[str, Any]:
    """The answer, {} where it is empty; `sent` is httpx's. Raises TowpathError with what the service says."""
    here = installed()
    with httpx.Client(base_url=here.url(service), headers=here.headers(), timeout=_TIMEOUT_S) as client:
        answer = client.request(method, path, **sent)
    if not answer.is_success:
        raise _ERRORS.get(answer.status_code, TowpathError)(_said(service, answer))
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


def me() -> str:
    """Who types, as far as the machine knows."""
    try:
        return plain(getpass.getuser())[:100]
    except (OSError, KeyError):
        return "a person"  # a container's user without a name


def _said(service: str, answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{service} answered {answer.status_code}: {answer.text[:500]}"
