"""Settings come from the environment, with defaults that need no service."""

from pathlib import Path

import pytest

from micrographia.errors import InvalidInputError
from micrographia.settings import Settings


def test_without_environment_everything_lies_in_one_folder():
    settings = Settings.from_environment({}, home=Path("/archive"))
    assert settings.store_location == "/archive/store"
    assert settings.drafts_location == "/archive/drafts"
    assert settings.database == "sqlite:////archive/catalogue.sqlite"


def test_what_is_given_goes_before_the_environment():
    assert Settings.from_environment({"MICROGRAPHIA_HOME": "/a"}, home=Path("/b")).home == Path("/b")
    assert Settings.from_environment({"MICROGRAPHIA_HOME": "/a"}, home=None).home == Path("/a")


@pytest.mark.parametrize(("name", "value"), [("MICROGRAPHIA_CURATION", "lax"), ("MICROGRAPHIA_WORKERS", "two")])
def test_a_wrong_setting_is_named(name, value):
    with pytest.raises(InvalidInputError, match=name):
        Settings.from_environment({name: value})
