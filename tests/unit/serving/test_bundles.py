"""A release's bundle is opened where bundles lie, and whatever is wrong with it is a BundleError."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from towpath.model import BundleError, manifest_sha256
from towpath.model.build.tiny import build_tiny_bundle
from towpath.serving.adapters.bundles import BundleStore
from towpath.v1 import ModelRelease


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    build_tiny_bundle(folder / "good")
    return folder


def release(folder: Path) -> ModelRelease:
    return ModelRelease(
        release_id="rel-1", model_name="m", bundle_uri=folder.as_uri(), bundle_sha256=manifest_sha256(folder)
    )


def test_a_bundle_below_the_root_is_loaded(root: Path) -> None:
    serving = BundleStore(root).load(release(root / "good"))
    assert serving.release.release_id == "rel-1"
    assert len(serving.model.predict(["a text"])) == 1


def test_a_graph_that_cannot_read_texts_as_long_as_its_bundle_says_is_refused_before_it_meets_one(
    tmp_path: Path,
) -> None:
    folder = build_tiny_bundle(tmp_path / "boastful")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["max_tokens"] *= 4  # more than the graph has positions
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="cannot predict: the graph does not run"):
        BundleStore(tmp_path).load(release(folder))


def test_nothing_outside_of_the_root_is_opened(root: Path, tmp_path: Path) -> None:
    outside = build_tiny_bundle(tmp_path / "outside")
    (root / "link").unlink(missing_ok=True)
    (root / "link").symlink_to(outside)
    for folder in (outside, root / "link", root):
        with pytest.raises(BundleError, match="is not below"):
            BundleStore(root).locate(folder.as_uri())


@given(uri=st.text(max_size=300) | st.text(max_size=300).map("file:///".__add__))
@example("file://[")
@example("http://somewhere/bundle")
@example("file:///a/../../etc/passwd")
@example("file:///%00")
@example("file:///" + "x" * 5000)
@example("file:////" + "y/" * 5000)
@example("file:///%2e%2e/etc")
def test_whatever_a_uri_says_it_is_refused_with_a_reason(root: Path, uri: str) -> None:
    with pytest.raises(BundleError, match="bundle URI"):
        BundleStore(root).locate(uri)


def reseal(folder: Path, name: str, data: bytes) -> None:
    """What somebody does who may write the folder and the release: all hashes are right."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@given(
    name=st.sampled_from(["model.onnx", "tokenizer.json", "objective.json"]),
    place=st.floats(0, 1),
    put=st.binary(max_size=12),
    cut=st.integers(0, 12),
)
def test_a_resealed_bundle_with_damage_serves_or_is_refused(
    root: Path, name: str, place: float, put: bytes, cut: int
) -> None:
    folder = root / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "good", folder)
    data = (folder / name).read_bytes()
    at = int(place * len(data))
    reseal(folder, name, data[:at] + put + data[at + cut :])
    with contextlib.suppress(BundleError):
        assert len(BundleStore(root).load(release(folder)).model.predict(["a text"])) == 1


def test_a_tokenizer_that_is_json_to_rust_alone_is_refused(root: Path) -> None:
    folder = root / "lenient"
    shutil.copytree(root / "good", folder)
    text = (folder / "tokenizer.json").read_text()
    damaged = re.sub(r'"version":\s*"', '"version', text, count=1)
    Tokenizer.from_str(damaged)
    reseal(folder, "tokenizer.json", damaged.encode())
    with pytest.raises(BundleError, match=r"tokenizer\.json"):
        BundleStore(root).load(release(folder))


@pytest.mark.parametrize("cost", ["NaN", "Infinity", '"much"', "{}", "[" * 5000 + "]" * 5000])
def test_an_objective_whose_costs_are_no_numbers_is_refused(root: Path, cost: str) -> None:
    folder = root / "costs"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "good", folder)
    text = (folder / "objective.json").read_text().replace('"askPerson":0.8', f'"askPerson":{cost}')
    reseal(folder, "objective.json", text.encode())
    with pytest.raises(BundleError, match=r"objective\.json"):
        BundleStore(root).load(release(folder))
