"""The client of Label Studio's API where the server is not as one would wish, and the guide that raters see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML

from support.objective import CATS_OR_DOGS
from towpath.cli.label_studio import LabelStudio, connect_to
from towpath.cli.label_studio.guide import instruction
from towpath.core.errors import NotFoundError, RejectedError, RetryableError
from towpath.core.objective import Objective

PERSONAL = "eyJ.of-a.person"
Answer = Callable[[httpx.Request], httpx.Response]


def studio(answer: Answer, token: str = "legacy") -> LabelStudio:
    return LabelStudio("http://labels.example", token, transport=httpx.MockTransport(answer))


def test_the_token_follows_no_redirect() -> None:
    asked = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"location": "http://evil.example/api/projects/1/"})

    with studio(elsewhere) as client, pytest.raises(RejectedError, match=r"leads elsewhere \(http://evil.example"):
        client.project(1)
    assert asked == ["labels.example"]


ANSWERS: dict[str, tuple[httpx.Response, type[Exception], str]] = {
    "down": (httpx.Response(502, text="<html>"), RetryableError, "answered 502"),
    "another": (httpx.Response(200, text="<html>"), RejectedError, "is this Label Studio"),
    "no project": (httpx.Response(200, json={"detail": "hello"}), RejectedError, "is this Label Studio"),
    "refused": (httpx.Response(401, json={"detail": "Invalid token."}), RejectedError, "refuses LABEL_STUDIO_API_KEY"),
    "absent": (httpx.Response(404, json={"detail": "No Project"}), NotFoundError, "No Project"),
    "wrong": (httpx.Response(400, json={"validation_errors": {"url": ["Enter it."]}}), RejectedError, "url: Enter it."),
}


@pytest.mark.parametrize(("answer", "error", "words"), ANSWERS.values(), ids=list(ANSWERS))
def test_each_trouble_is_told_in_words(answer: httpx.Response, error: type[Exception], words: str) -> None:
    with studio(lambda _: answer) as client, pytest.raises(error, match=words) as told:
        client.project(1)
    assert "legacy" not in str(told.value)


def test_a_personal_token_is_exchanged_and_again_when_the_short_one_has_expired() -> None:
    issued: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/token/refresh":
            issued.append(f"access-{len(issued) + 1}")
            return httpx.Response(200, json={"access": issued[-1]})
        if request.headers["authorization"] != "Bearer access-2":
            return httpx.Response(401, json={"detail": "expired"})
        return httpx.Response(200, json={"id": 7, "title": "t"})

    with studio(server, PERSONAL) as client:
        assert client.project(7).id == 7
    assert issued == ["access-1", "access-2"]


def test_all_pages_of_tasks_are_read() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        return httpx.Response(200, json={"total": 1200, "tasks": [{"id": (page - 1) * 500 + n} for n in range(500)]})

    with studio(server) as client:
        assert len({each["id"] for each in client.tasks(1)}) == 1500


@pytest.mark.parametrize(
    "url", ["labels.example", "ftp://labels.example", "http://", "http://user:pass@labels.example"]
)
def test_an_address_is_one_of_a_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "legacy")
    with pytest.raises(RejectedError, match="no address of a server"):
        connect_to(url)


def test_the_same_version_of_the_guide_stays_since_when_it_was_shown(tmp_path: Path) -> None:
    data = YAML(typ="safe").load(CATS_OR_DOGS)
    data["contract"]["labels"] = {"guide": "guide.md"}
    objective, file = Objective.model_validate(data), tmp_path / "objective.yaml"
    with pytest.raises(NotFoundError, match="no such labelling guide"):
        instruction(objective, file, "", datetime(2026, 1, 1, tzinfo=UTC))
    (tmp_path / "guide.md").write_text('---\nversion: "1"\n---\n# How\n<img src=x onerror=alert(1)>\n')
    first = instruction(objective, file, "", datetime(2026, 1, 1, tzinfo=UTC))
    assert "<img" not in first
    assert instruction(objective, file, first, datetime(2026, 2, 1, tzinfo=UTC)) == first
    (tmp_path / "guide.md").write_text('---\nversion: "2"\n---\n# How\n')
    changed = instruction(objective, file, first, datetime(2026, 2, 1, tzinfo=UTC))
    assert "version 2, since 2026-02-01T00:00:00Z" in changed
    (tmp_path / "guide.md").write_text("# How\n")
    with pytest.raises(RejectedError, match="no version"):
        instruction(objective, file, "", datetime(2026, 1, 1, tzinfo=UTC))
