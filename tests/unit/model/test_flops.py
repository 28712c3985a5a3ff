"""Operations counted from a graph are those that a person counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, helper

from towpath.model.build import quantised
from towpath.model.build.flops import operations
from towpath.model.build.tiny import build_tiny_bundle, build_tiny_encoder


def test_of_one_layer_by_hand(tmp_path: Path) -> None:
    graph = (build_tiny_bundle(tmp_path / "bundle") / "model.onnx").read_bytes()
    found = operations(graph)
    # Query, key, value, projection 32 x 32 each, 32 x 64 and back; scores and means over 32 columns; a head for three.
    assert found.per_token == 2 * (4 * 32 * 32 + 2 * 32 * 64)
    assert found.per_pair == 2 * 2 * 32
    assert found.per_text == 2 * 32 * 3
    assert found.of([10, 1]) == 11 * found.per_token + 101 * found.per_pair + 2 * found.per_text
    assert operations(quantised(graph)) == found


def test_an_encoder_has_no_head(tmp_path: Path) -> None:
    assert operations((build_tiny_encoder(tmp_path).path / "encoder.onnx").read_bytes()).per_text == 0


def test_another_graph_is_refused() -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [value])
    with pytest.raises(ValueError, match="no attention"):
        operations(helper.make_model(graph).SerializeToString())
