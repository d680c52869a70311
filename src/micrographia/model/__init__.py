"""The nouns of the archive as typed records; the schema of the deposition sheet is generated from them."""
