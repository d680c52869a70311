"""What all tests share: real files, where this machine has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# a loaded machine is slow now and then; that is no fault of the code
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real microscope files; tests that need it are skipped where it is absent."""
    if not _REAL_DATA.is_dir():
        pytest.skip(f"real microscope files are not on this machine ({_REAL_DATA})")
    return _REAL_DATA
