"""What all tests share: real files, where this machine has them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from micrographia.testing.postgres_server import PostgresServer, postgres_server

# a loaded machine is slow now and then; that is no fault of the code
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

_STATES: dict[str, Any] = {}

_REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for module in {item.module for item in items if isinstance(item, pytest.Function)}:
        if hasattr(module, "RNG"):
            _STATES[module.__name__] = module.RNG.bit_generator.state


@pytest.fixture(autouse=True)
def _same_noise_in_any_order(request: pytest.FixtureRequest) -> None:
    """Every test draws from the generator of its module as if it were the first."""
    if request.module.__name__ in _STATES:
        request.module.RNG.bit_generator.state = _STATES[request.module.__name__]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real microscope files; tests that need it are skipped where it is absent."""
    if not _REAL_DATA.is_dir():
        pytest.skip(f"real microscope files are not on this machine ({_REAL_DATA})")
    return _REAL_DATA


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the tests' own; tests that need it are skipped where none can be started."""
    try:
        with postgres_server() as server:
            yield server
    except (ModuleNotFoundError, OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"PostgreSQL cannot be started here: {error}")
