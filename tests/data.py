"""Where tests find the shared real data; they are skipped without it."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("FAIRLEAD_DATA", Path(__file__).parents[2] / "shared" / "data"))


def shared_data(path: str) -> Path:
    """A file or folder of the shared data; skips the test when it is not there."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"real data not present: {path}")
    return found
