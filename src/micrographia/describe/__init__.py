"""A folder of files → a drafted deposition sheet; a written sheet → typed records and findings."""

from micrographia.describe._tree import Blank, Draft
from micrographia.describe.draft import draft_sheet
from micrographia.describe.render import is_untouched, render_yaml
from micrographia.describe.sheet_file import LoadedSheet, load_sheet, load_sheet_values

__all__ = ["Blank", "Draft", "LoadedSheet", "draft_sheet", "is_untouched", "load_sheet", "load_sheet_values", "render_yaml"]
