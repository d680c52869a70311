"""The page on security names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_page_on_security_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/explanation/security.md").read_text()))
    there = {name for file in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"^ *def (test_\w+)\(", file.read_text(), re.M)}
    assert len(named) > 30
    assert sorted(named - there) == []
