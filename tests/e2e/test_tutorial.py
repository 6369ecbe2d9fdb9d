"""The tutorial's commands print what the tutorial says."""

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "tutorial.py"


def test_the_tutorial_is_what_its_commands_print():
    done = subprocess.run(
        [sys.executable, TOOL, "--check"], capture_output=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
