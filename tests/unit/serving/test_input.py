"""Who tells what was read of a document: whoever answered it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal

import pytest
from prometheus_client import CollectorRegistry

from towpath.core.stream import Codec, Record, Registry
from towpath.model import Model
from towpath.model import Prediction as Answer
from towpath.model.build.tiny import build_tiny_bundle
from towpath.serving.domain.budget import DeadLetterBudget
from towpath.serving.domain.predictions import Released
from towpath.serving.domain.slot import Challenger, Predictor, Serving
from towpath.serving.handlers import PredictBatch
from towpath.serving.metrics import ServingMetrics
from towpath.v1 import Document, Prediction

TEXTS = [f"text {n}, 漢字" for n in range(12)]


class Silent:
    """A predictor that says nothing of what it read."""

    def predict(self, texts: Sequence[str]) -> list[Answer]:
        return [Answer("negative", "class", 0.5, {"negative": 1.0}, False) for _ in texts]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Model]:
    folder = tmp_path_factory.mktemp("bundles")
    champion, challenger = (Model.load(build_tiny_bundle(folder / str(seed), seed=seed)) for seed in (0, 1))
    return champion, challenger


def predicted(champion: Predictor, challenger: Predictor, mode: Literal["shadow", "canary"]) -> dict[str, Prediction]:
    """By document id, as they are on the wire."""
    codec = Codec("protobuf")
    predict = PredictBatch(
        codec, Registry.load(), ServingMetrics(CollectorRegistry()), DeadLetterBudget(0.9, 1000), 10_000
    )
    tried = Challenger(challenger, Released("m", "new", ""), "rol-1", mode, 0.5)
    records = []
    for n, text in enumerate(TEXTS):
        sent = codec.encode(Document(document_id=f"doc-{n}", text=text), topic="documents", key="k")
        records.append(Record("documents", 0, n, sent.key, sent.value, sent.headers, 0))
    work = predict(records, Serving(champion, Released("m", "old", ""), tried))
    decoded = (codec.decode(Record(m.topic, 0, 0, m.key, m.value, m.headers, 0), Prediction) for m in work.messages)
    return {each.message.document_id: each.message for each in decoded}


def sketches(model: Model) -> list[bytes]:
    return [struct.pack("16b", *each.input.sketch) for each in model.predict(TEXTS) if each.input is not None]


def test_in_a_canary_each_tells_of_what_it_answers(models: tuple[Model, Model]) -> None:
    made = predicted(*models, "canary")
    assert {each.release_id for each in made.values()} == {"old", "new"}
    wanted = {"old": sketches(models[0]), "new": sketches(models[1])}
    for n in range(len(TEXTS)):
        each = made[f"doc-{n}"]
        # In other company the last bits of an embedding are others.
        bytes_of = (struct.unpack("16b", told) for told in (each.input.sketch, wanted[each.release_id][n]))
        assert all(abs(mine - other) <= 1 for mine, other in zip(*bytes_of, strict=True))
        assert (each.input.tokens, each.input.unknown_tokens) == (8 + (n > 9), 2)


def test_in_a_shadow_the_champion_tells_alone(models: tuple[Model, Model]) -> None:
    made = predicted(*models, "shadow")
    assert {each.release_id for each in made.values()} == {"old"}
    assert all(each.shadow.release_id == "new" for each in made.values())
    assert [made[f"doc-{n}"].input.sketch for n in range(len(TEXTS))] == sketches(models[0])


def test_a_model_that_does_not_tell_has_none(models: tuple[Model, Model]) -> None:
    made = predicted(Silent(), models[1], "canary")
    assert all(each.HasField("input") == (each.release_id == "new") for each in made.values())
