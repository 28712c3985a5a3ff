"""`python -m towpath.monitoring`: run the service with settings from the environment."""

from __future__ import annotations

import sys

from towpath.core.errors import TowpathError
from towpath.core.service import run
from towpath.monitoring.bootstrap import build
from towpath.monitoring.settings import MonitoringSettings

if __name__ == "__main__":
    try:
        service = build(MonitoringSettings())
    except TowpathError as error:
        sys.exit(f"monitoring cannot start: {error}")
    sys.exit(run(service))
