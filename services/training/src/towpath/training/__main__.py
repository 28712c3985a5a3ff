"""`python -m towpath.training`: run the service with settings from the environment."""

from __future__ import annotations

import sys

from towpath.core.service import start
from towpath.training.bootstrap import build
from towpath.training.settings import TrainingSettings

if __name__ == "__main__":
    sys.exit(start("training", TrainingSettings, build))
