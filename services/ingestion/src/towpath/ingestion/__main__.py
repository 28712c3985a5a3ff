"""`python -m towpath.ingestion`: run the service with settings from the environment."""

from __future__ import annotations

import sys

from towpath.core.service import start
from towpath.ingestion.bootstrap import build
from towpath.ingestion.settings import IngestionSettings

if __name__ == "__main__":
    sys.exit(start("ingestion", IngestionSettings, build))
