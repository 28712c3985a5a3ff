from __future__ import annotations

import pytest

from towpath.model.build import EncoderFolder, build_encoder


@pytest.fixture(scope="session")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> EncoderFolder:
    """The real encoder, which takes seconds to build."""
    return build_encoder(tmp_path_factory.mktemp("minilm"))
