"""A real archive in a temporary folder."""

import pytest

from micrographia.assembly import open_archive
from micrographia.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "archive", workers=1)


@pytest.fixture
def archive(settings):
    opened = open_archive(settings)
    yield opened
    opened.catalogue.close()
