"""Fine-tuning: the function that serves, learned further, and nothing lost by an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from towpath.model.build.bundle import Head
from towpath.model.build.encoder import Encoder
from towpath.model.build.tiny import _CONFIG, _tokenizer, _weights, build_tiny_encoder
from towpath.model.finetune import Examples, Progress, Settings, Tuned, fine_tune
from towpath.model.finetune.network import embed

TEXTS = [f"{word} {n}" for n in range(40) for word in ("yes", "no")]
TRUTH = np.array([0, 1] * 40)
SETTINGS = Settings(epochs=4, batch=8, learning_rate=3e-3, head_rate=30, dropout=0.1, evaluations=1, patience=9)
HEAD = Head(np.zeros((2, _CONFIG.hidden)), np.zeros(2))


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Most of a run here is compiling, and each compiles the same."""
    wanted = {
        "jax_compilation_cache_dir": str(tmp_path_factory.mktemp("compiled")),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": 0,
    }
    before = {name: getattr(jax.config, name) for name in wanted}
    for name, value in wanted.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


def weights() -> dict[str, NDArray[np.float32]]:
    return _weights(np.random.default_rng(0), _tokenizer().get_vocab_size())


def examples(texts: list[str] = TEXTS, truth: NDArray[np.intp] = TRUTH) -> Examples:
    return Examples.of([each.ids for each in _tokenizer().encode_batch(texts)], truth, 2)


def log_loss(probabilities: NDArray[np.float64]) -> float:
    return float(-np.log(probabilities[np.arange(len(TRUTH)), TRUTH]).mean())


def test_it_is_the_function_of_the_graph_that_serves(tmp_path: Path) -> None:
    served = Encoder(build_tiny_encoder(tmp_path)).embed(["good morning", "x", "a longer text, with commas: 42!"])
    ids = [each.ids for each in _tokenizer().encode_batch(["good morning", "x", "a longer text, with commas: 42!"])]
    batch = Examples.of(ids, np.zeros(3, np.intp), 2).batch(np.arange(3), 4, 64)
    learned = np.asarray(embed({k: np.asarray(v) for k, v in weights().items()}, _CONFIG, batch.ids, batch.mask))  # type: ignore[arg-type]
    np.testing.assert_allclose(learned[:3], served, atol=1e-5)


def test_what_can_be_told_apart_is_learned_and_the_best_is_kept() -> None:
    made = fine_tune(weights(), _CONFIG, HEAD, examples(), examples(), log_loss, SETTINGS)
    scores = [each.score for each in made.history]
    assert scores[0] == pytest.approx(np.log(2))
    assert min(scores) < 0.1
    assert made.history[-1].best == min(scores)
    assert made.history[-1].step == made.history[-1].steps == 40


def test_without_a_gain_it_stays_as_it_was_and_ends_early() -> None:
    held: list[float] = []

    def worse(_: NDArray[np.float64]) -> float:
        held.append(0.0)
        return float(len(held))

    made = fine_tune(weights(), _CONFIG, HEAD, examples(), examples(), worse, replace(SETTINGS, patience=2))
    assert len(made.history) == 3
    for name, before in weights().items():
        np.testing.assert_array_equal(made.weights[name], before)


class KilledError(Exception):
    pass


def test_interrupted_it_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    def run(tell: Callable[[Progress], None], folder: Path) -> Tuned:
        return fine_tune(weights(), _CONFIG, HEAD, examples(), examples(), log_loss, SETTINGS, folder=folder, tell=tell)

    def dies(progress: Progress) -> None:
        if progress.step == 20:
            raise KilledError

    whole = run(lambda _: None, tmp_path / "whole")
    with pytest.raises(KilledError):
        run(dies, tmp_path / "cut")
    told: list[Progress] = []
    rest = run(told.append, tmp_path / "cut")
    assert [each.step for each in told] == [30, 40], "it went on after the last checkpoint"
    # To the rounding of floats: where arrays lie in memory decides how they are added up.
    for name, each in whole.weights.items():
        np.testing.assert_allclose(rest.weights[name], each, atol=1e-4)


@pytest.mark.parametrize("damage", [b"no safetensors at all", None])
def test_a_checkpoint_of_other_inputs_or_a_broken_one_is_not_gone_on_from(tmp_path: Path, damage: bytes | None) -> None:
    few = replace(SETTINGS, seed=1)
    fine_tune(weights(), _CONFIG, HEAD, examples(), examples(), log_loss, few, folder=tmp_path)
    settings = few if damage is not None else replace(SETTINGS, seed=2)
    if damage is not None:
        (tmp_path / "checkpoint.safetensors").write_bytes(damage)
    told: list[Progress] = []
    fine_tune(weights(), _CONFIG, HEAD, examples(), examples(), log_loss, settings, folder=tmp_path, tell=told.append)
    assert told[0].step == 0


def test_a_rate_that_is_too_high_is_told() -> None:
    with pytest.raises(ValueError, match="learning rate"):
        fine_tune(weights(), _CONFIG, HEAD, examples(), examples(), log_loss, replace(SETTINGS, learning_rate=1e30))


def test_nothing_to_learn_from_is_told() -> None:
    with pytest.raises(ValueError, match="0 texts to learn from"):
        fine_tune(weights(), _CONFIG, HEAD, examples([], TRUTH[:0]), examples(), log_loss, SETTINGS)


def test_an_encoder_of_another_kind_is_refused() -> None:
    other = replace(_CONFIG, activation="relu")
    with pytest.raises(ValueError, match="exact GELU"):
        fine_tune(weights(), other, HEAD, examples(), examples(), log_loss, SETTINGS)


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"dropout": 1.5}, {"learning_rate": -1.0}, {"max_tokens": 2}])
def test_settings_that_make_no_sense_name_themselves(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]


@given(st.lists(st.integers(2, 60), min_size=1, max_size=200), st.integers(1, 16), st.integers(0, 9))
def test_an_epoch_has_every_text_once_and_pads_little(lengths: list[int], size: int, seed: int) -> None:
    held = Examples.of([[7] * each for each in lengths], np.zeros(len(lengths), np.intp), 2)
    batches = list(held.epoch(size, 48, np.random.default_rng(seed)))
    assert sorted(np.concatenate([each.rows for each in batches]).tolist()) == list(range(len(lengths)))
    for batch in batches:
        for place, row in enumerate(batch.rows):
            assert batch.mask[place].sum() == min(lengths[row], 48)
        assert batch.weight[len(batch.rows) :].sum() == 0
        assert batch.ids.shape[0] == size
