"""POST to a receiver of alerts. What it is told and shown is nobody else's: no redirects, no URL in logs."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from pydantic import SecretStr

from towpath.core.errors import CrashError, RejectedError, RetryableError
from towpath.monitoring.metrics import MonitoringMetrics

__all__ = ["Receiver", "receivers"]

_TIMEOUT = urllib3.Timeout(connect=3.0, read=4.0)  # less than a shutdown may take
_REFUSED = (400, 413, 422)
"""That body would be refused for ever. All else may be put right: a token, an address, a proxy."""
_MAX_TOKEN = 16_384


@dataclass(frozen=True)
class Receiver:
    """One address. `name` is its place in the settings: an address may hold a secret. What posts come to is counted."""

    name: str
    url: SecretStr
    token_file: Path | None
    metrics: MonitoringMetrics
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(num_pools=1, timeout=_TIMEOUT, retries=False)
    )

    def __post_init__(self) -> None:
        for outcome in ("delivered", "failed", "refused"):
            self.metrics.webhooks.labels(self.name, outcome)

    def post(self, body: Any) -> None:
        """Return when it has answered that it has it.

        Raises:
            RejectedError: it refuses this body.
            RetryableError: it does not answer, or not with 2xx.
        """
        outcome = "failed"
        try:
            self._post(body)
            outcome = "delivered"
        except RejectedError:
            outcome = "refused"
            raise
        finally:
            self.metrics.webhooks.labels(self.name, outcome).inc()

    def _post(self, body: Any) -> None:
        data = json.dumps(body).encode()
        try:
            answer = self._pool.request(
                "POST", self.url.get_secret_value(), body=data, headers=self._headers(), redirect=False,
                preload_content=False,
            )  # fmt: skip
            answer.close()  # its body says nothing to us, and may be long
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # What the library says of it has the address in it.
            raise RetryableError(f"no answer ({type(error).__name__})") from None
        if answer.status in _REFUSED:
            raise RejectedError(f"answered {answer.status}")
        if not 200 <= answer.status < 300:
            raise RetryableError(f"answered {answer.status}")

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "towpath"}
        if self.token_file is None:
            return headers
        try:
            with self.token_file.open(encoding="ascii") as file:
                token = file.read(_MAX_TOKEN).strip()
        except (OSError, ValueError) as error:
            raise RetryableError(f"the token's file cannot be read ({type(error).__name__})") from None
        return {**headers, "Authorization": f"Bearer {token}"}


def receivers(
    kind: str, urls: SecretStr | None, token_file: Path | None, metrics: MonitoringMetrics, path: str = ""
) -> list[Receiver]:
    """Those that a setting names, by comma; `path` is put behind each.

    Raises:
        CrashError: one is no http or https URL; which, is told by its place.
    """
    # At DEBUG the library logs each path, which may hold a secret.
    logging.getLogger("urllib3").setLevel(logging.INFO)
    listed = [each.strip() for each in (urls.get_secret_value() if urls else "").split(",") if each.strip()]
    for place, url in enumerate(listed, start=1):
        if not _is_web(url):
            raise CrashError(f"TOWPATH_MONITORING_{kind.upper()}S: number {place} is no http:// or https:// URL")
    return [
        Receiver(f"{kind}-{place}", SecretStr(url.rstrip("/") + path if path else url), token_file, metrics)
        for place, url in enumerate(listed, start=1)
    ]


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
