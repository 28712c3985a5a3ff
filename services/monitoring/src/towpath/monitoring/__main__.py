"""`python -m towpath.monitoring`: run the service with settings from the environment."""

from __future__ import annotations

import sys

from towpath.core.service import start
from towpath.monitoring.bootstrap import build
from towpath.monitoring.settings import MonitoringSettings

if __name__ == "__main__":
    sys.exit(start("monitoring", MonitoringSettings, build))
