"""Entries in the languages of other archives and standards; each module maps records, purely, to one of them."""
