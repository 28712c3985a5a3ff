"""Every command begins with what all of them import."""

from __future__ import annotations

import subprocess
import sys

# Seconds on a small machine, which `towpath status` must not pay for `towpath labels report`.
SLOW = ("fastapi", "matplotlib", "numpy", "onnxruntime", "pandas", "pyarrow", "scipy", "sklearn")


def test_no_command_waits_for_what_only_others_need() -> None:
    program = f"import sys, towpath.cli.__main__; print([each for each in {SLOW} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]", "import it in the command"
