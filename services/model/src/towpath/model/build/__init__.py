"""Building bundles. Needs the extra `towpath-model[build]`; what serves does not."""

from towpath.model.build.anchors import fitted_anchors
from towpath.model.build.bundle import Head, merged, write_bundle
from towpath.model.build.encoder import Encoder, EncoderFolder, build_encoder
from towpath.model.build.quantise import quantised
from towpath.model.build.smooth import smoothed

__all__ = [
    "Encoder",
    "EncoderFolder",
    "Head",
    "build_encoder",
    "fitted_anchors",
    "merged",
    "quantised",
    "smoothed",
    "write_bundle",
]
