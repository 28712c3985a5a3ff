"""`python -m towpath.serving`: run the worker or the endpoint (TOWPATH_SERVING_MODE)."""

from __future__ import annotations

import sys

from towpath.core.service import start
from towpath.serving.bootstrap import build
from towpath.serving.settings import ServingSettings

if __name__ == "__main__":
    sys.exit(start("serving", ServingSettings, build))
