"""A challenger on the endpoint: whose turn it is, what it costs the caller, and models that change under load."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from support.endpoint import INFER, PREDICT, Echo, Endpoint, Slow, challenger, serving, tensor
from support.stopping import StopAfter
from support.waiting import until
from towpath.serving.domain.routing import answers_by_challenger

IDS = [f"tweet-{n}" for n in range(16)]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


def asked(endpoint: Endpoint, texts: list[str], ids: list[str] | None = None) -> dict[str, Any]:
    inputs = [tensor(texts)] if ids is None else [tensor(texts), tensor(ids, "id")]
    answer = endpoint.post(INFER, {"inputs": inputs})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return {**body, **{each["name"]: each["data"] for each in body["outputs"]}}


def test_in_a_canary_the_documents_id_says_whose_turn_it_is(endpoint: Endpoint) -> None:
    endpoint.slot.put(serving(Echo("old "), challenger=challenger(Echo("new "), "canary", 0.5)))
    turns = [answers_by_challenger(each, "rol-1", 0.5) for each in IDS]
    assert len(set(turns)) == 2
    body = asked(endpoint, ["text"] * 16, IDS)
    assert body["release"] == ["rel-2" if turn else "rel-1" for turn in turns]
    assert body["label"] == ["new text" if turn else "old text" for turn in turns], "each answer with its release"
    assert "model_version" not in body, "there are two"
    assert body["parameters"] == {"rollout_id": "rol-1"}
    instances = [{"text": "text", "id": each} for each in IDS]
    alone = [endpoint.post(PREDICT, {"instances": [each]}).json() for each in instances]
    assert [each["predictions"][0]["release"] for each in alone] == body["release"], "whatever comes with it"
    assert alone[0]["release_id"] == body["release"][0]
    assert endpoint.counted("answers", release="rel-2") == 2 * sum(turns)


def test_without_ids_equal_texts_have_their_turn_together(endpoint: Endpoint) -> None:
    endpoint.slot.put(serving(Echo("old "), challenger=challenger(Echo("new "), "canary", 0.5)))
    texts = [f"text {n}" for n in range(8)]
    first, second = asked(endpoint, texts + texts), asked(endpoint, texts)
    assert first["release"][:8] == first["release"][8:] == second["release"]
    assert len(set(second["release"])) == 2


@pytest.mark.parametrize(("share", "release"), [(0.0, "rel-1"), (1.0, "rel-2")])
def test_a_share_of_none_or_all(endpoint: Endpoint, share: float, release: str) -> None:
    endpoint.slot.put(serving(Echo(), challenger=challenger(Echo(), "canary", share)))
    body = asked(endpoint, ["text"] * 16, IDS)
    assert body["release"] == [release] * 16
    assert body["model_version"] == release


def test_what_the_challenger_cannot_take_is_answered_by_the_champion(endpoint: Endpoint) -> None:
    endpoint.slot.put(serving(Echo("old "), challenger=challenger(Echo(refuses="hard"), "canary", 1.0)))
    body = asked(endpoint, ["hard", "easy"])
    assert body["label"] == ["old hard", "easy"]
    assert body["release"] == ["rel-1", "rel-2"]
    assert endpoint.counted("challenged", release="rel-2", outcome="failed") == 1


def test_a_text_that_no_model_can_take_is_named(endpoint: Endpoint) -> None:
    endpoint.slot.put(serving(Echo(refuses="hard"), challenger=challenger(Echo(refuses="hard"), "canary", 0.5)))
    answer = endpoint.post(INFER, {"inputs": [tensor(["easy", "hard"])]})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("text 1: ")
    assert asked(endpoint, ["easy"])["label"] == ["easy"], "and the next one is answered"


def test_a_shadow_is_asked_after_the_answer_and_counted(endpoint: Endpoint) -> None:
    other = Echo()
    champion = Echo()
    endpoint.slot.put(serving(champion, challenger=challenger(other, "shadow")))
    body = asked(endpoint, ["one", "two"])
    assert body["release"] == ["rel-1", "rel-1"]
    assert body["parameters"]["rollout_id"] == "rol-1"
    assert not other.asked, "nobody waited for it"
    endpoint.shadow.run(StopAfter(1))
    assert other.asked == ["one", "two"]
    other.called = "not "
    asked(endpoint, ["three"])
    endpoint.shadow.run(StopAfter(1))
    counted = {each: endpoint.counted("challenged", release="rel-2", outcome=each) for each in ("same", "different")}
    assert counted == {"same": 2, "different": 1}


def test_a_shadow_that_cannot_keep_up_is_dropped_and_one_that_fails_is_counted(endpoint: Endpoint) -> None:
    endpoint.slot.put(serving(Echo(), challenger=challenger(Echo(refuses="hard"), "shadow")))
    for _ in range(11):
        asked(endpoint, ["hard", "hard"])
    assert endpoint.counted("challenged", release="rel-2", outcome="dropped") == 2 * (11 - 8)
    endpoint.shadow.run(StopAfter(8))
    assert endpoint.counted("challenged", release="rel-2", outcome="failed") == 16


def test_a_shadow_waits_while_somebody_is_answered(endpoint: Endpoint) -> None:
    champion, other, stop = Slow(), Echo(), threading.Event()
    endpoint.slot.put(serving(champion, challenger=challenger(other, "shadow")))
    shadowing = threading.Thread(target=endpoint.shadow.run, args=(stop,))

    async def two() -> list[str]:
        champion.go.set()
        await endpoint.client.post(INFER, json={"inputs": [tensor(["first"])]})
        champion.go.clear()
        champion.begun.clear()
        second = asyncio.create_task(endpoint.client.post(INFER, json={"inputs": [tensor(["second"])]}))
        await asyncio.to_thread(champion.begun.wait, 20)
        shadowing.start()
        await asyncio.to_thread(until, lambda: not endpoint.shadow.waiting())
        asked = list(other.asked)
        champion.go.set()
        await second
        return asked

    assert endpoint.run(two()) == [], "while the second was answered"
    until(lambda: other.asked == ["first", "second"])
    stop.set()
    shadowing.join()


def change(endpoint: Endpoint, stop: threading.Event) -> None:
    """Forty releases, each with a challenger, then the last one."""
    for number in range(40):
        tried = challenger(Echo(f"rel-{number}c "), "canary", 0.5, f"rel-{number}c")
        endpoint.slot.put(serving(Echo(f"rel-{number} "), f"rel-{number}", tried))
        stop.wait(0.005)
    endpoint.slot.put(serving(Echo("rel-last "), "rel-last"))
    stop.set()


async def ask(endpoint: Endpoint, stop: threading.Event) -> list[dict[str, Any]]:
    """The outputs of all answers until `stop`."""
    said = []
    while not stop.is_set():
        answer = await endpoint.client.post(INFER, json={"inputs": [tensor(["a", "b", "c"])]})
        assert answer.status_code == 200, answer.text
        said.append({each["name"]: each["data"] for each in answer.json()["outputs"]})
    return said


def test_models_change_under_load_and_every_answer_is_of_one_that_was_live(endpoint: Endpoint) -> None:
    stop = threading.Event()
    endpoint.slot.put(serving(Echo("rel-first "), "rel-first"))

    async def load() -> list[list[dict[str, Any]]]:
        return await asyncio.gather(*(ask(endpoint, stop) for _ in range(8)))

    changing = threading.Thread(target=change, args=(endpoint, stop))
    changing.start()
    answers = [outputs for each in endpoint.run(load()) for outputs in each]
    changing.join()
    for outputs in answers:
        assert outputs["label"] == [f"{r} {text}" for r, text in zip(outputs["release"], "abc", strict=True)]
    seen = {release for outputs in answers for release in outputs["release"]}
    assert seen <= {"rel-first", "rel-last", *(f"rel-{n}{c}" for n in range(40) for c in ("", "c"))}
    assert len(seen) > 10, "many were live under load"
    assert asked(endpoint, ["a"])["release"] == ["rel-last"]
