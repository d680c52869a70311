"""A folder of files → a drafted deposition sheet; a written sheet → typed records and findings."""

from micrographia.describe.sheet_file import LoadedSheet, load_sheet

__all__ = ["LoadedSheet", "load_sheet"]
