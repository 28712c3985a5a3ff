"""A bundle is what its manifest says, or it is refused with the reason."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.model import BundleError, Model, manifest_sha256, verify
from towpath.model.build.tiny import build_tiny_bundle


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny, tmp_path / "copy")
    return tmp_path / "copy"


def test_the_same_inputs_give_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    again, other = build_tiny_bundle(tmp_path / "again"), build_tiny_bundle(tmp_path / "other", seed=9)
    assert manifest_sha256(again) == manifest_sha256(tiny) != manifest_sha256(other)
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in tiny.iterdir()}


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "objective.json", "MLmodel"])
def test_one_flipped_byte_is_refused(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match=f"{name}: content does not match"):
        Model.load(copy)


def test_a_changed_manifest_is_not_the_one_that_was_released(copy: Path) -> None:
    released = manifest_sha256(copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "name": "another"}))
    with pytest.raises(BundleError, match="the release says"):
        Model.load(copy, sha256=released)


def edit(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return apply


def link(folder: Path) -> None:
    (folder / "model.onnx").rename(folder.parent / "elsewhere")
    (folder / "model.onnx").symlink_to(folder.parent / "elsewhere")


ENTRY = {"sha256": "0" * 64, "size": 1}


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: (f / "model.onnx").write_bytes((f / "model.onnx").read_bytes()[:100]), "truncated"),
        (lambda f: (f / "model.onnx").unlink(), "No such file"),
        (lambda f: (f / "manifest.json").write_text("{"), r"manifest\.json"),
        (lambda f: (f / "manifest.json").unlink(), "No such file"),
        (lambda f: (f / "extra.bin").write_bytes(b"x"), "'extra.bin' is not in the manifest"),
        (edit(lambda m: m.update(format="towpath-bundle/2")), "unknown format"),
        (edit(lambda m: m["files"].update({"../../etc/passwd": ENTRY})), "files"),
        (edit(lambda m: m["files"].update({"/etc/passwd": ENTRY})), "files"),
        (edit(lambda m: m["files"].pop("tokenizer.json")), "does not list tokenizer.json"),
        (edit(lambda m: m["files"]["model.onnx"].update(size=10**12)), "larger than"),
        (edit(lambda m: m.update(classes=["a"])), "classes"),
        (edit(lambda m: m.update(surprise=1)), "surprise"),
        (link, "not a plain file"),
        (shutil.rmtree, "no such folder"),
    ],
)
def test_what_is_not_a_whole_bundle_is_refused(copy: Path, damage: Callable[[Path], object], reason: str) -> None:
    damage(copy)
    with pytest.raises(BundleError, match=reason):
        verify(copy)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path.touch, (self.file,))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "MLmodel", "manifest.json"])
def test_a_pickle_under_any_name_is_never_executed(copy: Path, tmp_path: Path, name: str) -> None:
    (copy / name).write_bytes(pickle.dumps(Bomb(tmp_path / "executed")))
    with pytest.raises(BundleError):
        Model.load(copy)
    assert not (tmp_path / "executed").exists()


@given(position=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_manifest_is_noticed(tiny: Path, position: int, bit: int) -> None:
    raw = bytearray((tiny / "manifest.json").read_bytes())
    raw[position % len(raw)] ^= 1 << bit
    folder = tiny.with_name("flipped")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tiny, folder)
    (folder / "manifest.json").write_bytes(raw)
    with pytest.raises(BundleError):
        verify(folder, sha256=manifest_sha256(tiny))
