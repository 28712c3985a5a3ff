"""What the commands need of Label Studio's API. The token is sent to the named server and to nobody else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from towpath.core.errors import NotFoundError, RejectedError, RetryableError

__all__ = ["TOKEN", "LabelStudio", "Project", "connect_to"]

TOKEN = "LABEL_STUDIO_API_KEY"  # noqa: S105 - the variable's name
_TIMEOUT = httpx.Timeout(30.0, read=300.0)
_PAGE = 500


@dataclass(frozen=True)
class Project:
    id: int
    title: str
    instruction: str
    label_config: str


def connect_to(url: str) -> LabelStudio:
    """With the token that LABEL_STUDIO_API_KEY holds.

    Raises:
        RejectedError: there is none, or `url` is no address.
    """
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise RejectedError(f"set {TOKEN} to a token of Label Studio (Account & Settings, Access Token)")
    return LabelStudio(url, token)


class LabelStudio:
    """A client. Use it as a context manager.

    All methods raise RetryableError where the server does not answer or is in trouble, and RejectedError where it
    refuses, or answers what is not Label Studio's.
    """

    def __init__(self, url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise RejectedError(f"{url!r} is no address of a server: https://labels.example.com")
        self._url, self._token = url.rstrip("/"), token
        # No redirects: they would carry the token to wherever they lead.
        self._http = httpx.Client(base_url=self._url, timeout=_TIMEOUT, follow_redirects=False, transport=transport)
        self._headers: dict[str, str] = {}

    def __enter__(self) -> LabelStudio:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def project(self, number: int) -> Project:
        return _project(self._json("GET", f"/api/projects/{number}/"))

    def projects(self, title: str) -> list[Project]:
        """Those of exactly this title."""
        found = self._json("GET", "/api/projects/", params={"title": title, "page_size": 100})
        return [made for each in found["results"] if (made := _project(each)).title == title]

    def create_project(self, fields: Mapping[str, Any]) -> Project:
        return _project(self._json("POST", "/api/projects/", json=dict(fields)))

    def change_project(self, number: int, fields: Mapping[str, Any]) -> Project:
        return _project(self._json("PATCH", f"/api/projects/{number}/", json=dict(fields)))

    def webhooks(self, project: int) -> list[dict[str, Any]]:
        return list(self._json("GET", "/api/webhooks/", params={"project": project}))

    def put_webhook(self, fields: Mapping[str, Any], number: int | None = None) -> None:
        """Make one, or change the one of this number."""
        where = "/api/webhooks/" if number is None else f"/api/webhooks/{number}/"
        self._json("POST" if number is None else "PATCH", where, json=dict(fields))

    def tasks(self, project: int) -> Iterator[dict[str, Any]]:
        """Each task with its `data`."""
        page = 1
        while True:
            params = {"project": project, "fields": "task_only", "page_size": _PAGE, "page": page}
            found = self._json("GET", "/api/tasks/", params=params)
            yield from found["tasks"]
            if page * _PAGE >= found["total"]:
                return
            page += 1

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> int:
        """Returns how many were made."""
        made = self._json("POST", f"/api/projects/{project}/import", json=list(tasks))
        return int(made.get("task_count", len(tasks)))

    def export(self, project: int) -> str:
        """All annotations, as JSON."""
        params = {"exportType": "JSON", "download_all_tasks": "false"}
        return self._answer("GET", f"/api/projects/{project}/export", params=params).text

    def _json(self, method: str, path: str, **request: Any) -> Any:
        answer = self._answer(method, path, **request)
        try:
            return answer.json()
        except ValueError:
            raise RejectedError(f"{self._url}{path} answered no JSON: is this Label Studio?") from None

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        if not self._headers:
            self._log_in()
        answer = self._send(method, path, headers=self._headers, **request)
        if answer.status_code == 401 and "Bearer" in self._headers["Authorization"]:
            self._log_in()  # an access token lives for five minutes
            answer = self._send(method, path, headers=self._headers, **request)
        self._check(answer, path)
        return answer

    def _log_in(self) -> None:
        """A personal access token is exchanged for a short-lived one; a legacy token is sent as it is."""
        if self._token.count(".") != 2:
            self._headers = {"Authorization": f"Token {self._token}"}
            return
        answer = self._send("POST", "/api/token/refresh", json={"refresh": self._token})
        self._check(answer, "/api/token/refresh")
        self._headers = {"Authorization": f"Bearer {answer.json()['access']}"}

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise RetryableError(f"no Label Studio at {self._url}: {type(error).__name__}: {error}") from None

    def _check(self, answer: httpx.Response, path: str) -> None:
        status = answer.status_code
        if status < 300:
            return
        if status < 400:
            raise RejectedError(
                f"{self._url}{path} leads elsewhere ({answer.headers.get('location')}): name that server"
            )
        said = _said(answer)
        if status in (401, 403):
            raise RejectedError(f"Label Studio refuses {TOKEN}: {said}")
        if status == 404:
            raise NotFoundError(f"Label Studio has no {path}: {said}")
        kind = RetryableError if status >= 500 or status == 429 else RejectedError
        raise kind(f"Label Studio answered {status}: {said}")


def _said(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.reason_phrase
    if not isinstance(body, dict):
        return answer.reason_phrase
    fields = body.get("validation_errors")
    listed = fields.items() if isinstance(fields, dict) else ()
    wrong = "; ".join(f"{name}: {' '.join(map(str, why)) if isinstance(why, list) else why}" for name, why in listed)
    return (wrong or str(body.get("detail", "")))[:500]


def _project(given: Any) -> Project:
    try:
        return Project(
            int(given["id"]),
            str(given["title"]),
            str(given.get("expert_instruction") or ""),
            str(given.get("label_config") or ""),
        )
    except (KeyError, TypeError, ValueError):
        raise RejectedError("it answered no project: is this Label Studio?") from None
