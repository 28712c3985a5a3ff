"""Importing encoders: the embeddings of torch's models, in fp32 and int8, and what cannot be one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from towpath.model.batching import feed
from towpath.model.build import Encoder, EncoderFolder, quantised, smoothed
from towpath.model.build.encoder import source_folder
from towpath.model.build.flops import operations
from towpath.model.build.importing import EncoderError, check, encoder_id, found, import_encoder, listed
from towpath.model.reading import Reader
from towpath.model.scorer import session

FOLDERS = sorted((Path(__file__).parent / "data" / "encoders").iterdir())
NAMED = pytest.mark.parametrize("source", FOLDERS, ids=[each.name for each in FOLDERS])


def reference(source: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Texts, and what PyTorch made of them (tests/reference/encoders.py), of unit length."""
    with np.load(source / "reference.npz") as kept:
        made = kept["embeddings"]
        return [str(each) for each in kept["texts"]], made / np.linalg.norm(made, axis=1, keepdims=True)


@NAMED
def test_an_imported_encoder_agrees_with_torch(source: Path, tmp_path: Path) -> None:
    made = import_encoder(source, tmp_path)
    texts, wanted = reference(source)
    found_here = Encoder(made.folder, threads=1).embed(texts)
    assert found_here.shape[1] == made.about["hidden"]
    np.testing.assert_allclose(found_here, wanted, atol=5e-6)
    # Otherwise a graph that makes the same of everything would agree with one that does so, too.
    assert np.abs(wanted[:, None] - wanted).max() > 0.2


@NAMED
def test_it_can_be_had_in_int8(source: Path, tmp_path: Path) -> None:
    folder = import_encoder(source, tmp_path).folder
    graph, about = (folder.path / "encoder.onnx").read_bytes(), folder.description
    ids = Reader((folder.path / "tokenizer.json").read_bytes(), about["max_tokens"]).read(reference(source)[0]).ids
    smooth = smoothed(graph, [feed([each]) for each in ids])
    plain, same, small = (
        np.concatenate([session(each, 1).run(["embedding"], feed([row]))[0] for row in ids])
        for each in (graph, smooth, quantised(smooth))
    )
    np.testing.assert_allclose(same, plain, atol=1e-5)
    assert (plain * small).sum(axis=1).min() > 0.995
    assert operations(quantised(smooth)) == operations(graph)


def test_the_package_of_the_default_encoder_gives_its_graph(minilm: EncoderFolder, tmp_path: Path) -> None:
    made = import_encoder(source_folder(), tmp_path)
    assert made.about["sha256"] == minilm.description["sha256"]
    assert (made.folder.path / "tokenizer.json").read_bytes() == (minilm.path / "tokenizer.json").read_bytes()
    assert (made.about["license"], made.about["max_tokens"]) == ("apache-2.0", 256)


def test_an_id_follows_from_the_content(tmp_path: Path) -> None:
    source = shutil.copytree(FOLDERS[0], tmp_path / "a" / FOLDERS[0].name)
    first, second = (import_encoder(each, tmp_path / "encoders") for each in (FOLDERS[0], source))
    assert first == second
    assert encoder_id(first.encoder_id)
    assert [each.encoder_id for each in found(tmp_path / "encoders")] == [first.encoder_id]
    assert [each.name for each in (tmp_path / "encoders").iterdir()] == [first.encoder_id]
    other = import_encoder(source, tmp_path / "encoders", name="other")
    assert other.encoder_id != first.encoder_id
    assert other.folder.identity != first.folder.identity


def test_an_imported_encoder_that_was_changed_is_found_out(tmp_path: Path) -> None:
    made = import_encoder(FOLDERS[0], tmp_path)
    check(made)
    file, marker = made.folder.path / "tokenizer.json", made.folder.path / "encoder.json"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(EncoderError, match=r"tokenizer\.json: was changed"):
        check(made)
    raw = marker.read_bytes()
    assert set(listed(raw, made.encoder_id)) == {"encoder.onnx", "tokenizer.json"}
    marker.write_bytes(raw.replace(b'"hidden": 32', b'"hidden": 33'))
    with pytest.raises(EncoderError, match="was changed"):
        check(made)


def test_an_import_that_fails_leaves_nothing(tmp_path: Path) -> None:
    source = shutil.copytree(FOLDERS[0], tmp_path / "source")
    (source / "tokenizer.json").unlink()
    with pytest.raises(EncoderError):
        import_encoder(source, tmp_path / "encoders")
    assert not list((tmp_path / "encoders").glob("*"))


def setting(file: str, **values: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        told = json.loads((folder / file).read_text()) if (folder / file).exists() else {}
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(json.dumps({**told, **values}))

    return change


def tensors(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        kept = load_file(folder / "model.safetensors")
        change(kept)
        save_file(kept, folder / "model.safetensors")

    return changed


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_off(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def link_out(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(Path(__file__))


def modules(*kinds: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        told = [{"type": f"sentence_transformers.models.{kind}", "path": ""} for kind in kinds]
        (folder / "modules.json").write_text(json.dumps(told))

    return change


def other_tokenizer(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(FOLDERS[0].parent / name / file, folder / file)

    return change


def no_special_tokens(folder: Path) -> None:
    told = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps({**told, "post_processor": None}))


def nan(kept: dict[str, Any]) -> None:
    kept["embeddings.LayerNorm.bias"][3] = np.nan


def narrow(kept: dict[str, Any]) -> None:
    name = "transformer.layer.1.ffn.lin1.weight"
    kept[name] = np.ascontiguousarray(kept[name][:, :30])


WRONG: list[tuple[str, Callable[[Path], None], str]] = [
    ("unknown architecture", setting("config.json", model_type="gpt2"), r"model_type is 'gpt2'; bert, distilbert, mpn"),
    ("no architecture", setting("config.json", model_type=None), "model_type is 'None'"),
    ("code of its own", setting("config.json", auto_map={"AutoModel": "x.Y"}), "auto_map: the model brings its own"),
    ("a decoder", setting("config.json", is_decoder=True), "is_decoder"),
    ("other positions", setting("config.json", position_embedding_type="relative_key"), "is 'relative_key', not 'abs"),
    ("unknown activation", setting("config.json", activation="silu"), "activation is 'silu'; gelu, "),
    ("heads", setting("config.json", n_heads=5), "5 heads do not divide the 32"),
    ("nonsense", setting("config.json", dim="wide"), "config.json: cannot be read"),
    ("no config", lambda folder: (folder / "config.json").unlink(), "has no config.json"),
    ("no JSON", lambda folder: (folder / "config.json").write_text("{"), "config.json: not JSON"),
    ("a pickle", pickle_only, r"pytorch_model\.bin is a pickle.*save_pretrained"),
    ("no weights", lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors"),
    ("cut off", cut_off, r"model\.safetensors: not safetensors, or cut off"),
    ("a link", link_out, r"model\.safetensors: a link that leads out"),
    ("a tensor is missing", tensors(lambda kept: kept.pop("transformer.layer.1.attention.k_lin.weight")),
     r"no tensor 'transformer\.layer\.1\.attention\.k_lin\.weight' \(of 35\)"),
    ("another shape", tensors(narrow), r"lin1\.weight' is \(56, 30\), config\.json says \(56, 32\)"),
    ("not finite", tensors(nan), "LayerNorm.bias' has numbers that are not finite"),
    ("too large", setting("config.json", vocab_size=10**8), "1,900,000,000 fit into a graph"),
    ("no tokenizer", lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
    ("a broken tokenizer", lambda folder: (folder / "tokenizer.json").write_text("{}"), "its tokenizer cannot be read"),
    ("a larger tokenizer", other_tokenizer("roberta"), r"ids up to 299, the weights 160 words"),
    ("another padding", setting("config.json", pad_token_id=7), "pad_token_id is 0 in the tokenizer and 7 in"),
    ("no marks", no_special_tokens, r"reads a text as \[\d+\], and not from '\[CLS\]' \(2\) to '\[SEP\]' \(3\)"),
    ("a mark is unknown", setting("tokenizer_config.json", sep_token=None), "lacks its sep_token None"),
    ("too long", setting("sentence_bert_config.json", max_seq_length=65), "is 65, and its table .* room for 64"),
    ("an odd length", setting("sentence_bert_config.json", max_seq_length="all"), "max_seq_length is 'all'"),
    ("another module", modules("Transformer", "Pooling", "Dense"), "are Transformer, Pooling, Dense; Transformer, P"),
    ("another pooling", setting("1_Pooling/config.json", pooling_mode_lasttoken=True), "pools by lasttoken, max; cls"),
    ("a prompt", setting("config_sentence_transformers.json", default_prompt_name="query"), "name is 'query'; texts"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_what_cannot_be_an_encoder_is_named(tmp_path: Path, change: Callable[[Path], None], said: str) -> None:
    source = shutil.copytree(FOLDERS[0].parent / "distilbert", tmp_path / "source")
    change(source)
    with pytest.raises(EncoderError, match=said) as error:
        import_encoder(source, tmp_path / "encoders")
    assert str(source) in str(error.value)


def test_shards_that_lead_out_or_are_missing_are_named(tmp_path: Path) -> None:
    source = shutil.copytree(FOLDERS[0].parent / "bert-cls", tmp_path / "source")
    (source / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"names 'model-00002-of-00003\.safetensors', which is no"):
        import_encoder(source, tmp_path / "encoders")
    setting("model.safetensors.index.json", weight_map={"a": "../../x.safetensors"})(source)
    with pytest.raises(EncoderError, match=r"'\.\./\.\./x\.safetensors' leads out of the folder"):
        import_encoder(source, tmp_path / "encoders")


@pytest.mark.parametrize("missing", ["folder", "file"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, missing: str) -> None:
    source = tmp_path / "source"
    if missing == "file":
        source.write_text("")
    with pytest.raises(EncoderError, match="source: no such folder"):
        import_encoder(source, tmp_path / "encoders")


def test_lower_case_is_the_folders_to_ask_for(tmp_path: Path) -> None:
    source = shutil.copytree(FOLDERS[0].parent / "roberta", tmp_path / "source")
    setting("sentence_bert_config.json", do_lower_case=True)(source)
    made = Encoder(import_encoder(source, tmp_path / "encoders").folder, threads=1)
    lower, upper = made.embed(["late again", "LATE again"])
    np.testing.assert_allclose(lower, upper)
