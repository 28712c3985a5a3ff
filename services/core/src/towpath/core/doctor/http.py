"""HTTP with what Python brings: the doctor runs from every image."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Answer", "Ask", "ask"]

_MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None where there was no answer; `text` says why then. `seconds` that it took."""

    status: int | None
    text: str
    seconds: float = 0.0

    @property
    def data(self) -> Mapping[str, Any]:
        """The JSON object in it; an empty one when it has none."""
        try:
            data = json.loads(self.text)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}


class Ask(Protocol):
    """How the doctor asks: a GET, or a POST when there is a body."""

    def __call__(self, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer: ...


def ask(
    url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None, timeout_s: float = 15.0
) -> Answer:
    """Never raises for what a server or the network does: that is what is to be told."""
    begin = time.perf_counter()

    def answer(status: int | None, text: str) -> Answer:
        return Answer(status, text, time.perf_counter() - begin)

    if not url.startswith(("http://", "https://")):
        return answer(None, "not an http:// or https:// URL")
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310
            return answer(response.status, response.read(_MAX_BYTES).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return answer(error.code, error.read(_MAX_BYTES).decode("utf-8", "replace"))
    except urllib.error.URLError as error:
        return answer(None, str(error.reason))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return answer(None, str(error) or type(error).__name__)
