"""Who may call: one dependency for every endpoint that is not a probe."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader

from towpath.core.errors import CrashError, TowpathError
from towpath.core.service.settings import AuthSettings, HttpSettings

__all__ = ["UnauthenticatedError", "check_caller", "check_exposure", "require_caller"]

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="Needed where auth.mode is api-key")


class UnauthenticatedError(TowpathError):
    """No credentials, or wrong ones; HTTP 401."""


def check_exposure(auth: AuthSettings, http: HttpSettings) -> None:
    """Refuse to serve strangers.

    Raises:
        CrashError: strangers could reach this address and none would be asked for a key, or no key is set.
    """
    if auth.mode == "api-key":
        if not _keys(auth):
            raise CrashError("auth.mode is api-key but no key is set: set TOWPATH_AUTH_API_KEYS")
        return
    if not _is_loopback(http.host) and not auth.allow_anonymous_network:
        raise CrashError(
            f"auth.mode none listens on loopback only, not on {http.host}: set TOWPATH_AUTH_MODE=api-key, or "
            "TOWPATH_AUTH_ALLOW_ANONYMOUS_NETWORK=true where a network policy says who may call"
        )


def require_caller(auth: AuthSettings) -> Callable[..., None]:
    """The dependency: `app.include_router(router, dependencies=[Depends(require_caller(settings.auth))])`."""

    def check(key: Annotated[str | None, Security(_header)] = None) -> None:
        check_caller(auth, key)

    return check


def check_caller(auth: AuthSettings, key: str | None) -> None:
    """Raises UnauthenticatedError unless `key` is one of those accepted, or none is asked for."""
    if auth.mode == "none":
        return
    given = (key or "").encode()
    # Every key is compared, in constant time: the answer's timing tells nothing.
    matches = [hmac.compare_digest(given, accepted) for accepted in _keys(auth)]
    if not any(matches):
        raise UnauthenticatedError("send an accepted key in the X-API-Key header")


def _keys(auth: AuthSettings) -> list[bytes]:
    if auth.api_keys is None:
        return []
    return [key.strip().encode() for key in auth.api_keys.get_secret_value().split(",") if key.strip()]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
