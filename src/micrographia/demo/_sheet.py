"""The deposition sheets of the example entries, kept beside this module as they are deposited."""

from __future__ import annotations

from pathlib import Path
from string import Template

from micrographia import __version__
from micrographia.model.records import SHEET_FILE

# the keyword by which a released example is known again; the name of the example follows
EXAMPLE_KEYWORD = "example: "
_SHEETS = Path(__file__).with_name("sheets")


def write_sheet(folder: Path, example: str, **facts: object) -> None:
    """Write the sheet of an example into `folder`, with what its simulation found out."""
    template = Template((_SHEETS / f"{example}.yaml").read_text(encoding="utf-8"))
    (folder / SHEET_FILE).write_text(template.substitute(facts, version=__version__), encoding="utf-8")
