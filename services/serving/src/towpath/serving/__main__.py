"""`python -m towpath.serving`: run the worker or the endpoint (TOWPATH_SERVING_MODE)."""

from __future__ import annotations

import sys

from towpath.core.service import run
from towpath.serving.bootstrap import build
from towpath.serving.entrypoints.server import run_endpoint
from towpath.serving.settings import ServingSettings

if __name__ == "__main__":
    settings = ServingSettings()
    if settings.serving_mode == "endpoint":
        # KServe's module reads the command line as soon as it is imported.
        sys.argv = sys.argv[:1]
        sys.exit(run_endpoint(settings))
    sys.exit(run(build(settings)))
