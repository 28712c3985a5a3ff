"""Building bundles. Needs the extra `towpath-model[build]`; what serves does not."""

from towpath.model.build.bundle import Head, write_bundle
from towpath.model.build.encoder import Encoder, EncoderFolder, build_encoder

__all__ = ["Encoder", "EncoderFolder", "Head", "build_encoder", "write_bundle"]
