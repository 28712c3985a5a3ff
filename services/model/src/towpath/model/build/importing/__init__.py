"""A Hugging Face folder of the BERT, DistilBERT, MPNet or RoBERTa family as an encoder. No torch, no code of its own.

Settings are read by transformers' configuration and tokenizer classes, weights from safetensors; an architecture is a
`Family`, which says where its folder has what the graph's builder takes.
"""

from towpath.model.build.importing.errors import EncoderError
from towpath.model.build.importing.folder import MARKER, Imported, check, encoder_id, found, import_encoder, listed

__all__ = ["MARKER", "EncoderError", "Imported", "check", "encoder_id", "found", "import_encoder", "listed"]
